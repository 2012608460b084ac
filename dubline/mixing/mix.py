"""A dub onto the clean M&E: the print master of one language. The M&E itself is never altered."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from dubline.audio.spans import Spans
from dubline.audio.wav import Block, WavReader, WavWriter
from dubline.errors import BadInput
from dubline.loudness.energy import energies_of
from dubline.loudness.windows import Energies
from dubline.mixing.level import Level, LevelRules, SceneLevel, match_level
from dubline.mixing.route import Routing, route
from dubline.vocalization.watch import Cancel, Progress, in_step, never, nothing


@dataclass(frozen=True, slots=True)
class MixReport:
    """How the dub was brought onto the M&E. Loudness in LUFS inside speech, None where undefined; peak in dBFS.

    ``scenes`` are those that got a gain of their own, empty where one gain serves all.
    """

    level_match: str
    gain_db: float
    gain_reason: str
    gain_limited: bool
    ov_dialogue_lufs: float | None
    dub_dialogue_lufs: float | None
    routing: str
    with_optional: bool
    peak_dbfs: float | None
    rate: int
    layout: str
    frames: int
    scenes: tuple[SceneLevel, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary of JSON values."""
        return asdict(self) | {"scenes": [asdict(scene) for scene in self.scenes]}


def mix_dub(
    me: Path,
    placed_dub: Path,
    *,
    ov_dx: Path | None,
    ov_speech: Spans,
    dub_speech: Spans,
    out_print_master: Path,
    out_dub_dx: Path,
    optional: Path | None = None,
    rules: LevelRules | None = None,
    progress: Progress = nothing,
    cancelled: Cancel = never,
) -> MixReport:
    """Write M&E + dub (+ OPT) to ``out_print_master`` and the dub as it went in to ``out_dub_dx``, 32-bit float.

    ``placed_dub`` has the M&E's rate and length (`place_dub`). Its dialogue loudness is brought to that of ``ov_dx``
    by ``rules``, unless given by one linear gain. Wherever the dub and OPT are silent, the print master is the M&E
    bit for bit. ``progress`` counts frames over all passes. Raises `BadInput` for files that do not belong together,
    hold samples that are not finite, or have sound in a channel the M&E has no place for; `Cancelled`.
    """
    with ExitStack() as stack:
        backing = stack.enter_context(WavReader(me))
        dub = stack.enter_context(WavReader(placed_dub))
        original, extra = (_beside(path, backing, stack) for path in (ov_dx, optional))
        routing = route(dub.layout, backing.layout)
        passes = _Passes(progress, cancelled, 2 if original is None else 3)
        ov = None if original is None else _energies(original, passes)
        level = match_level(
            ov,
            _energies(dub, passes, routing),
            ov_speech=ov_speech,
            dub_speech=dub_speech,
            rules=LevelRules() if rules is None else rules,
        )
        sources = [backing, dub, *([extra] if extra is not None else [])]
        master = stack.enter_context(WavWriter(out_print_master, rate=backing.rate, layout=backing.layout))
        dub_dx = stack.enter_context(WavWriter(out_dub_dx, rate=backing.rate, layout=backing.layout))
        blocks = in_step(sources, progress=passes.next(), cancelled=cancelled)
        peak = _sum(blocks, routing, level, print_master=master, dub_dx=dub_dx)
        return MixReport(
            level_match=level.match,
            gain_db=level.gain_db,
            gain_reason=level.reason,
            gain_limited=level.limited,
            ov_dialogue_lufs=level.ov_dialogue_lufs,
            dub_dialogue_lufs=level.dub_dialogue_lufs,
            routing=routing.name,
            with_optional=optional is not None,
            peak_dbfs=20.0 * math.log10(peak) if peak > 0.0 else None,
            rate=backing.rate,
            layout=backing.layout.name,
            frames=backing.frames,
            scenes=level.scenes,
        )


@dataclass(slots=True)
class _Passes:
    """One progress over several readings of files of one length."""

    progress: Progress
    cancelled: Cancel
    count: int
    done: int = 0

    def next(self) -> Progress:
        before, self.done = self.done, self.done + 1
        return lambda done, total: self.progress(before * total + done, self.count * total)


def _energies(reader: WavReader, passes: _Passes, routing: Routing | None = None) -> Energies:
    """Energies of a whole file, as it will be heard in the mix where ``routing`` says so."""
    blocks = in_step((reader,), progress=passes.next(), cancelled=passes.cancelled, frames=reader.rate)
    if routing is None:
        return energies_of((block for (block,) in blocks), rate=reader.rate, layout=reader.layout)
    return energies_of(_routed(blocks, routing, reader), rate=reader.rate, layout=routing.mix)


def _routed(blocks: Iterator[tuple[Block, ...]], routing: Routing, reader: WavReader) -> Iterator[Block]:
    for (block,) in blocks:
        routing.refuse_lost(block, where=str(reader.path))
        yield routing.apply(block)


def _sum(
    blocks: Iterator[tuple[Block, ...]], routing: Routing, level: Level, *, print_master: WavWriter, dub_dx: WavWriter
) -> float:
    """Write both files; gives the print master's largest sample."""
    peak = 0.0
    for me, dub, *optional in blocks:
        dialogue = routing.apply(dub) * level.factors(dub_dx.frames, len(dub), dub_dx.rate)
        added = dialogue + optional[0] if optional else dialogue
        # Adding zero is not the identity on the bits: -0.0 + 0.0 is +0.0.
        mixed = np.where(added == 0.0, me, me + added)
        dub_dx.write(dialogue)
        print_master.write(mixed)
        peak = max(peak, float(np.abs(mixed).max(initial=0.0)))
    return peak


def _beside(path: Path | None, me: WavReader, stack: ExitStack) -> WavReader | None:
    """The stem at ``path``, where there is one; `BadInput` unless it has the M&E's layout."""
    if path is None:
        return None
    stem = stack.enter_context(WavReader(path))
    if stem.layout != me.layout:
        raise BadInput(f"{stem.layout.name} beside {me.layout.name}", str(path), "give the stems of one mix")
    return stem
