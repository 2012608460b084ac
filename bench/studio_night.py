"""A studio's night on one machine, as real processes: is every title delivered once, and what does the studio add?

``python -m bench.studio_night [--titles 20] [--faults] [--sqlite] [--json]`` from the root of the checkout.

PostgreSQL, a Prefect server on it, ``dubline deploy``, two workers for titles and two of the GPU pool (on the CPU) take
short titles of two dubs and two specs each; with ``--sqlite`` one worker does, and both databases are files. What is
proven at the end (exit 1 otherwise):

* every title is delivered exactly once: one run, four deliverables, the files there with the bytes the catalog names;
* no log of any process speaks of a lock, a deadlock or a refused connection;
* every recipe was executed once;
* ``dubline catalog verify`` finds catalog and store sound;
* nothing is left: no half-published file, no scratch, no process.

With ``--faults`` workers, processes, databases and disks fail meanwhile, first each in turn and then at random
(``--seed``); what has died is started again as `dubline up` and compose do. Then a title may need several starts, or
fail with a reason, and a step that was killed may begin again: once a crash. What is completed is not made again.
The table at the end says what each fault cost. A full disk wants a disk of its own, which root can mount, and a wrong
clock a C compiler; without them these two are left out.

What is measured, where nothing fails:

* queue: a run's time from submission to its first line, and the part of it after a worker was free to take it;
* start: from the worker's taking it to the flow's first line, which is imports;
* overhead: the time a title keeps its worker beyond its steps' own work, start included;
* titles an hour, and the largest resident size by kind of process.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.night import lost
from bench.night.ask import ask
from bench.night.clock import make_clock
from bench.night.disk import can_mount, disk
from bench.night.faults import faults
from bench.night.proofs import contradictions, refused
from bench.night.storm import Storm
from bench.night.studio import Studio, databases, disk_of, say, studio
from bench.night.times import measured
from bench.night.titles import Night, all_runs
from bench.resident import watched
from samples.build import build
from samples.many import build_many

# A title keeps some 25 MB in the store and delivers 10; the rest is for scratch.
_TITLES_A_GIB, _SPARE_GIB = 20, 3


def main() -> None:
    """Run the night and say what came of it."""
    wanted = _arguments()
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell's background job would ignore the first
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="dubline-night-", ignore_cleanup_errors=True) as folder:
        root = wanted.keep or Path(folder)
        root.mkdir(parents=True, exist_ok=True)
        (root / "logs").mkdir(exist_ok=True)
        say(f"{wanted.titles} titles are made in {root}")
        sample = build(root / "sample", layouts=("stereo",)).parent
        orders = list(build_many(sample, root / "titles", wanted.titles))
        limited = wanted.faults and can_mount()
        gib = _SPARE_GIB + wanted.titles // _TITLES_A_GIB
        with ExitStack() as night:
            night.enter_context(disk(root / "disk.image", disk_of(root), gib=gib) if limited else nullcontext())
            tables = night.enter_context(databases(root, sqlite=wanted.sqlite))
            names = ["cpu-0"] if wanted.sqlite else ["cpu-0", "cpu-1", "gpu-0", "gpu-1"]
            clock = make_clock(root) if wanted.faults else None
            at_work = night.enter_context(studio(root, tables, workers=names, clock=clock))
            storm = Storm(at_work, faults(at_work, limited_disk=limited), wanted.seed) if wanted.faults else None
            report = _night(at_work, orders, storm)
            _print(report, as_json=wanted.json)
    sys.exit(bool(report["contradictions"]))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--titles", type=int, default=20)
    parser.add_argument("--sqlite", action="store_true", help="one worker, catalog and Prefect each in a file")
    parser.add_argument("--faults", action="store_true", help="something fails all night")
    parser.add_argument("--seed", type=int, default=1, help="which fault strikes whom, and when")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="work in DIR, and leave there what is on no disk")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _night(at_work: Studio, orders: Sequence[Path], storm: Storm | None) -> dict[str, Any]:
    """Submit all, wait, prove and measure; stopped in between, what there is to say so far."""
    began = time.monotonic()
    wrong, stopped, night = list[str](), False, Night(at_work, orders)
    with watched() as resident:
        try:
            night.pass_by(storm)
        except KeyboardInterrupt:
            stopped = True
            wrong.append("stopped by hand before all titles had ended: nothing else was asked")
        except Exception as error:
            wrong.append(f"cut short: {type(error).__name__}: {error}")
        finally:
            if storm is not None:
                storm.end()
    seconds, runs = time.monotonic() - began, all_runs()
    wrong += [night.wrong] if night.wrong else []
    if not stopped:
        say("looking for what is wrong")
        wrong += contradictions(at_work, orders, runs, stormy=storm is not None)
    steps = ask("select count(*), sum(case when cache_hit then 1 else 0 end) from step")[0]
    report = {
        "titles": len(orders),
        "database": "SQLite" if at_work.databases.server is None else "PostgreSQL",
        "seconds": seconds,
        "submit_seconds": night.submit_seconds / max(night.handed_in, 1),
        "titles_an_hour": 3600.0 * night.ended / seconds,
        "steps": steps[0],
        "cached_steps": steps[1],
        "resident_mib": asdict(resident),
    }
    if storm is None:
        return {**report, **measured(runs), "contradictions": wrong}
    return {
        **report,
        "faults": lost.as_json(storm.strikes),
        "table": lost.table(storm.strikes),
        "not_met": storm.missed,
        "spared": storm.spared,
        "quiet_title_seconds": lost.quiet_seconds(storm.strikes),
        "starts": sum(run.run_count for run in runs if run.work_pool_name == "cpu"),
        "refused": refused(runs),
        "contradictions": [*wrong, *lost.killed_twice(storm.strikes)],
    }


def _print(report: Mapping[str, Any], *, as_json: bool) -> None:
    print(json.dumps(report, indent=2) if as_json else "\n".join(_lines(report)), flush=True)


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"{report['titles']} titles on {report['database']}: {report['seconds']:.0f} s,"
        f" {report['titles_an_hour']:.0f} an hour; {report['steps']} steps, {report['cached_steps']} of them answered"
        f" from the catalog; {report['submit_seconds']:.2f} s to submit one"
    )
    for kind in ("title", "share"):
        for name, row in report.get(kind, {}).items():
            yield f"{kind:6} {name:9} median {row['median']:7.2f} s   mean {row['mean']:7.2f}   most {row['most']:7.2f}"
    resident = report["resident_mib"]
    for name, mib in sorted(resident["largest"].items()):
        yield f"memory {name:16} {mib:6.0f} MiB at most"
    yield f"memory {'all together':16} {resident['together']:6.0f} MiB at most"
    if "table" in report:
        yield from _weather(report)
    yield from (f"WRONG  {one}" for one in report["contradictions"])
    yield "nothing wrong" if not report["contradictions"] else f"{len(report['contradictions'])} things are wrong"


def _weather(report: Mapping[str, Any]) -> Iterator[str]:
    quiet = report["quiet_title_seconds"]
    yield f"{report['starts']} starts of {report['titles']} titles, {len(report['refused'])} of which failed"
    yield from (f"failed {title}: {said}" for title, said in report["refused"].items())
    yield f"a title that no fault met took {quiet:.0f} s (median)" if quiet else "every title met a fault"
    yield from (f"not met: {one}" for one in report["not_met"])
    yield from (f"had no turn: {one}; more titles give it time" for one in report["spared"])
    yield ""
    yield from report["table"]
    yield ""


if __name__ == "__main__":
    main()
