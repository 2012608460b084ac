"""From an M&E and its events to a filled M&E, an optional track and a DX guide."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from dubline.audio.wav import Block, WavReader, WavWriter
from dubline.errors import BadInput
from dubline.repair import regions, roomtone, spectra, suppress
from dubline.repair.regions import Region, regions_of, removals_of
from dubline.repair.remover import Parts, Remover, Worked
from dubline.repair.report import CleanReport, Treatment
from dubline.vocalization.decide import Decided, Decision, decide
from dubline.vocalization.edits import Edits
from dubline.vocalization.events import Action, Event, write_events
from dubline.vocalization.policies import Policy
from dubline.vocalization.watch import Cancel, Progress, in_step, never, nothing

ME, UNFILLED, OPTIONAL, GUIDE = "me.wav", "me_unfilled.wav", "optional.wav", "dx_guide.wav"
EVENTS, REPORT = "events.parquet", "report.json"

PARAMETERS = {
    "attack_seconds": regions.ATTACK_SECONDS,
    "tail_seconds": regions.TAIL_SECONDS,
    "attenuation_db": suppress.ATTENUATION_DB,
    "window_seconds": spectra.WINDOW_SECONDS,
    "loop_seconds": roomtone.LOOP_SECONDS,
    "crossfade_seconds": roomtone.CROSSFADE_SECONDS,
}


def clean(
    path: Path,
    *,
    events: Sequence[Event],
    out_dir: Path,
    policy: Policy | None = None,
    edits: Edits | None = None,
    dialogue: Path | None = None,
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
    Streams through memory; files appear in ``out_dir`` together, when all are whole. Raises `BadInput` for files
    that do not belong together or hold samples that are not finite, and for events of another file; `Cancelled`.
    """
    decided = decide(events, policy=policy, edits=edits)
    with ExitStack() as stack:
        me = stack.enter_context(WavReader(path))
        stem = stack.enter_context(WavReader(dialogue)) if dialogue is not None else None
        if stem is not None and stem.layout != me.layout:
            raise BadInput(f"{stem.layout.name} beside {me.layout.name}", str(dialogue), "give the stems of one mix")
        removals = removals_of(decided.events, me.layout, rate=me.rate, frames=me.frames)
        plan = regions_of(removals, rate=me.rate, frames=me.frames)
        aside = stack.enter_context(WavReader(dialogue)) if dialogue is not None else None
        remover = Remover(stack.enter_context(WavReader(path)), plan, aside)
        names = (ME, OPTIONAL, GUIDE, *((UNFILLED,) if keep_unfilled else ()))
        folder = stack.enter_context(_staged(out_dir, (*names, EVENTS, REPORT)))
        writers = {
            name: stack.enter_context(WavWriter(folder / name, rate=me.rate, layout=me.layout)) for name in names
        }
        sources = (me,) if stem is None else (me, stem)
        error = _write(remover, in_step(sources, progress=progress, cancelled=cancelled), writers)
        for writer in writers.values():
            writer.close()
        report = _report(me, decided, remover.worked, policy=policy, error=error)
        write_events(report.events, folder / EVENTS)
        report.save(folder / REPORT)
    return report


def _write(remover: Remover, blocks: Iterator[tuple[Block, ...]], writers: dict[str, WavWriter]) -> float:
    """Write all parts of all ``blocks``; gives the largest sample by which they fail to add up."""
    at, error = 0, 0.0
    for me, *stem in blocks:
        parts = remover.process(me, at)
        at += len(me)
        guide = parts.guide + stem[0] if stem else parts.guide
        whole = me.astype(np.float64) + (stem[0] if stem else 0.0)
        error = max(error, float(np.abs(_sum(parts, guide) - whole).max()))
        for name, block in ((ME, parts.filled), (OPTIONAL, parts.optional), (GUIDE, guide), (UNFILLED, parts.unfilled)):
            if name in writers:
                writers[name].write(block)
    return error


def _sum(parts: Parts, guide: Block) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return parts.unfilled.astype(np.float64) + parts.optional + guide


def _report(
    me: WavReader, decided: Decided, worked: dict[Region, Worked], *, policy: Policy | None, error: float
) -> CleanReport:
    by_event = {removal.event: done for region, done in worked.items() for removal in region.removals}
    treatments = tuple(_treatment(decision, by_event.get(at)) for at, decision in enumerate(decided.decisions))

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
    )


def _treatment(decision: Decision, worked: Worked | None) -> Treatment:
    event = decision.event
    if worked is None:
        return Treatment(replace(event, action="none"), "none", None, decision)
    if worked.before == 0.0:
        reduction = 0.0
    else:
        reduction = 10.0 * math.log10(worked.before / max(worked.after, worked.before * 1e-12))
    if worked.filled:
        method = "suppression guided by the dialogue stem" if worked.guided else "suppression"
        return Treatment(replace(event, action="filled"), f"{method}, room tone", round(reduction, 2), decision)
    return Treatment(replace(event, action="attenuated"), "attenuation", round(reduction, 2), decision)


@contextmanager
def _staged(out_dir: Path, names: Sequence[str]) -> Iterator[Path]:
    """A folder beside the results; its files move into ``out_dir`` when the work ended well, else they vanish."""
    out_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".clean-", dir=out_dir) as folder:
        yield Path(folder)
        for name in names:
            (Path(folder) / name).replace(out_dir / name)
