"""Our meter beside ffmpeg's ebur128 on ten minutes of 5.1: all our figures against its integrated and true peak.

Run: ``python bench/loudness.py [minutes]``
"""

from __future__ import annotations

import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from dubline.audio.layout import Layout
from dubline.audio.wav import Block, WavWriter
from dubline.loudness.meter import measure_wav

RATE = 48_000


def programme(minutes: float) -> Iterator[Block]:
    """Noise in 5.1 whose level moves as a film's does: scenes, lines, pauses, a few loud moments."""
    rng = np.random.default_rng(0)
    for _ in range(round(minutes * 60)):
        scene = rng.uniform(-45, -15, (1, 6))
        level = np.repeat(scene + rng.uniform(-10, 6, (10, 6)), RATE // 10, axis=0)
        yield (rng.standard_normal((RATE, 6)) * 10 ** (level / 20)).clip(-0.9, 0.9).astype(np.float32)


def full_scale(minutes: float) -> Iterator[Block]:
    """The true-peak meter's worst case: 5.1 noise clipped so hard that every row could hold the maximum."""
    rng = np.random.default_rng(0)
    for _ in range(round(minutes * 60)):
        yield rng.standard_normal((RATE, 6)).clip(-0.9, 0.9).astype(np.float32)


def seconds(job: Callable[[], str]) -> tuple[float, float, str]:
    """Wall time of ``job``, its processor time (its children's too), and what it found."""
    wall, busy = time.perf_counter(), _busy()
    found = job()
    return time.perf_counter() - wall, _busy() - busy, found


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


def main() -> None:
    """Build each title, run both meters on it, print both times and the ratio."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    for make in (programme, full_scale):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "title.wav"
            with WavWriter(path, rate=RATE, layout=Layout.parse("5.1"), sample_format="s24") as writer:
                for block in make(minutes):
                    writer.write(block)
            mine, my_busy, found = seconds(lambda path=path: ours(path))
            other, other_busy, also = seconds(lambda path=path: theirs(path))
        print(f"{make.__name__}, {minutes:g} min of 5.1")
        print(f"  dubline         {mine:6.2f} s wall {my_busy:6.2f} s processor  {found}")
        print(f"  ffmpeg ebur128  {other:6.2f} s wall {other_busy:6.2f} s processor  {also}")
        print(f"  ratio           {other / mine:6.2f} x     {other_busy / my_busy:6.2f} x")


if __name__ == "__main__":
    main()
