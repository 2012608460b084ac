"""What the engine asks of a network: waveforms in, waveforms out. How a network is applied is the engine's business."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

# Long enough that context costs little more than a quarter, short enough for a few hundred megabytes.
SEGMENT_SECONDS = 16.0
# What a window hears before and after its segment; speech separation gains little beyond two seconds.
CONTEXT_SECONDS = 2.0


class Masks(NamedTuple):
    """What a network says about spectra ``(batch, bins, frames)``."""

    dialogue: Tensor
    """Complex mask on the mix."""
    music: Tensor
    """Real share in [0, 1] of music inside what is not dialogue."""


class Estimate(NamedTuple):
    """Waveforms ``(batch, channels, samples)``. M&E is the mix less the dialogue, effects the M&E less the music."""

    dialogue: Tensor
    music: Tensor


class Network(nn.Module):
    """A network as the engine applies it.

    ``rate`` is the rate it was trained at, in Hz. ``channels`` is 1 where every signal is an item of the batch (pairs
    arrive as mid and side) and 2 where it hears a pair at once (left and right; a single signal arrives twice). Windows
    start on multiples of ``hop`` samples; they keep ``segment_seconds`` and hear ``context_seconds`` on both sides.
    """

    def __init__(
        self,
        *,
        rate: int,
        channels: int,
        hop: int,
        segment_seconds: float = SEGMENT_SECONDS,
        context_seconds: float = CONTEXT_SECONDS,
    ) -> None:
        super().__init__()
        if channels not in (1, 2):
            raise ValueError(f"a network hears one channel or two, not {channels}")
        self.rate = rate
        self.channels = channels
        self.hop = hop
        self.segment_seconds = segment_seconds
        self.context_seconds = context_seconds

    def forward(self, waveform: Tensor) -> Estimate:
        """Separate ``(batch, channels, samples)`` float32 of any length from one sample on.

        Finite for finite input, silent for silence, and every item of the batch on its own.
        """
        raise NotImplementedError


class MaskNetwork(Network):
    """A network that masks short-time spectra of one channel; channels are items of the batch.

    Frame k of its spectra is centered on sample ``k * hop``. Analysis and synthesis share the square root of a
    periodic Hann window, which adds up to one at half overlap.
    """

    def __init__(
        self,
        *,
        rate: int,
        n_fft: int,
        hop: int,
        segment_seconds: float = SEGMENT_SECONDS,
        context_seconds: float = CONTEXT_SECONDS,
    ) -> None:
        super().__init__(
            rate=rate, channels=1, hop=hop, segment_seconds=segment_seconds, context_seconds=context_seconds
        )
        self.n_fft = n_fft
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
        """Separate ``(batch, channels, samples)``: the music is the masked remainder."""
        samples = waveform.shape[-1]
        spectrum = self.transform(waveform.flatten(0, 1))
        masks = self.masks(spectrum)
        voice = masks.dialogue * spectrum
        music = masks.music * (spectrum - voice)
        return Estimate(*(self.inverse(s, samples).view_as(waveform) for s in (voice, music)))
