"""What each stage costs here: processor seconds a minute of film, for the table of `bench.capacity`.

``python -m bench.measure_costs [MINUTES] > bench/costs.yaml`` from the root of the checkout.

One title of two dubs and two specs is localized in this process, one step at a time, and the processor seconds of each
step (this process and the ffmpeg it waited for) are added up by stage. Processor seconds, unlike the clock's, say the
same on a machine that others use. What a process takes to start is measured in processes of its own.
"""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from flows.localize import localize
from flows.server import prefect_api
from samples.build import build
from samples.long import build_long
from tasks.step import Step

DUBS, DELIVERABLES = 2, 4
# Six tracks of the title and one of each dub, which would also be two of each deliverable.
_TILES = {"title": 6, "dub": 1}


def main() -> None:
    """Measure, and print the table."""
    minutes = int(sys.argv[1]) if len(sys.argv) > 1 else 6
    with tempfile.TemporaryDirectory(prefix="dubline-costs-") as folder:
        root = Path(folder)
        os.environ.update(DUBLINE_HOME=str(root / "home"), DUBLINE_JOBS="1", DUBLINE_DEVICE="cpu")
        order = build_long(build(root / "sample", layouts=("stereo",)).parent, root / "title", minutes)
        with prefect_api(root / "prefect"), _counted() as (seconds, times):
            localize(order, root / "out")
    stages = {
        name: {"seconds_a_minute": round(seconds[name] / times[name] / minutes, 4), **_how_often(name, times[name])}
        for name in sorted(seconds)
    }
    table = {
        "measured": f"{datetime.now(UTC):%Y-%m-%d}, processor seconds of one thread after the other on"
        f" {platform.machine()}, {_processor()}, a stereo film of {minutes} min",
        "title_start": _start("flows.localize"),
        "share_start": _start("flows.separate"),
        "stages": stages,
    }
    print(yaml.safe_dump(table, sort_keys=False, width=120), end="")


@contextmanager
def _counted() -> Iterator[tuple[dict[str, float], Counter[str]]]:
    """Processor seconds and executions by stage, while the context lasts."""
    seconds: dict[str, float] = defaultdict(float)
    times: Counter[str] = Counter()
    make = Step._make

    def counted(self: Step, *arguments: Any, **named: Any) -> Any:
        before = _spent()
        made = make(self, *arguments, **named)
        seconds[self.name] += _spent() - before
        times[self.name] += 1
        return made

    Step._make = counted  # type: ignore[method-assign]
    try:
        yield seconds, times
    finally:
        Step._make = make  # type: ignore[method-assign]


def _how_often(stage: str, times: int) -> dict[str, int]:
    """So many times a title, a dub and a deliverable, of a title with two dubs and two specs."""
    if stage == "tiles":
        return _TILES
    deliverable, rest = divmod(times, DELIVERABLES)
    dub, title = divmod(rest, DUBS)
    return {name: count for name, count in (("title", title), ("dub", dub), ("deliverable", deliverable)) if count}


def _start(module: str) -> float:
    """Processor seconds of a process that imports what a flow run does, and ends."""
    before = _spent()
    subprocess.run([sys.executable, "-c", f"import prefect.engine, {module}"], check=True)
    return round(_spent() - before, 1)


def _spent() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())


if __name__ == "__main__":
    main()
