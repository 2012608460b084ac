"""From an M&E and its events to a filled M&E, an optional track and a DX guide."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from dubline.audio.wav import Block, WavReader, WavWriter
from dubline.errors import BadInput
from dubline.repair import candidate, regions, remover, spectra, subtract, tails
from dubline.repair.choose_removal import clean_scene
from dubline.repair.regions import Removal, moved_of, regions_of, removals_of, voices_of
from dubline.repair.remover import Parts, Remover
from dubline.repair.report import CleanReport, Treatment
from dubline.repair.separate import dialogue_in
from dubline.repair.worked import Log, Worked
from dubline.separation.compute import DEFAULT_COMPUTE, Compute
from dubline.separation.network import Network
from dubline.vocalization.decide import Decided, Decision, decide
from dubline.vocalization.detect import detect
from dubline.vocalization.edits import Edits
from dubline.vocalization.events import Action, Event, write_events
from dubline.vocalization.policies import Policy
from dubline.vocalization.rules import DetectionRules, standard
from dubline.vocalization.watch import Cancel, Progress, in_step, never, nothing

ME, UNFILLED, OPTIONAL, GUIDE = "me.wav", "me_unfilled.wav", "optional.wav", "dx_guide.wav"
EVENTS, REPORT = "events.parquet", "report.json"

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
    detection ``rules``, the `standard` ones unless others are given; what is still found is in the report.
    Streams through memory; files appear in ``out_dir`` together, when all are whole. Raises `BadInput` for files
    that do not belong together or hold samples that are not finite, and for events of another file; `Cancelled`.
    """
    decided, rules, log = decide(events, policy=policy, edits=edits), rules or standard(), Log()
    with ExitStack() as stack:
        me = stack.enter_context(WavReader(path))
        stem = stack.enter_context(WavReader(dialogue)) if dialogue is not None else None
        if stem is not None and stem.layout != me.layout:
            raise BadInput(f"{stem.layout.name} beside {me.layout.name}", str(dialogue), "give the stems of one mix")
        length = {"rate": me.rate, "frames": me.frames}
        aside = stack.enter_context(WavReader(path))
        leaving = tails.tracked(removals_of(decided.events, me.layout, **length), aside)
        plan = regions_of(leaving, **length, voices=voices_of(decided.events, me.layout, **length))
        worker = Remover(
            aside,
            plan,
            clean=partial(
                clean_scene,
                rules=rules,
                separator=None if network is None else partial(dialogue_in, network=network, compute=compute),
            ),
            done=log.add,
            stem=stack.enter_context(WavReader(dialogue)) if dialogue is not None else None,
            moved=moved_of(decided.events, me.layout, **length) if stem is not None else (),
        )
        names = (ME, OPTIONAL, GUIDE, *((UNFILLED,) if keep_unfilled else ()))
        folder = stack.enter_context(_staged(out_dir, (*names, EVENTS, REPORT)))
        writers = {
            name: stack.enter_context(WavWriter(folder / name, rate=me.rate, layout=me.layout)) for name in names
        }
        sources = (me,) if stem is None else (me, stem)
        halfway = _part_of(progress, 0, 2)
        error = _write(worker, in_step(sources, progress=halfway, cancelled=cancelled), writers)
        for writer in writers.values():
            writer.close()
        found = _found_again(
            folder / ME, dialogue, plan=leaving, rules=rules, progress=_part_of(progress, 1, 2), cancelled=cancelled
        )
        report = _report(me, decided, log, found, policy=policy, error=error, leaving=[*leaving, *worker.moved])
        write_events(report.events, folder / EVENTS)
        report.save(folder / REPORT)
    return report


def _part_of(progress: Progress, part: int, parts: int) -> Progress:
    """Progress of one of several passes over the same frames."""
    return lambda done, total: progress(part * total + done, parts * total)


def _write(worker: Remover, blocks: Iterator[tuple[Block, ...]], writers: dict[str, WavWriter]) -> float:
    """Write all parts of all ``blocks``; gives the largest sample by which they fail to add up."""
    at, error = 0, 0.0
    for me, *stem in blocks:
        parts = worker.process(me, at, stem[0] if stem else None)
        at += len(me)
        whole = me.astype(np.float64) + (stem[0] if stem else 0.0)
        error = max(error, float(np.abs(_sum(parts) - whole).max()))
        named = {ME: parts.filled, OPTIONAL: parts.optional, GUIDE: parts.guide, UNFILLED: parts.unfilled}
        for name, writer in writers.items():
            writer.write(named[name])
    return error


def _sum(parts: Parts) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return parts.unfilled.astype(np.float64) + parts.optional + parts.guide


Found = tuple[tuple[Event, ...], int]


def _found_again(
    filled: Path,
    dialogue: Path | None,
    *,
    plan: Sequence[Removal],
    rules: DetectionRules,
    progress: Progress,
    cancelled: Cancel,
) -> Found:
    """What detection finds in the filled M&E where events were taken out, and how many events it finds elsewhere."""
    again = detect(filled, dialogue=dialogue, rules=rules, progress=progress, cancelled=cancelled)
    with WavReader(filled) as reader:
        rate, layout = reader.rate, reader.layout
    inside, elsewhere = [], 0
    for event in (event for event in again if event.stem == "me"):
        columns = {layout.index(tag) for tag in event.channels}
        start, end = event.start_seconds * rate, event.end_seconds * rate
        if any(one.start < end and one.end > start and columns & set(one.columns) for one in plan):
            inside.append(event)
        else:
            elsewhere += 1
    return tuple(inside), elsewhere


def _report(
    me: WavReader,
    decided: Decided,
    log: Log,
    found: Found,
    *,
    policy: Policy | None,
    error: float,
    leaving: Sequence[Removal],
) -> CleanReport:
    gone = {removal.event for removal in leaving}
    treatments = tuple(
        _treatment(decision, log.events.get(at), moved=at in gone, rate=me.rate)
        for at, decision in enumerate(decided.decisions)
    )

    def seconds(action: Action | None = None, disposition: str | None = None) -> float:
        chosen = (e.event for e in treatments if e.event.action == action or e.event.disposition == disposition)
        return math.fsum(event.seconds for event in chosen)

    return CleanReport(
        policy=None if policy is None else f"{policy.id}@{policy.version}",
        treatments=treatments,
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
        remaining=found[0],
        untouched=found[1],
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
