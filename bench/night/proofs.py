"""What contradicts that a night lost nothing and did nothing twice: one line for each contradiction."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from prefect.client.schemas.objects import FlowRun, StateType

from bench.night.ask import ask
from bench.night.studio import DUBLINE, Studio, processes_of
from bench.resident import descendants
from db.assets import hash_file
from tasks.scratch import sweep

_END_SECONDS = 60.0

DUBS, SPECS = ("fr-FR", "es-419"), ("ebu-r128", "netflix-nearfield")

# What a database or Prefect says when processes got into each other's way: under faults, and without.
_CLASHES = r"database is locked|deadlock|could not serialize|UniqueViolation"
_TROUBLE = (
    rf"{_CLASHES}|lock timeout|too many clients|QueuePool limit|TitleBusy|is being worked on by run|"
    r"no longer this run|could not be renewed|OperationalError|IntegrityError"
)
# But for the server's, which has one for every connection that a busy worker gives up.
_BUG = r"Traceback"


def contradictions(studio: Studio, orders: Sequence[Path], runs: Sequence[FlowRun], *, stormy: bool) -> list[str]:
    """All of them; a question that cannot be asked is one too. ``stormy`` allows what faults may do to a title."""
    titles = [run for run in runs if run.work_pool_name == "cpu"]
    failed = refused(runs)
    questions: list[Callable[[], Iterable[str]]] = [
        lambda: _states(titles, len(orders)) if stormy else _first_time(runs),
        lambda: _runs_of_titles(orders, failed, stormy=stormy),
        lambda: _deliverables(studio, [order.parent.name for order in orders], failed),
        lambda: _half_published(studio),
        lambda: _log_lines(studio, _CLASHES if stormy else _TROUBLE, _CLASHES if stormy else rf"{_TROUBLE}|{_BUG}"),
        _executed_twice,
        lambda: _open_steps(stormy=stormy),
        lambda: _verified(studio),
        lambda: _left_behind(studio),
    ]
    return [line for question in questions for line in _answers(question)]


def refused(runs: Sequence[FlowRun]) -> dict[str, str]:
    """Titles that failed, and what they said."""
    ended = [run for run in runs if run.work_pool_name == "cpu" and run.state_type == StateType.FAILED]
    return {_slug(run): (run.state.message or "") if run.state else "" for run in ended}


def _answers(question: Callable[[], Iterable[str]]) -> list[str]:
    try:
        return list(question())
    except Exception as error:
        return [f"could not be asked: {type(error).__name__}: {' '.join(str(error).split())[:300]}"]


def _slug(run: FlowRun) -> str:
    return Path(str(run.parameters["order_path"])).parent.name


def _first_time(runs: Sequence[FlowRun]) -> Iterator[str]:
    for run in runs:
        if run.state_type != StateType.COMPLETED or run.run_count != 1:
            yield f"{run.name}: {run.state_name} after {run.run_count} starts"


def _states(titles: Sequence[FlowRun], count: int) -> Iterator[str]:
    """Each title once, delivered or failed with a word of why."""
    if len(titles) != count:
        yield f"{len(titles)} runs of {count} titles"
    for run in titles:
        said = run.state.message if run.state else None
        if run.state_type != StateType.COMPLETED and not (run.state_type == StateType.FAILED and said):
            yield f"{run.name}: {run.state_name} after {run.run_count} starts: {said}"


def _runs_of_titles(orders: Sequence[Path], failed: Iterable[str], *, stormy: bool) -> Iterator[str]:
    states: dict[str, list[str]] = defaultdict(list)
    for slug, state in ask(
        "select t.slug, r.state from title t join version v on v.title_id = t.id join run r on r.version_id = v.id"
    ):
        states[slug].append(state)
    for slug in (order.parent.name for order in orders):
        completed = states[slug].count("completed")
        once = completed == 1 or (completed == 0 and slug in failed)
        if not once or (len(states[slug]) > 1 and not stormy) or "running" in states[slug]:
            yield f"{slug}: its runs are {', '.join(states[slug]) or 'none'}"


def _deliverables(studio: Studio, slugs: Sequence[str], failed: Iterable[str]) -> Iterator[str]:
    """Each file of a title once, there with the bytes that the catalog names; of a failed one none, or all."""
    delivered: dict[str, list[tuple[str, str, str, str]]] = defaultdict(list)
    for slug, *row in ask(
        "select t.slug, d.language, p.spec_id, d.path, f.asset_sha256 from deliverable d"
        " join media_file f on f.id = d.media_file_id join spec p on p.id = d.spec_id"
        " join version v on v.id = d.version_id join title t on t.id = v.title_id"
    ):
        delivered[slug].append(tuple(row))
    wanted = sorted((language, spec) for language in DUBS for spec in SPECS)
    for slug in slugs:
        files = delivered[slug]
        folder = studio.out / slug
        if not files and slug in failed:
            if lying := [path for path in folder.rglob("*") if path.is_file()]:
                yield f"{slug}: failed, and {len(lying)} files were published"
            continue
        if sorted((language, spec) for language, spec, _, _ in files) != wanted:
            yield f"{slug}: {len(files)} deliverables"
        yield from (f"{path}: not the bytes the catalog names" for *_, path, sha in files if not _is(Path(path), sha))
        there = [path for language in DUBS for path in (folder / language).glob("*")]
        if len(there) != len(wanted):
            yield f"{slug}: {len(there)} files where {len(wanted)} were delivered"
        if not (folder / "manifest.json").is_file():
            yield f"{slug}: no manifest"


def _is(path: Path, sha256: str) -> bool:
    return path.is_file() and hash_file(path) == sha256


def _half_published(studio: Studio) -> Iterator[str]:
    for path in studio.out.rglob("*"):
        if path.name.startswith(".") or ".candidate-" in path.name:
            yield f"{path.relative_to(studio.out)} lies among the deliveries"


def _log_lines(studio: Studio, of_server: str, of_others: str) -> Iterator[str]:
    """Lines of trouble, three of each log at most."""
    for log in sorted(studio.logs.glob("*.log")):
        sign = re.compile(of_server if log == studio.server.log else of_others, re.IGNORECASE)
        with log.open(errors="replace") as lines:
            found = [line.strip() for line in lines if sign.search(line)]
        if found:
            yield f"{log.name}: {len(found)} lines of trouble, such as: " + " | ".join(line[:200] for line in found[:3])


def _executed_twice() -> Iterator[str]:
    """A step that was completed is never made again, whatever befell its title."""
    for stage, count in ask(
        "select r.stage, count(*) from step s join recipe r on r.key = s.recipe_key"
        " where s.state = 'completed' and not s.cache_hit group by r.stage, s.recipe_key having count(*) > 1"
    ):
        yield f"one recipe of {stage} was executed {count} times"


def _open_steps(*, stormy: bool) -> Iterator[str]:
    allowed = "('completed', 'failed', 'crashed', 'cancelled')" if stormy else "('completed')"
    for stage, state, count in ask(
        "select r.stage, s.state, count(*) from step s join recipe r on r.key = s.recipe_key"
        f" where s.state not in {allowed} group by r.stage, s.state"
    ):
        yield f"{count} steps of {stage} are {state}"


def _verified(studio: Studio) -> Iterator[str]:
    done = subprocess.run(
        [*DUBLINE, "catalog", "verify", "--json"], env=studio.environment, stdout=subprocess.PIPE, check=False
    )
    said = json.loads(done.stdout or "{}")
    if not said.get("sound") or said.get("faults"):
        yield f"catalog verify: {said.get('faults', 'no answer')}"


def _left_behind(studio: Studio) -> Iterator[str]:
    """What the next run's first act does not clear away, in scratch and on the store's threshold; and processes."""
    sweep(studio.home / "scratch")
    for folder in (studio.home / "scratch", studio.home / "store" / "incoming"):
        if left := [path.name for path in folder.iterdir()]:
            yield f"{folder.name}: {len(left)} left, such as {left[0]}"
    if made := [path.name for path in studio.home.glob("store.*")]:
        yield f"a second store was begun while the first was away: {', '.join(made)}"
    if astray := _astray(studio):
        yield f"{len(astray)} processes still work for a studio that has nothing to do: {', '.join(map(str, astray))}"


def _astray(studio: Studio) -> list[int]:
    """Processes that no worker or server of the studio answers for, once the last run has had time to end."""
    until = time.monotonic() + _END_SECONDS
    while True:
        tended = [piece.process.pid for piece in (studio.server, *studio.workers) if piece.process is not None]
        theirs = {int(process.name) for pid in tended for process in descendants(pid)}
        astray = sorted(set(processes_of(studio.home)) - theirs - {*tended})
        if not astray or time.monotonic() > until:
            return astray
        time.sleep(1.0)
