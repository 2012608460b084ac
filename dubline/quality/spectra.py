"""The spectrogram that oracles mask and leakage is looked for in: sine windows of 43 ms at half overlap.

It is the one of the ideal masks of Strauss et al. (2021), section 4.1.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dubline.quality.ratios import Signal

Floats = npt.NDArray[np.float64]
Spectrum = npt.NDArray[np.complex128]

WINDOW_SECONDS = 0.043


def spectrum(signal: Signal, rate: int) -> Spectrum:
    """``(frames,)`` or ``(frames, channels)`` to ``(channels, windows, bins)``; the sound's ends lie amid windows."""
    window = _window(rate)
    hop = len(window) // 2
    rows = signal.reshape(len(signal), -1).T.astype(np.float64)
    filled = np.pad(rows, ((0, 0), (hop, hop + -len(signal) % hop)))
    frames = np.lib.stride_tricks.sliding_window_view(filled, len(window), axis=1)[:, ::hop]
    return np.fft.rfft(frames * window, axis=-1)


def power_spectrum(signal: Signal, rate: int) -> Floats:
    """Power of every bin, summed over channels: ``(windows, bins)``."""
    columns = signal.reshape(len(signal), -1).T
    power: Floats = np.sum([np.square(np.abs(spectrum(column, rate)[0])) for column in columns], axis=0)
    return power


def waveform(bins: Spectrum, rate: int, frames: int) -> Floats:
    """What `spectrum` gave back to ``(frames, channels)``."""
    window = _window(rate)
    hop = len(window) // 2
    parts = np.fft.irfft(bins, len(window), axis=-1) * window
    channels, count, _ = parts.shape
    out = np.zeros((channels, (count + 1) * hop))
    # Half overlap: the first halves side by side are one signal, the second halves another, a hop later.
    out[:, :-hop] += parts[:, :, :hop].reshape(channels, -1)
    out[:, hop:] += parts[:, :, hop:].reshape(channels, -1)
    return np.ascontiguousarray(out[:, hop : hop + frames].T)


def _window(rate: int) -> Floats:
    """A sine whose square adds up to one at half overlap, as long as the power of two nearest to 43 ms."""
    length = 1 << round(np.log2(WINDOW_SECONDS * rate))
    window: Floats = np.sin((np.arange(length) + 0.5) * (np.pi / length))
    return window
