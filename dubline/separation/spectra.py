"""Short-time spectra as music separation has them: a Hann window, both for analysis and for synthesis.

Published weights are bound to these; our own networks have the root of that window and a scale of their own
(`dubline.separation.network.MaskNetwork`), to which our weights are bound.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class HannSpectra(nn.Module):
    """Spectra of ``n_fft`` samples every ``hop``, unscaled; frame k is centered on sample ``k * hop``.

    Beyond the ends of a signal is silence, so that signals of any length have spectra; with ``pad_mode="reflect"`` it
    is the signal's mirror image, which must be longer than half a window.
    """

    def __init__(self, n_fft: int, hop: int, pad_mode: str = "constant") -> None:
        super().__init__()
        self.pad_mode = pad_mode
        self.n_fft = n_fft
        self.hop = hop
        self.window: Tensor
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)

    @property
    def bins(self) -> int:
        """Bins of a spectrum, from 0 Hz to half the rate."""
        return self.n_fft // 2 + 1

    def forward(self, waveform: Tensor) -> Tensor:
        """``(…, samples)`` to complex ``(…, bins, frames)``."""
        filled = functional.pad(waveform, (0, -waveform.shape[-1] % self.hop))
        spectrum = torch.stft(
            filled.flatten(0, -2),
            self.n_fft,
            self.hop,
            window=self.window,
            center=True,
            pad_mode=self.pad_mode,
            return_complex=True,
        )
        return spectrum.view(*waveform.shape[:-1], *spectrum.shape[1:])

    def inverse(self, spectrum: Tensor, samples: int) -> Tensor:
        """Complex ``(…, bins, frames)`` back to ``(…, samples)``."""
        waveform = torch.istft(
            spectrum.flatten(0, -3), self.n_fft, self.hop, window=self.window, center=True, length=samples
        )
        return waveform.view(*spectrum.shape[:-2], samples)
