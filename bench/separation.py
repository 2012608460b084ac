"""Separation beside its peers, speed and memory in one run; and its own cost against length.

``python bench/separation.py [SECONDS]`` (60): the same stereo file through

* the default model, streamed by the engine;
* Open-Unmix at its published size, four targets and Wiener filter, on the whole file at once as its package does;
* HT-Demucs: the network of the `demucs` package at the size of its published weights (bottleneck of 512 channels),
  applied by that package in its usual segments of 7.8 s with a quarter of overlap.

Random weights serve the peers, since only speed is asked. The file has the peers' rate, 44.1 kHz: the default model
pays for resampling, they do not. Two cores. Every run is a process of its own, runs take turns, and the fastest of each
counts, so that a busy machine spoils no ratio. To reach: at least as fast as the first, 10 times as fast as the second.

``python bench/separation.py --lengths [MINUTES ...]`` (1 10 60 180): the default model on stereo at 48 kHz that is made
while it is read. To reach: the same time for each minute and the same memory at any length.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from dubline.audio.layout import Layout
from dubline.audio.wav import Block, WavReader, WavWriter
from dubline.process import bound_memory
from dubline.separation.compute import Compute
from dubline.separation.engine import Source, separate
from dubline.separation.openunmix import OpenUnmix
from dubline.separation.registry import load

CORES = 2
ROUNDS = 3
STEREO = Layout.parse("stereo")
LENGTHS = [1.0, 10.0, 60.0, 180.0]

Job = Callable[[], None]


@dataclass(frozen=True)
class Cost:
    """What one run took: seconds on the clock and on processors, both without start-up, and its largest size."""

    wall: float
    busy: float
    peak_mib: float


@dataclass(frozen=True)
class Loop:
    """``seconds`` of stereo made while it is read: ten seconds of swelling noise, again and again."""

    seconds: float
    rate: int
    layout: Layout = STEREO

    @property
    def frames(self) -> int:
        """Length in frames."""
        return round(self.seconds * self.rate)

    def blocks(self, size: int = 65_536, *, start: int = 0) -> Iterator[Block]:
        """Blocks ``(frames, 2)`` float32 from frame ``start`` on."""
        ramp = np.arange(10 * self.rate)[:, None] / self.rate
        noise = np.random.default_rng(0).standard_normal((len(ramp), 2)) * np.sin(np.pi * ramp / 2) ** 2
        loop = (0.1 * noise).astype(np.float32)
        for first in range(start, self.frames, size):
            yield loop.take(range(first, min(first + size, self.frames)), axis=0, mode="wrap")


def ours(path: Path) -> Job:
    """The default model on a file, block by block."""
    reader = WavReader(path)
    return _streamed(reader)


def length(minutes: str) -> Job:
    """The default model on a title of so many minutes."""
    return _streamed(Loop(60 * float(minutes), 48_000))


def _streamed(source: Source) -> Job:
    bound_memory()
    network = load(device="cpu").network

    def job() -> None:
        for _ in separate(source, network=network, compute=Compute(threads=CORES)):
            pass

    return job


def open_unmix(path: Path) -> Job:
    """Open-Unmix on a file, held whole."""
    network = OpenUnmix().eval()
    return lambda: _whole(path, network)


def ht_demucs(path: Path) -> Job:
    """HT-Demucs on a file, held whole and cut by its package."""
    from demucs.apply import apply_model  # noqa: PLC0415 # an extra
    from demucs.htdemucs import HTDemucs  # noqa: PLC0415

    network = HTDemucs(sources=["drums", "bass", "other", "vocals"], bottom_channels=512).eval()
    return lambda: _whole(path, lambda mix: apply_model(network, mix, shifts=0, split=True, overlap=0.25))


def _whole(path: Path, separator: Callable[[torch.Tensor], object]) -> None:
    with WavReader(path) as reader, torch.inference_mode():
        separator(torch.from_numpy(reader.read().T.copy())[None])


CONTESTANTS = {"dubline": ours, "Open-Unmix": open_unmix, "HT-Demucs": ht_demucs}
# Contestant -> how many times as fast as it we want to be.
WANTED = {"Open-Unmix": 1, "HT-Demucs": 10}


def run(name: str, of: str) -> None:
    """Do one job in this process and print what it took."""
    torch.manual_seed(0)
    torch.set_num_threads(CORES)
    job = length(of) if name == "length" else CONTESTANTS[name](Path(of))
    wall, busy = time.perf_counter(), time.process_time()
    job()
    print(json.dumps({"wall": time.perf_counter() - wall, "busy": time.process_time() - busy}))


def measured(name: str, of: str) -> Cost:
    """`run` in a process of its own."""
    command = [sys.executable, __file__, "--run", name, of]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{name} ended with {process.returncode}")
    return Cost(**json.loads(said), peak_mib=usage.ru_maxrss / 1024)


def compare(seconds: float) -> None:
    """Print the table of contestants."""
    names = list(CONTESTANTS)
    if importlib.util.find_spec("demucs") is None:
        names.remove("HT-Demucs")
        print("HT-Demucs is left out: pip install -e '.[bench]'")
    with tempfile.TemporaryDirectory(prefix="dubline-bench-") as folder:
        title = Path(folder) / "title.wav"
        with WavWriter(title, rate=44_100, layout=STEREO) as writer:
            for block in Loop(seconds, writer.rate).blocks():
                writer.write(block)
        costs = [{name: measured(name, str(title)) for name in names} for _ in range(ROUNDS)]
    best = {name: min(cost[name].wall for cost in costs) / seconds for name in names}
    print(f"{seconds:g} s of stereo at 44.1 kHz, {CORES} cores, fastest of {ROUNDS}")
    print(f"{'':12}{'real-time factor':>18}{'processor':>12}{'peak MiB':>10}{'dubline is':>16}{'wanted':>9}")
    for name in names:
        busy = min(cost[name].busy for cost in costs) / seconds
        peak = max(cost[name].peak_mib for cost in costs)
        faster = f"{best[name] / best['dubline']:.1f} x as fast" if name in WANTED else ""
        wanted = f"{WANTED[name]} x" if name in WANTED else ""
        print(f"{name:12}{best[name]:18.3f}{busy:12.3f}{peak:10.0f}{faster:>16}{wanted:>9}")


def against_length(lengths: list[float]) -> None:
    """Print the table of lengths."""
    print(f"{'minutes':>8}{'s a minute':>12}{'processor s':>13}{'peak MiB':>10}")
    for minutes in lengths:
        cost = measured("length", str(minutes))
        print(f"{minutes:8g}{cost.wall / minutes:12.2f}{cost.busy / minutes:13.2f}{cost.peak_mib:10.0f}", flush=True)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seconds", nargs="?", type=float, default=60.0)
    parser.add_argument("--lengths", nargs="*", type=float, metavar="MINUTES")
    parser.add_argument("--run", nargs=2, metavar=("NAME", "OF"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.run:
        run(*asked.run)
        return
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    if asked.lengths is not None:
        against_length(asked.lengths or LENGTHS)
    else:
        compare(asked.seconds)


if __name__ == "__main__":
    main()
