"""What a stranger hears in a delivered track: decoded once, measured, and held against the mix it came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dubline.audio.layout import Layout
from dubline.audio.spans import Spans
from dubline.audio.wav import Block, WavReader
from dubline.errors import Cancelled
from dubline.loudness.measurement import Measurement
from dubline.loudness.meter import Meter
from dubline.quality.channel_peaks import ChannelPeak, ChannelPeakMeter
from dubline.quality.condition import Condition, ConditionMeter, Seconds
from dubline.quality.lag import Lag, LagMeter, fingerprint
from dubline.quality.null import NullMeter, Residual
from dubline.quality.spectrogram import SpectrogramMeter
from dubline.quality.tracks import Track, open_track


@dataclass(frozen=True, slots=True)
class Beside:
    """A track's mix. ``lag`` and ``residual`` against it are None where rate or channel count are not the same."""

    layout: Layout
    rate: int
    frames: int
    condition: Condition
    lag: Lag | None
    residual: Residual | None


@dataclass(frozen=True, slots=True)
class Heard:
    """A decoded track; ``picture`` is its spectrogram, ``beside`` None where there was no mix to hold it against."""

    frames: int
    rate: int
    layout: Layout
    measurement: Measurement
    curves: pa.Table
    peaks: tuple[ChannelPeak, ...]
    condition: Condition
    picture: npt.NDArray[np.float64]
    beside: Beside | None


def listen(
    files: Sequence[Path],
    *,
    stream: int,
    reference: Path | None,
    about_frames: int,
    speech: Spans | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Heard:
    """Decode audio stream ``stream`` of ``files`` beside ``reference``, the WAV it was encoded from.

    ``files`` is one file, or one mono file per channel; ``about_frames`` the length to expect where there is no
    reference. Memory holds a few seconds of sound whatever the length. Raises `BadInput` for a stream that does not
    decode or holds samples that are not finite, `Cancelled` when asked to stop.
    """
    with (
        WavReader(reference) if reference else nullcontext() as mix,
        open_track(files, stream, mix.layout if mix else None) as track,
    ):
        total = mix.frames if mix else about_frames
        ear = _Ear(track, total, where=files[0].name)
        against = _Against(track, mix, cancelled) if mix else None
        for block, original in _side_by_side(track, mix):
            if cancelled is not None and cancelled():
                raise Cancelled("checking was stopped", files[0].name, "start it again when ready")
            if block is not None:
                ear.process(block)
            if against is not None:
                against.process(block, original)
            if progress is not None:
                progress(min(ear.frames, total), total)
        return ear.heard(speech, against.beside() if against else None)


def _side_by_side(track: Track, mix: WavReader | None) -> Iterator[tuple[Block | None, Block | None]]:
    """Blocks of both from the same frame on; None for the one that has ended."""
    return zip_longest(track.blocks(), mix.blocks() if mix else ())


class _Ear:
    """Everything that is measured of a track by itself."""

    def __init__(self, track: Track, frames: int, *, where: str) -> None:
        self.frames = 0
        self._track = track
        self._seconds = Seconds(track.rate, track.layout.channels)
        self._meter = Meter(track.rate, track.layout, where=where)
        self._condition = ConditionMeter(track.rate, track.layout)
        self._peaks = ChannelPeakMeter(track.rate, track.layout)
        self._picture = SpectrogramMeter(track.rate, frames)

    def process(self, block: Block) -> None:
        self.frames += len(block)
        self._meter.process(block)
        self._picture.process(block)
        for rows in self._seconds.cut(block):
            self._second(rows)

    def heard(self, speech: Spans | None, beside: Beside | None) -> Heard:
        for rows in self._seconds.rest():
            self._second(rows)
        return Heard(
            frames=self.frames,
            rate=self._track.rate,
            layout=self._track.layout,
            measurement=self._meter.measurement(speech),
            curves=self._meter.curves(),
            peaks=self._peaks.peaks(),
            condition=self._condition.condition(),
            picture=self._picture.picture(),
            beside=beside,
        )

    def _second(self, rows: Block) -> None:
        self._condition.second(rows)
        self._peaks.second(rows)


class _Against:
    """Everything that is measured of a track against its mix."""

    def __init__(self, track: Track, mix: WavReader, cancelled: Callable[[], bool] | None) -> None:
        alike = (track.rate, track.layout.channels) == (mix.rate, mix.layout.channels)
        self._mix = mix
        self._lag = LagMeter(fingerprint(mix.path, cancelled=cancelled)) if alike else None
        self._null = NullMeter(mix.layout) if alike else None
        self._seconds = Seconds(mix.rate, mix.layout.channels)
        self._condition = ConditionMeter(mix.rate, mix.layout)

    def process(self, block: Block | None, original: Block | None) -> None:
        if original is not None:
            for rows in self._seconds.cut(original):
                self._condition.second(rows)
        if block is not None and self._lag is not None:
            self._lag.process(block)
        # Where one has ended there is nothing to compare; the length check says so.
        if block is not None and original is not None and self._null is not None:
            frames = min(len(block), len(original))
            self._null.part(block[:frames])
            self._null.whole(original[:frames])

    def beside(self) -> Beside:
        for rows in self._seconds.rest():
            self._condition.second(rows)
        return Beside(
            self._mix.layout,
            self._mix.rate,
            self._mix.frames,
            self._condition.condition(),
            self._lag.lag() if self._lag else None,
            self._null.residual() if self._null else None,
        )
