"""A studio's night on one machine, as real processes: is every title delivered once, and what does the studio add?

``python -m bench.studio_night [--titles 20] [--sqlite] [--json]`` from the root of the checkout.

PostgreSQL, a Prefect server on it, ``dubline deploy``, two workers for titles and two of the GPU pool (on the CPU) take
short titles of two dubs and two specs each; with ``--sqlite`` one worker does, and both databases are files. What is
proven at the end (exit 1 otherwise):

* every title is delivered exactly once: one run, four deliverables, the files there with the bytes the catalog names;
* no log of any process speaks of a lock, a deadlock or a refused connection;
* every recipe was executed once;
* ``dubline catalog verify`` finds catalog and store sound.

What is measured:

* queue: a run's time from submission to its first line, and the part of it after a worker was free to take it;
* start: from the worker's taking it to the flow's first line, which is imports;
* overhead: the time a title keeps its worker beyond its steps' own work, start included;
* titles an hour, and the largest resident size by kind of process.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.settings import PREFECT_API_URL, temporary_settings
from sqlalchemy import create_engine, text

from bench.resident import watched
from db.assets import hash_file
from flows.preflight import preflight
from flows.server import free_port, wait_for
from flows.submit import submit_order
from flows.supervisor import Piece, stop_all
from samples.build import build
from samples.many import build_many
from tasks.settings import Settings
from tests.postgres import cluster

DUBLINE = [sys.executable, "-c", "from cli.main import main; main()"]
ROOT = Path(__file__).parents[1]

DUBS, SPECS = ("fr-FR", "es-419"), ("ebu-r128", "netflix-nearfield")
# A night in which nothing ends for so long is stuck.
_STUCK_SECONDS = 1200.0
_POLL_SECONDS = 2.0

# A crashed title is taken up again.
_UNENDED = [
    StateType.SCHEDULED,
    StateType.PENDING,
    StateType.RUNNING,
    StateType.PAUSED,
    StateType.CANCELLING,
    StateType.CRASHED,
]

# What a database or Prefect says when processes got into each other's way.
_TROUBLE = re.compile(
    r"database is locked|deadlock|could not serialize|lock timeout|too many clients|QueuePool limit|TitleBusy|"
    r"is being worked on by run|no longer this run|could not be renewed|OperationalError|IntegrityError|"
    r"UniqueViolation|Traceback",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the night's processes keep things: one folder, and the environment that says so."""

    root: Path
    environment: Mapping[str, str]
    url: str

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def out(self) -> Path:
        return self.root / "out"


@dataclass(frozen=True, slots=True)
class Timing:
    """One title's times in seconds; ``work`` is during how much of its run any of its steps was at work."""

    queue: float
    free: float
    start: float
    run: float
    work: float

    @property
    def overhead(self) -> float:
        """What the worker was kept by it beyond the steps' own work."""
        return self.free + self.start + self.run - self.work


def main() -> None:
    """Run the night and say what came of it."""
    wanted = _arguments()
    with tempfile.TemporaryDirectory(prefix="dubline-night-", ignore_cleanup_errors=True) as folder:
        root = wanted.keep or Path(folder)
        root.mkdir(parents=True, exist_ok=True)
        _say(f"{wanted.titles} titles are made in {root}")
        sample = build(root / "sample", layouts=("stereo",)).parent
        orders = list(build_many(sample, root / "titles", wanted.titles))
        with _databases(root, sqlite=wanted.sqlite) as databases, _studio(root, databases, wanted) as place:
            report = _night(place, orders)
    print(json.dumps(report, indent=2) if wanted.json else "\n".join(_lines(report)))
    sys.exit(bool(report["faults"]))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--titles", type=int, default=20)
    parser.add_argument("--sqlite", action="store_true", help="one worker, catalog and Prefect each in a file")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="work in DIR, and leave everything there")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


