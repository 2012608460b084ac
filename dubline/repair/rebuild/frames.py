"""Frames of a context, none of which reaches beyond it, and sound from frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dubline.audio.wav import Block

Floats = npt.NDArray[np.float64]
Spectrum = npt.NDArray[np.complex64]

# Long enough to part a hum's harmonics, short enough that a crackle does not smear.
WINDOW_SECONDS = 0.04
OVERLAP = 4


@dataclass(frozen=True, slots=True)
class Frames:
    """Square-root Hann windows of ``window`` samples, a power of two, every quarter of it."""

    window: int

    @classmethod
    def at_rate(cls, rate: int, seconds: float = WINDOW_SECONDS) -> Frames:
        """Windows of about ``seconds``."""
        return cls(1 << max(round(np.log2(seconds * rate)), 3))

    @property
    def hop(self) -> int:
        """Samples from one frame to the next."""
        return self.window // OVERLAP

    def analyze(self, samples: Block) -> Spectrum:
        """``samples`` (n, channels), n at least a window -> (1 + (n - window) // hop, channels, bins)."""
        frames = np.lib.stride_tricks.sliding_window_view(samples, self.window, axis=0)[:: self.hop]
        spectrum: Spectrum = np.fft.rfft(frames * self._taper, axis=-1).astype(np.complex64, copy=False)
        return spectrum

    def synthesize(self, spectrum: Spectrum) -> Block:
        """(frames, channels, bins) -> ((frames - 1) * hop + window, channels); incomplete in a window at either end."""
        frames = np.fft.irfft(spectrum, n=self.window, axis=-1) * (self._taper * np.float32(2.0 / OVERLAP))
        count, channels, _ = frames.shape
        out = np.zeros(((count - 1) * self.hop + self.window, channels), dtype=np.float32)
        for at in range(count):
            out[at * self.hop : at * self.hop + self.window] += frames[at].T
        return out

    @property
    def _taper(self) -> npt.NDArray[np.float32]:
        # Periodic: used twice it sums to OVERLAP / 2.
        taper: npt.NDArray[np.float32] = np.sin(np.arange(self.window) * (np.pi / self.window)).astype(np.float32)
        return taper
