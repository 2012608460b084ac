"""What a stranger hears in a delivered track: decoded once, measured, and held against the mix it came from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path

import pyarrow as pa

from dubline.audio.layout import Layout
from dubline.audio.spans import Spans
from dubline.audio.wav import WavReader
from dubline.errors import Cancelled
from dubline.loudness.measurement import Measurement
from dubline.loudness.meter import Meter
from dubline.media.decode import AudioDecoder
from dubline.quality.lag import Lag, LagMeter, fingerprint
from dubline.quality.null import NullMeter, Residual


@dataclass(frozen=True, slots=True)
class Heard:
    """A decoded track. ``lag`` and ``residual`` are None where its rate or channel count is not the mix's."""

    frames: int
    rate: int
    layout: Layout
    mix_layout: Layout
    mix_rate: int
    measurement: Measurement
    curves: pa.Table
    lag: Lag | None
    residual: Residual | None


def listen(
    deliverable: Path,
    *,
    stream: int,
    reference: Path,
    speech: Spans | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Heard:
    """Decode audio stream ``stream`` of ``deliverable`` beside ``reference``, the WAV it was encoded from.

    Memory holds a few seconds of sound whatever the length. Raises `BadInput` for a stream that does not
    decode or holds samples that are not finite, `Cancelled` when asked to stop.
    """
    with WavReader(reference) as mix, AudioDecoder(deliverable, stream=stream) as decoder:
        alike = (decoder.rate, decoder.layout.channels) == (mix.rate, mix.layout.channels)
        lag = LagMeter(fingerprint(reference, cancelled=cancelled)) if alike else None
        null = NullMeter(mix.layout) if alike else None
        meter = Meter(decoder.rate, decoder.layout, where=deliverable.name)
        # A track longer than its mix has nothing beside its end; the length check says so.
        beside = chain(mix.blocks(), repeat(None))
        frames = 0
        for block in decoder.blocks():
            if cancelled is not None and cancelled():
                raise Cancelled("checking was stopped", deliverable.name, "start it again when ready")
            frames += len(block)
            meter.process(block)
            if lag is not None and null is not None:
                lag.process(block)
                null.part(block)
                while null.ahead and (original := next(beside)) is not None:
                    null.whole(original)
            if progress is not None:
                progress(min(frames, mix.frames), mix.frames)
        return Heard(
            frames=frames,
            rate=decoder.rate,
            layout=decoder.layout,
            mix_layout=mix.layout,
            mix_rate=mix.rate,
            measurement=meter.measurement(speech),
            curves=meter.curves(),
            lag=lag.lag() if lag else None,
            residual=null.residual() if null else None,
        )
