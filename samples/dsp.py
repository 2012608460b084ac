"""The few signal tools the sample film is made with: filters, rooms, noise. Mono ``(frames,)`` float64 throughout."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import signal

Signal = npt.NDArray[np.float64]


def rms(samples: Signal) -> float:
    """Root mean square, never zero."""
    return float(np.sqrt(np.mean(np.square(samples)) + 1e-20))


def gain(db: float) -> float:
    """Decibels as a factor."""
    return float(10.0 ** (db / 20.0))


def highpass(samples: Signal, hertz: float, rate: int) -> Signal:
    """Second-order Butterworth high-pass."""
    return _sos(signal.butter(2, hertz, "highpass", fs=rate, output="sos"), samples)


def lowpass(samples: Signal, hertz: float, rate: int) -> Signal:
    """Second-order Butterworth low-pass."""
    return _sos(signal.butter(2, hertz, "lowpass", fs=rate, output="sos"), samples)


def bandpass(samples: Signal, low: float, high: float, rate: int) -> Signal:
    """Second-order Butterworth band-pass."""
    return _sos(signal.butter(2, (low, high), "bandpass", fs=rate, output="sos"), samples)


def resonator(samples: Signal, *, center: float, bandwidth: float, rate: int) -> Signal:
    """Two-pole resonance with unit gain at its peak, as in a formant synthesizer (Klatt 1980)."""
    radius = np.exp(-np.pi * bandwidth / rate)
    angle = 2.0 * np.pi * center / rate
    poles = [1.0, float(-2.0 * radius * np.cos(angle)), float(radius * radius)]
    peak = float(abs(np.polyval(poles[::-1], np.exp(-1j * angle))))
    shaped: Signal = signal.lfilter([peak], poles, samples)
    return shaped


def bell(samples: Signal, *, center: float, gain_db: float, width: float, rate: int) -> Signal:
    """Peaking equalizer, ``width`` in octaves (Bristow-Johnson, Audio EQ Cookbook)."""
    amplitude = 10.0 ** (gain_db / 40.0)
    omega = 2.0 * np.pi * center / rate
    alpha = np.sin(omega) * np.sinh(np.log(2.0) / 2.0 * width * omega / np.sin(omega))
    numerator = [1.0 + alpha * amplitude, -2.0 * np.cos(omega), 1.0 - alpha * amplitude]
    denominator = [1.0 + alpha / amplitude, -2.0 * np.cos(omega), 1.0 - alpha / amplitude]
    shaped: Signal = signal.lfilter(numerator, denominator, samples)
    return shaped


def saturate(samples: Signal, *, drive: float) -> Signal:
    """Soft saturation: rounds peaks off and adds a little warmth."""
    rounded: Signal = np.tanh(samples * drive) / drive
    return rounded


def noise(frames: int, seed: int) -> Signal:
    """White noise of unit variance, the same for the same seed."""
    return np.random.default_rng(seed).standard_normal(frames)


def drift(frames: int, *, hertz: float, rate: int, seed: int) -> Signal:
    """A slow random curve between 0 and 1 that turns about ``hertz`` times a second."""
    points = noise(int(frames / rate * hertz) + 4, seed)
    curve = np.interp(np.arange(frames) / rate * hertz, np.arange(len(points)), points)
    smooth: Signal = 0.5 + 0.5 * np.tanh(curve)
    return smooth


def ramps(frames: int, *, rise: float, fall: float, rate: int) -> Signal:
    """A window with raised-cosine rise and fall, both in seconds."""
    at = np.arange(frames)
    up = np.clip(at / max(rise * rate, 1.0), 0.0, 1.0)
    down = np.clip((frames - at) / max(fall * rate, 1.0), 0.0, 1.0)
    window: Signal = np.sin(np.pi / 2.0 * up) ** 2 * np.sin(np.pi / 2.0 * down) ** 2
    return window


def room(samples: Signal, *, seconds: float, brightness: float, rate: int, seed: int) -> Signal:
    """The room's answer alone: ``samples`` through exponentially falling noise, as long as ``samples``."""
    frames = int(seconds * 1.2 * rate)
    tail = noise(frames, seed) * np.exp(-6.9 * np.arange(frames) / (seconds * rate))
    tail[: int(0.006 * rate)] = 0.0
    tail = lowpass(tail, brightness, rate)
    tail /= np.sqrt(np.sum(np.square(tail)))
    wet: Signal = signal.oaconvolve(samples, tail)[: len(samples)]
    return wet


def add(track: Signal, samples: Signal, *, start: float, rate: int) -> None:
    """Add ``samples`` into ``track`` from ``start`` seconds on, as far as the track goes."""
    first = round(start * rate)
    last = min(first + len(samples), len(track))
    if last > first:
        track[first:last] += samples[: last - first]


def _sos(sections: Signal, samples: Signal) -> Signal:
    filtered: Signal = signal.sosfilt(sections, samples)
    return filtered
