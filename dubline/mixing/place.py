"""Putting a dub in its place: at the mix's rate, from its start, exactly as long as the picture."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from dubline.audio.layout import Layout
from dubline.audio.resample import resample_blocks
from dubline.audio.wav import BLOCK_FRAMES, Block, WavWriter
from dubline.errors import BadInput, Cancelled
from dubline.media.decode import AudioDecoder
from dubline.mixing.route import route
from dubline.vocalization.watch import Cancel, Progress, never, nothing

# Silence that went through a resampler is not zero to the last bit; -120 dBFS is under the noise of 20-bit sound.
SILENT_PEAK = 1e-6


@dataclass(frozen=True, slots=True)
class PlacedDub:
    """Where a dub lies in the picture, in frames at ``rate``; ``cut_frames`` of silence past the end were left out."""

    source_rate: int
    rate: int
    layout: str
    start_frames: int
    dub_frames: int
    cut_frames: int
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

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary of JSON values."""
        return asdict(self) | {"resampled": self.resampled, "silent": self.silent}


def place_dub(
    path: Path,
    *,
    out: Path,
    rate: int,
    layout_of_mix: Layout,
    frames: int,
    start: int = 0,
    progress: Progress = nothing,
    cancelled: Cancel = never,
) -> PlacedDub:
    """Write the dub at ``path``, any media file, as 32-bit float to ``out``: its own layout, ``frames`` at ``rate``.

    Its first sample becomes sample ``start`` of the picture. Silence past the end is cut; sound past it raises
    `BadInput`, as do samples that are not finite, no samples at all, and channels ``layout_of_mix`` has no place
    for. Raises `Cancelled` when asked to stop. ``progress`` counts frames of the dub.
    """
    if not 0 <= start < frames:
        raise BadInput(
            f"a start of {start / rate:.3f} s", str(path), f"start within the picture, 0 to {frames / rate:.3f} s"
        )
    with AudioDecoder(path) as dub:
        route(dub.layout, layout_of_mix, where=str(path))
        blocks = _watched(dub, progress, cancelled)
        # Rounding to a whole sample at either rate is not sound past the end.
        slack = math.ceil(rate / dub.rate) if rate != dub.rate else 0
        with WavWriter(out, rate=rate, layout=dub.layout) as writer:
            placer = _Placer(writer, frames=frames)
            placer.silence(start)
            for block in resample_blocks(blocks, rate_in=dub.rate, rate_out=rate, channels=dub.layout.channels):
                placer.sound(block)
            if placer.last_heard > frames + slack:
                raise BadInput(
                    f"the dub runs {(placer.last_heard - frames) / rate:.3f} s past the end of the picture",
                    f"{path}, start {start / rate:.3f} s",
                    "deliver a dub made for this version, or correct its start",
                )
            end = placer.at
            placer.silence(max(frames - end, 0))
        return PlacedDub(
            source_rate=dub.rate,
            rate=rate,
            layout=dub.layout.name,
            start_frames=start,
            dub_frames=end - start,
            cut_frames=max(end - frames, 0),
            frames=frames,
            peak_dbfs=20.0 * math.log10(placer.peak) if placer.peak > 0.0 else None,
        )


@dataclass(slots=True)
class _Placer:
    """Writes up to ``frames`` and remembers what came after: ``at`` frames seen, the ``last_heard`` among them."""

    writer: WavWriter
    frames: int
    at: int = 0
    last_heard: int = 0
    peak: float = field(default=0.0)

    def sound(self, block: Block) -> None:
        room = max(self.frames - self.at, 0)
        self.writer.write(block[:room])
        loudest = np.abs(block).max(axis=1)
        self.peak = max(self.peak, float(loudest.max(initial=0.0)))
        heard = np.flatnonzero(loudest > SILENT_PEAK)
        if len(heard):
            self.last_heard = self.at + int(heard[-1]) + 1
        self.at += len(block)

    def silence(self, count: int) -> None:
        for block in _zeros(count, self.writer.layout.channels):
            self.writer.write(block)
        self.at += count


def _watched(dub: AudioDecoder, progress: Progress, cancelled: Cancel) -> Iterator[Block]:
    done = 0
    for block in dub.blocks():
        if cancelled():
            raise Cancelled("placing the dub was stopped", str(dub.path), "start it again when ready")
        yield block
        done += len(block)
        progress(done, max(dub.estimated_frames, done))


def _zeros(count: int, channels: int) -> Iterator[Block]:
    for at in range(0, count, BLOCK_FRAMES):
        yield np.zeros((min(BLOCK_FRAMES, count - at), channels), dtype=np.float32)
