"""What a microphone, a room and a mixing desk do to a recording, drawn at random and applied in one pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.fft
import soxr

from dubline.training.corpus import RATE, Samples

Response = npt.NDArray[np.float32]
# Speech-band lines: telephone, intercom, radio.
LINE_LOW_HZ, LINE_HIGH_HZ = (200.0, 500.0), (2_600.0, 4_500.0)
# Longest reverberation tail kept, in seconds: at RT60 1.5 s it ends 40 dB down.
TAIL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Color:
    """How often and how far sounds are recolored; probabilities per sound, ranges uniform."""

    speed: tuple[float, float] = (0.88, 1.12)
    tilt_db_per_octave: float = 1.5
    peak_db: float = 6.0
    low_pass: float = 0.4
    low_pass_hz: tuple[float, float] = (5_000.0, 20_000.0)
    high_pass: float = 0.25
    high_pass_hz: tuple[float, float] = (40.0, 250.0)
    reverse: float = 0.0
    line: float = 0.0


def change_speed(samples: Samples, factor: float) -> Samples:
    """Faster and higher (factor > 1) or slower and lower: ``(n,)`` to about ``(n / factor,)``."""
    resampled: Samples = soxr.resample(samples, RATE * factor, RATE, quality="LQ")
    return resampled


def room(rng: np.random.Generator, *, rt60: float, direct_to_reverberant_db: float, rate: int = RATE) -> Samples:
    """A synthetic room impulse response: direct sound, then noise decaying by 60 dB in ``rt60`` s, duller as it decays.

    Polack's statistical model (1988): exponentially decaying Gaussian noise after a pre-delay.
    """
    frames = int(min(TAIL_SECONDS, 0.7 * rt60) * rate)
    delay = int(rng.uniform(0.002, 0.025) * rate)
    tail = rng.standard_normal(frames).astype(np.float32)
    time = np.arange(frames, dtype=np.float32) / rate
    spectrum = scipy.fft.rfft(tail)
    frequency = np.linspace(0.0, rate / 2, len(spectrum), dtype=np.float32)
    corner = np.float32(rng.uniform(1_500.0, 8_000.0))
    tail = scipy.fft.irfft(spectrum / (1 + (frequency / corner) ** 2), frames)
    tail = tail * np.power(10.0, -3 * time / rt60)
    tail *= 10 ** (-direct_to_reverberant_db / 20) / max(float(np.sqrt(np.sum(tail**2))), 1e-9)
    response = np.zeros(delay + frames, np.float32)
    response[0] = 1.0
    response[delay:] += tail.astype(np.float32)
    return response


def random_room(rng: np.random.Generator, rate: int = RATE) -> Samples:
    """A room between a dry booth and a hall, now and then an outdoor echo (one repetition and little else)."""
    if rng.random() < 0.1:
        echo = np.zeros(int(rng.uniform(0.08, 0.4) * rate), np.float32)
        echo[0], echo[-1] = 1.0, 10 ** (rng.uniform(-18.0, -6.0) / 20)
        return echo
    return room(rng, rt60=rng.uniform(0.15, 1.5), direct_to_reverberant_db=rng.uniform(-3.0, 12.0), rate=rate)


def response(rng: np.random.Generator, color: Color, bins: int, rate: int = RATE) -> Response:
    """Random zero-phase magnitude response ``(bins,)`` from 0 Hz to the Nyquist frequency."""
    frequency = np.linspace(0.0, rate / 2, bins, dtype=np.float32)
    octaves = np.log2(np.maximum(frequency, 20.0) / 1_000.0)
    gain_db = np.clip(rng.uniform(-1, 1) * color.tilt_db_per_octave * octaves, -9.0, 9.0)
    center, width = rng.uniform(-3.5, 3.5), rng.uniform(0.4, 1.5)
    gain_db = gain_db + rng.uniform(-1, 1) * color.peak_db * np.exp(-(((octaves - center) / width) ** 2))
    gain = np.power(10.0, gain_db / 20)
    if rng.random() < color.low_pass:
        gain = gain * _low_pass(frequency, rng.uniform(*color.low_pass_hz))
    if rng.random() < color.high_pass:
        gain = gain * (1 - _low_pass(frequency, rng.uniform(*color.high_pass_hz), order=2))
    if rng.random() < color.line:
        gain = gain * _low_pass(frequency, rng.uniform(*LINE_HIGH_HZ))
        gain = gain * (1 - _low_pass(frequency, rng.uniform(*LINE_LOW_HZ), order=3))
    return gain.astype(np.float32)


def _low_pass(frequency: Response, corner: float, order: int = 8) -> Response:
    """Butterworth power response used as a zero-phase magnitude: -6 dB at the corner."""
    values: Response = (1 / (1 + (frequency / corner) ** (2 * order))).astype(np.float32)
    return values


def recolor(
    rng: np.random.Generator, samples: Samples, color: Color, impulse: Samples | None = None, rate: int = RATE
) -> Samples:
    """Speed, equalization, bandwidth, polarity and room in one pass: ``(n,)`` to ``(m,)`` with its tail."""
    if rng.random() < color.reverse:
        samples = samples[::-1]
    samples = change_speed(np.ascontiguousarray(samples), rng.uniform(*color.speed))
    tail = 0 if impulse is None else len(impulse)
    size = scipy.fft.next_fast_len(len(samples) + tail, real=True)
    spectrum = scipy.fft.rfft(samples, size)
    spectrum *= response(rng, color, len(spectrum), rate) * rng.choice((-1.0, 1.0))
    if impulse is not None:
        spectrum *= scipy.fft.rfft(impulse, size)
    colored: Samples = scipy.fft.irfft(spectrum, size)[: len(samples) + tail].astype(np.float32)
    return colored


def fade(samples: Samples, seconds: float = 0.01, rate: int = RATE) -> Samples:
    """The same sound with both ends faded over ``seconds``, so that a cut is not an event of its own."""
    n = min(int(seconds * rate), len(samples) // 2)
    if n == 0:
        return samples
    faded = samples.copy()
    ramp = np.linspace(0.0, 1.0, n, dtype=np.float32)
    faded[:n] *= ramp
    faded[-n:] *= ramp[::-1]
    return faded
