"""From an M&E and its events to a filled M&E, an optional track and a DX guide."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from dubline.audio.wav import WavReader
from dubline.repair import candidate, regions, remover, spectra, subtract, tails
from dubline.repair.choose_removal import Cleaned, clean_scene
from dubline.repair.passes import NAMES, Before, Sources, work_through
from dubline.repair.plan import Plan, plan_of
from dubline.repair.remover import Done
from dubline.repair.report import CleanReport, Treatment
from dubline.repair.scene import Scene
from dubline.repair.separate import dialogue_in
from dubline.repair.verify import Heard, come_to_light, sort_out, stubborn
from dubline.repair.worked import Log, Worked
from dubline.separation.compute import DEFAULT_COMPUTE, Compute
from dubline.separation.network import Network
from dubline.vocalization.decide import Decided, Decision, decide
from dubline.vocalization.detect import detect
from dubline.vocalization.edits import Edits
from dubline.vocalization.events import Action, Event, in_order, write_events
from dubline.vocalization.policies import Policy
from dubline.vocalization.rules import DetectionRules, standard
from dubline.vocalization.watch import Cancel, Progress, never, nothing

ME, UNFILLED, OPTIONAL, GUIDE = (NAMES[part] for part in ("filled", "unfilled", "optional", "guide"))
EVENTS, REPORT = "events.parquet", "report.json"

# How often the M&E is gone through: once, and again where the first time brought more to light.
ROUNDS = 2

PARAMETERS = {
    "attack_seconds": regions.ATTACK_SECONDS,
    "shortest_tail_seconds": regions.TAIL_SECONDS,
    "longest_tail_seconds": tails.LONGEST_TAIL_SECONDS,
    "window_seconds": spectra.WINDOW_SECONDS,
    "piece_seconds": remover.PIECE_SECONDS,
    "target_db": candidate.TARGET_DB,
    "margin_db": candidate.MARGIN_DB,
    "least_kept": subtract.LEAST_KEPT,
}


def clean(
    path: Path,
    *,
    events: Sequence[Event],
    out_dir: Path,
    policy: Policy | None = None,
    edits: Edits | None = None,
    dialogue: Path | None = None,
    network: Network | None = None,
    compute: Compute = DEFAULT_COMPUTE,
    rules: DetectionRules | None = None,
    keep_unfilled: bool = False,
    told: Done | None = None,
    progress: Progress = nothing,
    cancelled: Cancel = never,
) -> CleanReport:
    """Write ``me.wav optional.wav dx_guide.wav events.parquet report.json`` (and ``me_unfilled.wav``) of an M&E.

    With ``policy`` the events are disposed by it, without one each keeps its own disposition; ``edits`` overrule
    either (`decide`). ``events.parquet`` says what became of them. All sound is 32-bit float at the M&E's rate, layout
    and length; outside events ``me.wav`` is the M&E bit for bit, and ``me_unfilled + optional + dx_guide`` is the M&E
    plus the ``dialogue`` stem, which the DX guide takes in and which, where it sounds, says what in an event can be
    dialogue.
    With ``network`` a second pass of the separator says what else is voice. What was done is listened to again by the
    detection ``rules``, the `standard` ones unless others are given: what comes to light beside an event follows it,
    and what is still found then is in the report. ``told`` hears of every scene that was cleaned.
    Streams through memory; files appear in ``out_dir`` together, when all are whole. Raises `BadInput` for files
    that do not belong together or hold samples that are not finite, and for events of another file; `Cancelled`.
    """
    decided, rules, log = decide(events, policy=policy, edits=edits), rules or standard(), Log()
    sources = Sources(path, dialogue)
    kept = (ME, OPTIONAL, GUIDE, *((UNFILLED,) if keep_unfilled else ()), EVENTS, REPORT)

    def done(scene: Scene, cleaned: Cleaned) -> None:
        log.add(scene, cleaned)
        if told is not None:
            told(scene, cleaned)

    with ExitStack() as stack:
        me = sources.open(stack)[0]
        staged = stack.enter_context(_staged(out_dir, kept))
        separator = None if network is None else partial(dialogue_in, network=network, compute=compute)
        before, plan, again = None, plan_of(decided.events, me), frozenset[int]()
        for number in range(ROUNDS):
            watched = progress if number == 0 else nothing
            folder = staged / str(number)
            folder.mkdir()
            error = work_through(
                sources,
                plan,
                folder,
                clean=partial(clean_scene, rules=rules, separator=separator, stubborn=again),
                done=done,
                before=before,
                progress=_part_of(watched, 0, 2),
                cancelled=cancelled,
            )
            listening = _part_of(watched, 1, 2)
            found = detect(folder / ME, dialogue=dialogue, rules=rules, progress=listening, cancelled=cancelled)
            heard = sort_out(found, plan.leaving, me.layout, rate=me.rate)
            more = come_to_light(heard, decided, plan.leaving, me.layout, rate=me.rate, policy=policy)
            again = stubborn(heard, plan.leaving, me.layout, rate=me.rate) & log.masked()
            if number == ROUNDS - 1 or not (more or again):
                break
            before = Before(plan, folder, again)
            decided = replace(decided, decisions=(*decided.decisions, *more))
            plan = plan_of(decided.events, me)
            anew = plan.changed_from(before.plan, again)
            log.forget(removal.event for region in anew for removal in region.removals)
        for name in NAMES.values():
            (folder / name).replace(staged / name)
        report = _report(me, decided, log, heard, plan, policy=policy, error=error)
        write_events(report.events, staged / EVENTS)
        report.save(staged / REPORT)
    return report


def _part_of(progress: Progress, part: int, parts: int) -> Progress:
    """Progress of one of several passes over the same frames."""
    return lambda done, total: progress(part * total + done, parts * total)


def _report(
    me: WavReader, decided: Decided, log: Log, heard: Heard, plan: Plan, *, policy: Policy | None, error: float
) -> CleanReport:
    moved = {removal.event for removal in plan.moved}
    treatments = tuple(
        _treatment(decision, log.events.get(at), moved=at in moved, rate=me.rate)
        for at, decision in enumerate(decided.decisions)
    )

    by_event = {id(one.event): one for one in treatments}

    def seconds(action: Action | None = None, disposition: str | None = None) -> float:
        chosen = (e.event for e in treatments if e.event.action == action or e.event.disposition == disposition)
        return math.fsum(event.seconds for event in chosen)

    return CleanReport(
        policy=None if policy is None else f"{policy.id}@{policy.version}",
        treatments=tuple(by_event[id(event)] for event in in_order([one.event for one in treatments])),
        removed_seconds=seconds(disposition="remove"),
        optional_seconds=seconds(disposition="optional"),
        filled_seconds=seconds(action="filled"),
        attenuated_seconds=seconds(action="attenuated"),
        null_error_dbfs=20.0 * math.log10(error) if error > 0.0 else None,
        rate=me.rate,
        layout=me.layout.name,
        frames=me.frames,
        parameters=PARAMETERS,
        edits=decided.edits_json(),
        remaining=heard.remaining,
        untouched=len(heard.elsewhere),
    )


def _treatment(decision: Decision, worked: Worked | None, *, moved: bool, rate: int) -> Treatment:
    if worked is None:
        method = "moved to OPT" if moved else "none"
        return Treatment(replace(decision.event, action="none"), method, decision, None, rate)
    action: Action = "filled" if worked.filled else "attenuated"
    method = " and ".join(attempt.method for attempt in worked.attempts.values() if attempt.chosen)
    return Treatment(replace(decision.event, action=action), method, decision, worked, rate)


@contextmanager
def _staged(out_dir: Path, names: Sequence[str]) -> Iterator[Path]:
    """A folder beside the results; its files move into ``out_dir`` when the work ended well, else they vanish."""
    out_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".clean-", dir=out_dir) as folder:
        yield Path(folder)
        for name in names:
            (Path(folder) / name).replace(out_dir / name)
