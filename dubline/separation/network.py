"""What the engine asks of a network: spectra in, masks out. How a network is applied is the engine's business."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional


class Masks(NamedTuple):
    """What a network says about spectra ``(batch, bins, frames)``."""

    dialogue: Tensor
    """Complex mask on the mix."""
    music: Tensor
    """Real share in [0, 1] of music inside what is not dialogue."""


class Estimate(NamedTuple):
    """Waveforms ``(batch, samples)`` with ``dialogue + me = mix`` by construction."""

    dialogue: Tensor
    music: Tensor
    me: Tensor


class MaskNetwork(nn.Module):
    """A network that masks short-time spectra of one channel; channels are items of the batch.

    ``rate`` is the rate it was trained at, in Hz; frame k of its spectra is centered on sample ``k * hop``.
    Analysis and synthesis share the square root of a periodic Hann window, which adds up to one at half overlap.
    """

    def __init__(self, *, rate: int, n_fft: int, hop: int) -> None:
        super().__init__()
        self.rate = rate
        self.n_fft = n_fft
        self.hop = hop
        self.window: Tensor
        self.register_buffer("window", torch.hann_window(n_fft).sqrt(), persistent=False)

    def masks(self, spectrum: Tensor) -> Masks:
        """Masks for complex ``(batch, bins, frames)``; finite for any finite input, each item on its own."""
        raise NotImplementedError

    def transform(self, waveform: Tensor) -> Tensor:
        """``(batch, samples)`` to complex ``(batch, bins, frames)``.

        The end is filled up to a whole hop: a last sample under the foot of a single window would come back divided
        by almost nothing.
        """
        spectrum = torch.stft(
            functional.pad(waveform, (0, -waveform.shape[-1] % self.hop)),
            self.n_fft,
            self.hop,
            window=self.window,
            center=True,
            pad_mode="constant",
            return_complex=True,
        )
        return spectrum / math.sqrt(self.n_fft)

    def inverse(self, spectrum: Tensor, samples: int) -> Tensor:
        """Complex ``(batch, bins, frames)`` back to ``(batch, samples)``."""
        return torch.istft(
            spectrum * math.sqrt(self.n_fft), self.n_fft, self.hop, window=self.window, center=True, length=samples
        )

    def forward(self, waveform: Tensor) -> Estimate:
        """Separate ``(batch, samples)``: the music is the masked remainder, the M&E the exact remainder."""
        samples = waveform.shape[-1]
        spectrum = self.transform(waveform)
        masks = self.masks(spectrum)
        voice = masks.dialogue * spectrum
        dialogue = self.inverse(voice, samples)
        return Estimate(dialogue, self.inverse(masks.music * (spectrum - voice), samples), waveform - dialogue)
