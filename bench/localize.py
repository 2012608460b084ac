"""The whole path against real time, its overhead, and its memory on a long title and a short one.

``python bench/localize.py [MINUTES]`` (60): localizes the sample title looped to that length and to a tenth of it, two
dubs and two specs each, every run a process of its own. Prints

* speed: seconds of film per second of work (to reach: at least 4 on 2 cores);
* overhead: the same order again, when every step is answered from the catalog, as a share of the first run: start,
  Prefect and catalog (to reach: under 5 %), and the hashing of everything published, without any step's own work;
* memory: the largest resident size of any process of the run, long against short (to reach: within 10 %, under
  1.5 GiB); the same for `dubline separate` alone.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from samples.build import build
from samples.long import build_long

PROGRAM = "from cli.main import main; main()"


@dataclass(frozen=True)
class Cost:
    """What one command took: wall seconds and the largest resident size of one process, in MiB."""

    seconds: float
    peak_mib: float


def main() -> None:
    """Run the bench and print its table."""
    minutes = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    with tempfile.TemporaryDirectory(prefix="dubline-bench-") as folder:
        root = Path(folder)
        sample = build(root / "sample", layouts=("stereo",)).parent
        short, first_short, _ = localized(root / "short", sample, max(1, minutes // 10))
        long, first_long, again = localized(root / "long", sample, minutes)
        print(f"localize, {minutes} min stereo, 2 dubs, 2 specs: {first_long.seconds:.0f} s,"
              f" {60 * minutes / first_long.seconds:.1f}x real time")  # fmt: skip
        print(f"again, all from the catalog: {again.seconds:.0f} s, {again.seconds / first_long.seconds:.1%} of it")
        report("localize", first_short, first_long)
        report("separate", separated(short), separated(long))


def localized(root: Path, sample: Path, minutes: int) -> tuple[Path, Cost, Cost]:
    """Build a title of ``minutes`` and localize it twice; its folder and what both runs took."""
    order = build_long(sample, root / "title", minutes)
    command = ["localize", str(order), "--out", str(root / "out"), "--json"]
    return root, measured(root, command), measured(root, command)


def separated(root: Path) -> Cost:
    """What separating the title's master alone takes."""
    return measured(root, ["separate", str(root / "title" / "master.mov"), "--out", str(root / "stems"), "--json"])


def report(what: str, short: Cost, long: Cost) -> None:
    """Print the memory row of one command."""
    ratio = long.peak_mib / short.peak_mib
    print(f"{what} peak resident: {short.peak_mib:.0f} MiB short, {long.peak_mib:.0f} MiB long, ratio {ratio:.2f}")


def measured(root: Path, command: list[str]) -> Cost:
    """Run ``dubline`` in a process of its own; exit 4 (a check failed) is an answer too."""
    out = root / "said.json"
    began = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.environ["DUBLINE_HOME"] = str(root / "home")
        with out.open("wb") as said:
            os.dup2(said.fileno(), 1)
        os.execv(sys.executable, [sys.executable, "-c", PROGRAM, *command])
    _, status, usage = os.wait4(pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 4):
        raise SystemExit(f"dubline {' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    json.loads(out.read_text())
    return Cost(time.monotonic() - began, usage.ru_maxrss / 1024)


if __name__ == "__main__":
    main()
