"""A short-time Fourier transform on a fixed grid of the whole file, so that pieces give what one piece would."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from dubline.audio.wav import Block

Spectrum = npt.NDArray[np.complex64]
Read = Callable[[int, int], Block]

# Long enough to part the harmonics of a voice, short enough to follow its syllables.
WINDOW_SECONDS = 0.04
_OVERLAP = 4


class Grid:
    """Frames of ``window`` samples every quarter of it, at multiples of the hop counted from sample 0."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.window = 1 << round(np.log2(WINDOW_SECONDS * rate))
        self.hop = self.window // _OVERLAP
        # Square-root Hann, periodic: used twice it sums to _OVERLAP / 2.
        phase = np.arange(self.window) * (np.pi / self.window)
        self._taper = np.sin(phase).astype(np.float32)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The samples that frames touching ``start`` to ``end`` cover."""
        first = (start - self.window) // self.hop + 1
        last = (end - 1) // self.hop
        return first * self.hop, last * self.hop + self.window

    def analyze(self, samples: Block) -> Spectrum:
        """``samples`` (n, channels), as long as a `span` -> (frames, channels, bins)."""
        frames = np.lib.stride_tricks.sliding_window_view(samples, self.window, axis=0)[:: self.hop]
        return np.fft.rfft(frames * self._taper, axis=-1).astype(np.complex64, copy=False)

    def synthesize(self, spectrum: Spectrum) -> Block:
        """(frames, channels, bins) -> (n, channels) float32; complete but for one window at either end."""
        frames = np.fft.irfft(spectrum, n=self.window, axis=-1) * (self._taper * np.float32(2.0 / _OVERLAP))
        count, channels, _ = frames.shape
        out = np.zeros(((count - 1) * self.hop + self.window, channels), dtype=np.float32)
        for at in range(count):
            out[at * self.hop : at * self.hop + self.window] += frames[at].T
        return out

    def transform(self, samples: Block) -> Spectrum:
        """A whole piece (n, channels), silence around it -> (frames, channels, bins)."""
        lead = self.window - self.hop
        return self.analyze(np.pad(samples, ((lead, lead + -len(samples) % self.hop), (0, 0))))

    def inverse(self, spectrum: Spectrum, length: int) -> Block:
        """What `transform` made of ``length`` samples back to (length, channels)."""
        lead = self.window - self.hop
        return self.synthesize(spectrum)[lead : lead + length]


def power(spectrum: Spectrum) -> npt.NDArray[np.float32]:
    """Power per bin, averaged with its two neighbors: a single bin of noise says little about its level."""
    square: npt.NDArray[np.float32] = np.square(spectrum.real) + np.square(spectrum.imag)
    padded = np.pad(square, [(0, 0)] * (square.ndim - 1) + [(1, 1)], mode="edge")
    mean: npt.NDArray[np.float32] = (padded[..., :-2] + padded[..., 1:-1] + padded[..., 2:]) * np.float32(1.0 / 3.0)
    return mean
