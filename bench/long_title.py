"""One long title over the GPU pool: the same bytes from one worker and from two, and how much sooner two are done.

``python -m bench.long_title [MINUTES]`` (60) from the root of the checkout: the sample's sound, looped, separated by
one worker and by two (`dubline worker gpu`, on the CPU), each time in a studio of its own. A worker and its runs keep
to a core of their own, as they would to a GPU, so two are at most twice as fast; the server takes its time from both
cores. Exit 1 where any of the four stems differs by a bit.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from prefect import flow

from bench.night.studio import databases, studio
from dubline.audio.wav import Block, WavReader, WavWriter
from flows.separate import separate_stems
from samples.build import build
from tasks.context import means
from tasks.ingest import ingest_file
from tasks.step import RunRef, StepResult, Value

STEMS = ("dx", "mx", "fx", "me")
WORKERS = (1, 2)


@flow(validate_parameters=False)
def title(run: Any, ov: Any) -> Any:
    """A title as far as its stems."""
    return separate_stems(run, ov, "default")


def main() -> None:
    """Separate it twice, and print the table."""
    minutes = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    os.environ["OMP_NUM_THREADS"] = "1"  # what the workers and their runs inherit
    with tempfile.TemporaryDirectory(prefix="dubline-long-", ignore_cleanup_errors=True) as folder:
        mix = _looped(build(Path(folder) / "sample", layouts=("stereo",)).parent, Path(folder) / "mix.wav", minutes)
        made = [_separated(Path(folder) / f"{count}-workers", mix, count) for count in WORKERS]
    print(f"separation of {minutes} min stereo")
    for (seconds, _), count in zip(made, WORKERS, strict=True):
        print(f"workers: {count}  {seconds:6.0f} s, {made[0][0] / seconds:.2f} times as fast as one")
    same = all(stems == made[0][1] for _, stems in made)
    print("the same bytes" if same else "WRONG: the bytes differ", flush=True)
    os._exit(not same)  # Prefect's threads would go on looking for servers that have ended


def _looped(sample: Path, out: Path, minutes: int) -> Path:
    """The true stems of the sample summed, again and again."""
    parts = []
    for path in sorted((sample / "stems").glob("*.wav")):
        with WavReader(path) as reader:
            parts.append(reader.read())
            rate, layout = reader.rate, reader.layout
    film: Block = np.stack(parts).sum(axis=0, dtype=np.float32)
    with WavWriter(out, rate=rate, layout=layout, sample_format="s24") as writer:
        for _ in range(60 * minutes * rate // len(film)):
            writer.write(film)
    return out


def _separated(root: Path, mix: Path, workers: int) -> tuple[float, dict[str, str]]:
    """Seconds from the asking to the joined stems, and the stems' hashes."""
    (root / "logs").mkdir(parents=True)
    names = [f"gpu-{number}" for number in range(workers)]
    with databases(root, sqlite=True) as tables, studio(root, tables, workers=names) as at_work:
        for core, worker in zip(sorted(os.sched_getaffinity(0)), at_work.workers, strict=False):
            assert worker.process is not None
            _keep_to(core, worker.process.pid)
        catalog, asset = means().catalog, ingest_file(mix)
        with WavReader(mix) as reader:
            values: dict[str, Value] = {"frames": reader.frames, "rate": reader.rate}
        version = catalog.register_title(
            slug="long", name="Long", original_language="en", eidr=None, version_label="original"
        )
        run = RunRef(catalog.start_run(version, trigger="user", host="here"), version, "long")
        began = time.monotonic()
        made: Any = title(run, StepResult("demux", "", [], {"ov_mix": asset}, values))
        seconds = time.monotonic() - began
    return seconds, {role: made[role] for role in STEMS}


def _keep_to(core: int, pid: int) -> None:
    """All threads of a process, and what they will start."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), {core})


if __name__ == "__main__":
    main()