@contextmanager
def _databases(root: Path, *, sqlite: bool) -> Iterator[dict[str, str]]:
    """The settings that say where catalog and Prefect keep their tables; empty for a file each."""
    if sqlite:
        yield {}
        return
    with cluster() as server:
        if server is None:
            raise SystemExit("no PostgreSQL server on this machine: give --sqlite")
        with server.database() as catalog, server.database() as prefect:
            yield {
                "DUBLINE_DATABASE_URL": server.url(catalog),
                "PREFECT_API_DATABASE_CONNECTION_URL": server.url(prefect).replace(
                    "postgresql:", "postgresql+asyncpg:"
                ),
            }
        shutil.copyfile(server.log, root / "logs" / "postgres.log")


@contextmanager
def _studio(root: Path, databases: Mapping[str, str], wanted: argparse.Namespace) -> Iterator[Place]:
    """Server, deployments and workers, up while the context lasts."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/api"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("DUBLINE_", "PREFECT_"))}
    environment = {
        **clean, **databases,
        "DUBLINE_HOME": str(root / "home"), "DUBLINE_DEVICE": "cpu", "PREFECT_HOME": str(root / "prefect"),
        "DO_NOT_TRACK": "1", "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    logs = root / "logs"
    server = Piece("server", [*DUBLINE, "server", "--port", str(port)], environment, logs / "server.log")
    pieces = [server]
    try:
        wait_for(server.start(), url, server.log)
        environment = {**environment, "PREFECT_API_URL": url}
        subprocess.run([*DUBLINE, "deploy"], env=environment, cwd=ROOT, check=True, stdout=sys.stderr)
        names = ["cpu-0"] if wanted.sqlite else ["cpu-0", "cpu-1", "gpu-0", "gpu-1"]
        for name in names:
            command = [*DUBLINE, "worker", name.partition("-")[0], "--name", name]
            pieces.append(Piece(name, command, environment, logs / f"{name}.log"))
            pieces[-1].start()
        os.environ.update({name: value for name, value in environment.items() if name not in clean})
        with temporary_settings({PREFECT_API_URL: url}):
            _wait_for_workers(names)
            yield Place(root, environment, url)
    finally:
        stop_all(pieces)


def _wait_for_workers(names: Sequence[str]) -> None:
    """Until every worker was heard of: a title that finds no GPU worker separates by itself."""
    _say(f"waiting for {', '.join(names)}")
    with get_client(sync_client=True) as client:
        pools = {name.partition("-")[0] for name in names}
        while sum(len(client.read_workers_for_work_pool(pool)) for pool in pools) < len(names):
            time.sleep(_POLL_SECONDS)


def _night(place: Place, orders: Sequence[Path]) -> dict[str, Any]:
    """Submit all, wait, prove and measure."""
    with watched() as resident:
        began = time.monotonic()
        settings = Settings.load()
        for order in orders:
            submit_order(preflight(order, place.out, settings), queue="normal", wait_seconds=60.0)
        submitted = time.monotonic() - began
        runs = _until_all_ended(len(orders))
        seconds = time.monotonic() - began
    faults = [*_delivery_faults(place, orders, runs), *_log_faults(place.root / "logs"), *_catalog_faults(place)]
    return {
        "titles": len(orders),
        "database": "SQLite" if settings.database_url is None else "PostgreSQL",
        "seconds": seconds,
        "submit_seconds": submitted / len(orders),
        "titles_an_hour": 3600.0 * len(orders) / seconds,
        "faults": faults,
        **_measured(place, runs),
        "resident_mib": asdict(resident),
    }


def _until_all_ended(titles: int) -> list[FlowRun]:
    """Every flow run there is, once none is left to do; raises `SystemExit` when none ends any more."""
    unended = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=_UNENDED)))
    pool = WorkPoolFilter(name=WorkPoolFilterName(any_=["cpu"]))
    fewest, since = titles + 1, time.monotonic()
    with get_client(sync_client=True) as client:
        while left := client.count_flow_runs(flow_run_filter=unended, work_pool_filter=pool):
            if left < fewest:
                fewest, since = left, time.monotonic()
                _say(f"{titles - left} of {titles} titles have ended")
            if time.monotonic() - since > _STUCK_SECONDS:
                raise SystemExit(f"stuck with {left} titles")
            time.sleep(_POLL_SECONDS)
        return _all_runs(client)


def _all_runs(client: Any) -> list[FlowRun]:
    runs: list[FlowRun] = []
    while page := client.read_flow_runs(limit=200, offset=len(runs)):
        runs += page
    return runs


def _delivery_faults(place: Place, orders: Sequence[Path], runs: Sequence[FlowRun]) -> Iterator[str]:
    """What contradicts that every title was delivered once."""
    for run in runs:
        if run.state_type != StateType.COMPLETED or run.run_count != 1:
            yield f"{run.name}: {run.state_name} after {run.run_count} starts"
    rows = _ask(
        "select t.slug, r.state, (select count(*) from run o where o.version_id = v.id) as runs"
        " from title t join version v on v.title_id = t.id join run r on r.version_id = v.id"
    )
    if sorted(slug for slug, _, _ in rows) != sorted(order.parent.name for order in orders):
        yield f"{len(rows)} runs of {len(orders)} titles"
    yield from (f"{slug}: {runs} runs, {state}" for slug, state, runs in rows if (state, runs) != ("completed", 1))
    delivered: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for slug, path, sha256 in _ask(
        "select t.slug, d.path, f.asset_sha256 from deliverable d join media_file f on f.id = d.media_file_id"
        " join version v on v.id = d.version_id join title t on t.id = v.title_id where d.state = 'candidate'"
    ):
        delivered[slug].append((path, sha256))
    for order in orders:
        slug = order.parent.name
        files = delivered[slug]
        if len(files) != len(DUBS) * len(SPECS) or len({path for path, _ in files}) != len(files):
            yield f"{slug}: {len(files)} deliverables"
        yield from (f"{path}: not the bytes that the catalog names" for path, sha in files if not _is(Path(path), sha))
        if not (place.out / slug / "manifest.json").is_file():
            yield f"{slug}: no manifest"


def _is(path: Path, sha256: str) -> bool:
    return path.is_file() and hash_file(path) == sha256


def _log_faults(logs: Path) -> Iterator[str]:
    """Lines of trouble, three of each log at most."""
    for log in sorted(logs.glob("*.log")):
        with log.open(errors="replace") as lines:
            found = [line.strip() for line in lines if _TROUBLE.search(line)]
        if found:
            yield f"{log.name}: {len(found)} lines of trouble, such as: " + " | ".join(line[:200] for line in found[:3])


def _catalog_faults(place: Place) -> Iterator[str]:
    """Recipes executed twice, steps left open, and what `catalog verify` finds."""
    for stage, count in _ask(
        "select r.stage, count(*) from step s join recipe r on r.key = s.recipe_key"
        " where s.state = 'completed' and not s.cache_hit group by r.stage, s.recipe_key having count(*) > 1"
    ):
        yield f"one recipe of {stage} was executed {count} times"
    for stage, state, count in _ask(
        "select r.stage, s.state, count(*) from step s join recipe r on r.key = s.recipe_key"
        " where s.state <> 'completed' group by r.stage, s.state"
    ):
        yield f"{count} steps of {stage} are {state}"
    done = subprocess.run(
        [*DUBLINE, "catalog", "verify", "--json"], env=place.environment, stdout=subprocess.PIPE, check=False
    )
    said = json.loads(done.stdout or "{}")
    if not said.get("sound") or said.get("faults"):
        yield f"catalog verify: {said.get('faults', 'no answer')}"


def _measured(place: Place, runs: Sequence[FlowRun]) -> dict[str, Any]:
    """The table of times: titles, and shares in the GPU pool."""
    work = _work()
    # A title's own flows within its process are in no pool.
    times = list(_timings([run for run in runs if run.work_pool_name == "cpu"], work))
    shares = list(_timings([run for run in runs if run.work_pool_name == "gpu"], {}))
    count = _ask("select count(*), sum(case when cache_hit then 1 else 0 end) from step")[0]
    return {
        "steps": count[0],
        "cached_steps": count[1],
        "title": _summary(times, ("queue", "free", "start", "run", "work", "overhead")),
        "share": _summary(shares, ("queue", "free", "start", "run")),
    }


def _work() -> dict[str, list[tuple[datetime, datetime]]]:
    """By Prefect's run id, the spans of the title's executed steps."""
    spans: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for run, begun, ended in _ask(
        "select r.prefect_flow_run_id, s.started_at, s.ended_at from step s join run r on r.id = s.run_id"
        " where s.ended_at is not null and not s.cache_hit"
    ):
        spans[run].append((_moment(begun), _moment(ended)))
    return spans


def _timings(runs: Sequence[FlowRun], work: Mapping[str, list[tuple[datetime, datetime]]]) -> Iterator[Timing]:
    """One for each run; a worker here has one run at a time, so it is free when its last one has ended."""
    free_at: dict[str, datetime] = {}
    with get_client(sync_client=True) as client:
        histories = {run.id: _history(client, run.id) for run in runs}
    ended_well = [run for run in runs if StateType.COMPLETED in histories[run.id]]
    for run in sorted(ended_well, key=lambda run: histories[run.id][StateType.PENDING]):
        at = histories[run.id]
        asked, taken, begun, ended = (
            at[state] for state in (StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING, StateType.COMPLETED)
        )
        worker = str(run.labels["prefect.worker.name"])
        ready = max(asked, free_at.get(worker, asked))
        free_at[worker] = ended
        yield Timing(
            queue=(begun - asked).total_seconds(),
            free=max((taken - ready).total_seconds(), 0.0),
            start=(begun - taken).total_seconds(),
            run=(ended - begun).total_seconds(),
            work=_covered(work.get(str(run.id), [])),
        )


def _history(client: Any, run: UUID) -> dict[StateType, datetime]:
    """When a run first came into each state."""
    states = sorted(client.read_flow_run_states(run), key=lambda state: state.timestamp)
    return {state.type: state.timestamp for state in reversed(states)}


def _covered(spans: Sequence[tuple[datetime, datetime]]) -> float:
    """Seconds during which at least one of ``spans`` lasts."""
    seconds, reached = 0.0, None
    for begun, ended in sorted(spans):
        start = begun if reached is None else max(begun, reached)
        if ended > start:
            seconds += (ended - start).total_seconds()
            reached = ended
    return seconds


def _summary(times: Sequence[Timing], names: Sequence[str]) -> dict[str, dict[str, float]]:
    found = {}
    for name in names if times else ():
        values = sorted(float(getattr(one, name)) for one in times)
        found[name] = {"median": statistics.median(values), "mean": statistics.fmean(values), "most": values[-1]}
    return found


def _ask(query: str) -> Sequence[Any]:
    """Rows of the night's catalog, whichever database it lies in."""
    engine = create_engine(Settings.load().catalog_url.replace("postgresql:", "postgresql+psycopg:"))
    try:
        with engine.connect() as connection:
            return connection.execute(text(query)).all()
    finally:
        engine.dispose()


def _moment(value: datetime | str) -> datetime:
    """SQLite gives text without a zone: it is UTC."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment if moment.tzinfo else datetime.fromisoformat(f"{moment.isoformat()}+00:00")


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"{report['titles']} titles on {report['database']}: {report['seconds']:.0f} s,"
        f" {report['titles_an_hour']:.0f} an hour; {report['steps']} steps, {report['cached_steps']} of them answered"
        f" from the catalog; {report['submit_seconds']:.2f} s to submit one"
    )
    for kind in ("title", "share"):
        for name, row in report[kind].items():
            yield f"{kind:6} {name:9} median {row['median']:7.2f} s   mean {row['mean']:7.2f}   most {row['most']:7.2f}"
    resident = report["resident_mib"]
    for name, mib in sorted(resident["largest"].items()):
        yield f"memory {name:16} {mib:6.0f} MiB at most"
    yield f"memory {'all together':16} {resident['together']:6.0f} MiB at most"
    yield from (f"FAULT  {fault}" for fault in report["faults"])
    yield "nothing wrong" if not report["faults"] else f"{len(report['faults'])} faults"


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
