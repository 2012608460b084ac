"""Putting a dub in its place: at the mix's rate, from its start, exactly as long as the picture."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np

from dubline.audio.layout import Layout
from dubline.audio.resample import resample_blocks
from dubline.audio.wav import BLOCK_FRAMES, Block, WavWriter
from dubline.errors import BadInput, Cancelled
from dubline.mixing.route import SILENT_PEAK, Routing, route
from dubline.mixing.tracks import Tracks, open_tracks
from dubline.vocalization.watch import Cancel, Progress, never, nothing

# A conformed dub keeps its room tone, which may reach over the ends of the picture; words do not lie under this.
ROOM_TONE_PEAK = 10.0 ** (-50.0 / 20.0)


@dataclass(frozen=True, slots=True)
class PlacedDub:
    """Where a dub lies in the picture, in frames at ``rate``; ``cut_frames`` outside of it were left out.

    ``speed`` is what the dub was played at, 1 unless it was conformed; ``cut_peak_dbfs`` the loudest sample left out.
    """

    source_rate: int
    rate: int
    layout: str
    speed: str
    start_frames: int
    dub_frames: int
    cut_frames: int
    cut_peak_dbfs: float | None
    frames: int
    peak_dbfs: float | None

    @property
    def resampled(self) -> bool:
        """Whether the dub came at another rate than the mix."""
        return self.source_rate != self.rate

    @property
    def silent(self) -> bool:
        """Whether nothing in the dub can be heard."""
        return self.peak_dbfs is None or self.peak_dbfs <= 20.0 * math.log10(SILENT_PEAK)


def place_dub(
    path: Path | Sequence[Path],
    *,
    out: Path,
    rate: int,
    layout_of_mix: Layout,
    frames: int,
    start: int = 0,
    channels: Sequence[str] = (),
    speed: Fraction = Fraction(1),
    cut_peak: float = SILENT_PEAK,
    progress: Progress = nothing,
    cancelled: Cancel = never,
) -> PlacedDub:
    """Write the dub at ``path``, any media file, as 32-bit float to ``out``: its own layout, ``frames`` at ``rate``.

    ``path`` may be one mono file for each of ``channels`` (`open_tracks`). Its first sample becomes sample ``start``
    of the picture, which may lie before it. At another ``speed`` it is resampled, so that it takes ``speed`` times
    as long and its pitch moves. What lies outside the picture is cut where it stays under ``cut_peak``; louder it
    raises `BadInput`, as do samples that are not finite, no samples at all, and sound in channels ``layout_of_mix``
    has no place for. Raises `Cancelled` when asked to stop. ``progress`` counts frames of the dub.
    """
    files = [path] if isinstance(path, Path) else list(path)
    if start >= frames:
        raise BadInput(f"a start of {start / rate:.3f} s", str(files[0]), f"start before {frames / rate:.3f} s")
    with open_tracks(files, channels) as dub:
        routing = route(dub.layout, layout_of_mix)
        blocks = _watched(dub, routing, progress, cancelled)
        # Seconds of the dub to seconds of the picture, as one ratio of two rates in lowest terms.
        ratio = Fraction(rate, dub.rate) * speed
        # Rounding to a whole sample at either rate is not sound past the end.
        slack = math.ceil(ratio) if ratio != 1 else 0
        with WavWriter(out, rate=rate, layout=dub.layout) as writer:
            placer = _Placer(writer, frames=frames, at=start, cut_peak=cut_peak)
            placer.lead_in()
            for block in resample_blocks(
                blocks, rate_in=ratio.denominator, rate_out=ratio.numerator, channels=dub.layout.channels
            ):
                placer.sound(block)
            where = f"{dub.name}, start {start / rate:.3f} s"
            if placer.first_heard < 0:
                raise BadInput(
                    f"the dub begins {-placer.first_heard / rate:.3f} s before the picture",
                    where,
                    "cut its leader, or correct its start",
                )
            if placer.last_heard > frames + slack:
                raise BadInput(
                    f"the dub runs {(placer.last_heard - frames) / rate:.3f} s past the end of the picture",
                    where,
                    "deliver a dub made for this version, correct its start, or order `sync: conform`",
                )
            end = placer.at
            placer.silence(max(frames - max(end, 0), 0))
        return PlacedDub(
            source_rate=dub.rate,
            rate=rate,
            layout=dub.layout.name,
            speed=str(speed),
            start_frames=start,
            dub_frames=end - start,
            cut_frames=max(end - frames, 0) + max(-start, 0),
            cut_peak_dbfs=_decibels(placer.lost),
            frames=frames,
            peak_dbfs=_decibels(placer.peak),
        )


@dataclass(slots=True)
class _Placer:
    """Writes frames 0 to ``frames`` of the picture and remembers what lay outside: ``at`` is the next frame.

    ``first_heard`` and ``last_heard`` bound what is louder than ``cut_peak``; ``lost`` is the peak of what was cut.
    """

    writer: WavWriter
    frames: int
    at: int
    cut_peak: float
    first_heard: int = 0
    last_heard: int = 0
    peak: float = field(default=0.0)
    lost: float = field(default=0.0)

    def lead_in(self) -> None:
        for block in _zeros(max(self.at, 0), self.writer.layout.channels):
            self.writer.write(block)

    def sound(self, block: Block) -> None:
        first, last = (min(max(edge - self.at, 0), len(block)) for edge in (0, self.frames))
        self.writer.write(block[first:last])
        loudest = np.abs(block).max(axis=1)
        self.peak = max(self.peak, float(loudest.max(initial=0.0)))
        self.lost = max(self.lost, float(loudest[:first].max(initial=0.0)), float(loudest[last:].max(initial=0.0)))
        heard = self.at + np.flatnonzero(loudest > self.cut_peak)
        if len(heard):
            self.first_heard = min(self.first_heard, int(heard[0]))
            self.last_heard = int(heard[-1]) + 1
        self.at += len(block)

    def silence(self, count: int) -> None:
        for block in _zeros(count, self.writer.layout.channels):
            self.writer.write(block)
        self.at += count


def _watched(dub: Tracks, routing: Routing, progress: Progress, cancelled: Cancel) -> Iterator[Block]:
    done = 0
    for block in dub.blocks():
        if cancelled():
            raise Cancelled("placing the dub was stopped", dub.name, "start it again when ready")
        routing.refuse_lost(block, where=dub.name)
        yield block
        done += len(block)
        progress(done, max(dub.estimated_frames, done))


def _decibels(peak: float) -> float | None:
    return 20.0 * math.log10(peak) if peak > 0.0 else None


def _zeros(count: int, channels: int) -> Iterator[Block]:
    for at in range(0, count, BLOCK_FRAMES):
        yield np.zeros((min(BLOCK_FRAMES, count - at), channels), dtype=np.float32)
