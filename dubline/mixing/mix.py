"""A dub onto the clean M&E: the print master of one language. The M&E itself is never altered."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dubline.audio.layout import Layout
from dubline.audio.spans import Spans
from dubline.audio.wav import Block, WavReader, WavWriter
from dubline.errors import BadInput
from dubline.loudness.meter import Meter
from dubline.mixing.level import LevelMatch, match_level
from dubline.mixing.route import Routing, route
from dubline.vocalization.watch import Cancel, Progress, in_step, never, nothing


@dataclass(frozen=True, slots=True)
class MixReport:
    """How the dub was brought onto the M&E. Loudness in LUFS inside speech, None where undefined; peak in dBFS."""

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

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary of JSON values."""
        return asdict(self)


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
    gain_db: float | None = None,
    progress: Progress = nothing,
    cancelled: Cancel = never,
) -> MixReport:
    """Write M&E + dub (+ OPT) to ``out_print_master`` and the dub as it went in to ``out_dub_dx``, 32-bit float.

    ``placed_dub`` has the M&E's rate and length (`place_dub`). One linear gain brings its dialogue loudness to that
    of ``ov_dx``; ``gain_db`` sets it instead, for a mix made again to a spec. A channel that the dub and OPT leave
    silent is the M&E's bit for bit. ``progress`` counts frames over all passes. Raises `BadInput` for files that
    do not belong together or hold samples that are not finite, `Cancelled`.
    """
    with ExitStack() as stack:
        backing = stack.enter_context(WavReader(me))
        dub = stack.enter_context(WavReader(placed_dub))
        original, extra = (_beside(path, backing, stack) for path in (ov_dx, optional))
        routing = route(dub.layout, backing.layout, where=str(placed_dub))
        passes = _Passes(progress, cancelled, 2 if original is None else 3)
        ov_lufs = None if original is None else _dialogue_lufs(_read(original, passes), original, speech=ov_speech)
        routed = (routing.apply(block) for block in _read(dub, passes))
        dub_lufs = _dialogue_lufs(routed, dub, speech=dub_speech, layout=backing.layout)
        level = _level(gain_db, ov_lufs, dub_lufs)
        sources = [backing, dub, *([extra] if extra is not None else [])]
        master = stack.enter_context(WavWriter(out_print_master, rate=backing.rate, layout=backing.layout))
        dub_dx = stack.enter_context(WavWriter(out_dub_dx, rate=backing.rate, layout=backing.layout))
        blocks = in_step(sources, progress=passes.next(), cancelled=cancelled)
        peak = _sum(blocks, routing, level.gain_db, print_master=master, dub_dx=dub_dx)
        return MixReport(
            gain_db=level.gain_db,
            gain_reason=level.reason,
            gain_limited=level.limited,
            ov_dialogue_lufs=ov_lufs,
            dub_dialogue_lufs=dub_lufs,
            routing=routing.name,
            with_optional=optional is not None,
            peak_dbfs=20.0 * math.log10(peak) if peak > 0.0 else None,
            rate=backing.rate,
            layout=backing.layout.name,
            frames=backing.frames,
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


def _read(reader: WavReader, passes: _Passes) -> Iterator[Block]:
    return (block for (block,) in in_step((reader,), progress=passes.next(), cancelled=passes.cancelled))


def _dialogue_lufs(
    blocks: Iterator[Block], reader: WavReader, *, speech: Spans, layout: Layout | None = None
) -> float | None:
    meter = Meter(reader.rate, layout or reader.layout, where=str(reader.path))
    for block in blocks:
        meter.process(block)
    return meter.measurement(speech).dialogue_lufs


def _level(gain_db: float | None, ov_lufs: float | None, dub_lufs: float | None) -> LevelMatch:
    if gain_db is not None:
        return LevelMatch(gain_db, "set by the caller")
    return match_level(ov_dialogue_lufs=ov_lufs, dub_dialogue_lufs=dub_lufs)


def _sum(
    blocks: Iterator[tuple[Block, ...]], routing: Routing, gain_db: float, *, print_master: WavWriter, dub_dx: WavWriter
) -> float:
    """Write both files; gives the print master's largest sample."""
    factor, peak = np.float32(10.0 ** (gain_db / 20.0)), 0.0
    for me, dub, *optional in blocks:
        dialogue = routing.apply(dub) * factor
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
