"""What a delivery codec does to a mix: encoded and decoded in memory, aligned to the sample.

A separator is given decoded sound. The difference between the coded and the clean mix belongs to no stem; added to the
effects, stems still sum to what the separator hears.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from typing import cast

import av
import numpy as np
import numpy.typing as npt

from dubline.training.corpus import RATE, Samples


@dataclass(frozen=True, slots=True)
class Codec:
    """An encoder of libavcodec, the container it is written to and the bit rates it is used at, in bits per second."""

    encoder: str
    container: str
    rates: tuple[int, ...]


# Rates per channel pair; half of each serves one channel.
CODECS = {
    "aac": Codec("aac", "adts", (96_000, 128_000, 192_000, 256_000)),
    "ac3": Codec("ac3", "ac3", (128_000, 192_000, 256_000)),
    "mp3": Codec("libmp3lame", "mp3", (96_000, 128_000, 192_000, 256_000)),
    "opus": Codec("libopus", "ogg", (64_000, 96_000, 128_000)),
}
# Room for what decoders put before the first sample, and for the last frame of any codec.
_PAD = 8_192
_LONGEST_DELAY = 4_096
_LAYOUTS = {1: "mono", 2: "stereo"}


def round_trip(mix: Samples, name: str, bits_per_second: int) -> Samples:
    """``mix`` ``(frames,)`` or ``(frames, 2)`` at 48 kHz after codec ``name``, one of `CODECS`: the same shape, no lag.

    ``bits_per_second`` is for a pair; one channel gets half. The delay is a codec's own and is measured once, on
    noise: what is coded here may be too short or too periodic to find it in.
    """
    columns = mix[:, None] if mix.ndim == 1 else mix
    coded = _coded(columns, name, bits_per_second)
    delay = _delay(name, columns.shape[1], bits_per_second)
    aligned: Samples = coded[delay : delay + len(columns)].reshape(mix.shape)
    return aligned


def residue(mix: Samples, name: str, bits_per_second: int) -> Samples:
    """What the codec adds to ``mix``: the coded mix less ``mix``, of its shape. It goes with the effects."""
    added: Samples = round_trip(mix, name, bits_per_second) - mix
    return added


def random_codec(rng: np.random.Generator) -> tuple[str, int]:
    """A codec and one of its rates, equally likely."""
    name = list(CODECS)[int(rng.integers(len(CODECS)))]
    return name, int(rng.choice(CODECS[name].rates))


@cache
def _delay(name: str, channels: int, bits_per_second: int) -> int:
    """Samples by which the decoded sound lags: the peak of its correlation with the sound that was encoded."""
    noise = (0.1 * np.random.default_rng(0).standard_normal((RATE // 2, channels))).astype(np.float32)
    # Codecs keep low frequencies best.
    noise = np.cumsum(noise - 0.05 * np.cumsum(noise, axis=0) / np.arange(1, len(noise) + 1)[:, None], axis=0)
    noise *= 0.3 / np.abs(noise).max()
    coded = _coded(noise.astype(np.float32), name, bits_per_second)
    size = 2 * len(coded)
    spectra = np.fft.rfft(coded[:, 0], size), np.fft.rfft(noise[:, 0], size)
    correlation = np.fft.irfft(spectra[0] * np.conj(spectra[1]))[:_LONGEST_DELAY]
    return int(np.argmax(correlation))


def _coded(columns: Samples, name: str, bits_per_second: int) -> npt.NDArray[np.float32]:
    """``(frames, channels)`` encoded and decoded, with the delay at its start, at least a frame longer."""
    codec = CODECS[name]
    channels = columns.shape[1]
    file = io.BytesIO()
    with av.open(file, "w", format=codec.container) as container:
        stream = cast(av.AudioStream, container.add_stream(codec.encoder, rate=RATE, layout=_LAYOUTS[channels]))
        stream.bit_rate = bits_per_second * channels // 2
        resampler = av.AudioResampler(format=stream.format, layout=_LAYOUTS[channels], rate=RATE)
        padded = np.pad(columns.astype(np.float32), ((0, _PAD), (0, 0)))
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(padded.T), format="fltp", layout=_LAYOUTS[channels])
        frame.rate = RATE
        for ready in resampler.resample(frame):
            container.mux(stream.encode(ready))
        container.mux(stream.encode(None))
    file.seek(0)
    with av.open(file, "r") as container:
        resampler = av.AudioResampler(format="fltp", layout=_LAYOUTS[channels], rate=RATE)
        parts = [
            out.to_ndarray() for decoded in [*container.decode(audio=0), None] for out in resampler.resample(decoded)
        ]
    return np.concatenate(parts, axis=1).T.astype(np.float32)
