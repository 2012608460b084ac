"""Our meter beside ffmpeg's ebur128 on ten minutes of 5.1: all our figures against its integrated and true peak.

Run: ``python bench/loudness.py [--minutes M] [--repeat N]``; the two take turns, and medians are shown.
With ``--memory`` instead: what a process that measures 10 and 180 minutes of 5.1 holds at its peak.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import imageio_ffmpeg
import numpy as np

from dubline.audio.layout import Layout
from dubline.audio.spans import Spans
from dubline.audio.wav import Block, WavWriter
from dubline.loudness.meter import Meter, measure_wav

RATE = 48_000
LAYOUT = Layout.parse("5.1")


def programme(minutes: float) -> Iterator[Block]:
    """Noise in 5.1 whose level moves as a film's does: scenes, lines, pauses, a few loud moments."""
    rng = np.random.default_rng(0)
    for _ in range(round(minutes * 60)):
        scene = rng.uniform(-45, -15, (1, 6))
        level = np.repeat(scene + rng.uniform(-10, 6, (10, 6)), RATE // 10, axis=0)
        yield (rng.standard_normal((RATE, 6)) * 10 ** (level / 20)).clip(-0.9, 0.9).astype(np.float32)


class Cost(NamedTuple):
    """Seconds by the clock and of processor time, children's too, and what was found."""

    wall: float
    busy: float
    found: str


def cost(job: Callable[[], str]) -> Cost:
    """What ``job`` costs."""
    wall, busy = time.perf_counter(), _busy()
    found = job()
    return Cost(time.perf_counter() - wall, _busy() - busy, found)


def _busy() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def ours(path: Path) -> str:
    """All figures and curves, from the file on."""
    result, _ = measure_wav(path)
    return f"I {result.integrated_lufs:.1f} LUFS, TP {result.true_peak_dbtp:.1f} dBTP, LRA {result.lra_lu:.1f} LU"


def theirs(path: Path) -> str:
    """ffmpeg's summary."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-f", "wav", "-i", str(path), "-af", "ebur128=peak=true"]
    log = subprocess.run([*command, "-f", "null", "-"], capture_output=True, text=True, check=True).stderr
    found = dict(re.findall(r"(I|LRA|Peak):\s+(-?[\d.]+)", log[log.rindex("Summary:") :]))
    return f"I {found['I']} LUFS, TP {found['Peak']} dBTP, LRA {found['LRA']} LU"


def race(minutes: float, repeat: int) -> None:
    """Run both meters in turn on one file; print the median times and ratios."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "title.wav"
        with WavWriter(path, rate=RATE, layout=LAYOUT, sample_format="s24") as writer:
            for block in programme(minutes):
                writer.write(block)
        turns = [(cost(lambda: ours(path)), cost(lambda: theirs(path))) for _ in range(repeat)]
    print(f"{minutes:g} min of 5.1, median of {repeat}")
    for name, costs in zip(("dubline", "ffmpeg ebur128"), zip(*turns, strict=True), strict=True):
        wall, busy = (statistics.median(times) for times in ([c.wall for c in costs], [c.busy for c in costs]))
        print(f"  {name:15} {wall:6.2f} s wall {busy:6.2f} s processor  {costs[0].found}")
    wall = statistics.median(them.wall / us.wall for us, them in turns)
    busy = statistics.median(them.busy / us.busy for us, them in turns)
    print(f"  {'ratio':15} {wall:6.2f} x      {busy:6.2f} x")


def stream(minutes: int) -> None:
    """Measure ``minutes`` of a stream that is on no disk, with dialogue and curves; print the peak of this process."""
    meter, second = Meter(RATE, LAYOUT), next(programme(1 / 60))
    for at in range(minutes * 60):
        meter.process(second * np.float32(0.1 + 0.9 * (at % 7) / 7))
    meter.measurement(Spans(tuple((at, at + 3.0) for at in range(0, minutes * 60, 10))))
    meter.curves()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def memory() -> None:
    """The peak of a short and of a long title, each in a process of its own, in MiB."""
    peaks = [
        float(subprocess.check_output([sys.executable, __file__, "--stream", str(minutes)], env=os.environ))
        for minutes in (1, 10, 180)
    ]
    print("peak resident, 1, 10 and 180 min of 5.1: " + ", ".join(f"{peak:.0f} MiB" for peak in peaks))


def main() -> None:
    """Read the command line and run what it asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--stream", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.stream:
        stream(asked.stream)
    elif asked.memory:
        memory()
    else:
        race(asked.minutes, asked.repeat)


if __name__ == "__main__":
    main()
