"""Small fully convolutional network over spectra: 0.4 million parameters that hear one second.

In the spirit of the network DNN-DS that Strauss et al., "A Hands-on Comparison of DNNs for Dialog Separation Using
Transfer Learning from Music Source Separation" (2021), compare with models 30 times its size; they give its kind
(fully convolutional in the STFT domain), its size (370 000 parameters) and its receptive field (1 s), no layers.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from dubline.separation.masking import bounded_mask, compressed_parts
from dubline.separation.network import MaskNetwork, Masks

# Per bin in: compressed magnitude, real and imaginary part, and the bin's place.
FEATURES = 4
# Per bin out: mask real, mask imaginary, music share.
HEADS = 3
# More than half the receptive field: in longer contexts nothing reaches the segment.
CONTEXT_SECONDS = 0.64


@dataclass(frozen=True, slots=True)
class FcnConfig:
    """Everything needed to build the network again.

    Each of ``widths`` halves the bins and sets the channels from there on; each of ``dilations`` is a convolution on
    the last of them that skips this many frames and bins. Together they set the receptive field.
    """

    rate: int = 48_000
    n_fft: int = 2048
    hop: int = 1024
    widths: tuple[int, ...] = (16, 32, 48, 80)
    dilations: tuple[int, ...] = (1, 2, 4, 8)
    mask_bound: float = 1.5

    def as_dict(self) -> dict[str, Any]:
        """The fields as plain values."""
        return asdict(self)


class FrameNorm(nn.Module):
    """Normalization over the channels and bins of each frame: the norm of a longer stretch would hear all of it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels, 1, 1))
        self.shift = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """``(batch, channels, bins, frames)`` to the same shape."""
        centered = x - x.mean((1, 2), keepdim=True)
        variance = centered.square().mean((1, 2), keepdim=True)
        normalized: Tensor = centered * (variance + 1e-5).rsqrt() * self.scale + self.shift
        return normalized


class DilatedBlock(nn.Module):
    """Residual convolution over ``(batch, channels, bins, frames)`` that reaches ``dilation`` bins and frames far."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.norm = FrameNorm(channels)
        self.activation = nn.PReLU(channels)
        self.convolution = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)

    def forward(self, x: Tensor) -> Tensor:
        residual: Tensor = self.convolution(self.activation(self.norm(x)))
        return x + residual


class Fcn(MaskNetwork):
    """The network: bins halved step by step, wide looks around, and back up with what was passed on the way down."""

    def __init__(self, config: FcnConfig | None = None) -> None:
        config = config or FcnConfig()
        super().__init__(rate=config.rate, n_fft=config.n_fft, hop=config.hop, context_seconds=CONTEXT_SECONDS)
        self.config = config
        self.down = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, (5, 3), stride=(2, 1), padding=(2, 1)), nn.PReLU(b))
            for a, b in itertools.pairwise((FEATURES, *config.widths))
        )
        self.blocks = nn.Sequential(*(DilatedBlock(config.widths[-1], dilation) for dilation in config.dilations))
        upward = list(itertools.pairwise((*reversed(config.widths), HEADS)))
        self.up = nn.ModuleList(
            nn.Sequential(nn.PReLU(a), nn.ConvTranspose2d(a, b, (4, 3), stride=(2, 1), padding=(1, 1)))
            for a, b in upward
        )
        self._open_masks()
        self.place: Tensor
        self.register_buffer("place", _place(config.n_fft // 2 + 1)[:, None], persistent=False)

    def _open_masks(self) -> None:
        """Start every dialogue mask near one half."""
        last = self.up[-1][-1]  # type: ignore[index]
        with torch.no_grad():
            last.weight.mul_(0.5)
            last.bias.copy_(torch.tensor([0.5, 0.0, 0.0]))

    def masks(self, spectrum: Tensor) -> Masks:
        """Masks for complex ``(batch, bins, frames)``; finite for any finite input, digital silence included."""
        bins = spectrum.shape[1]
        place = self.place.expand_as(spectrum.real)
        # Features of a bin side by side in memory: convolutions take a third less time.
        x = torch.stack((*compressed_parts(spectrum), place), -1).movedim(-1, 1)
        step: int = 2 ** len(self.down)
        x = functional.pad(x, (0, 0, 0, -bins % step))
        passed = []
        for layer in self.down:
            x = layer(x)
            passed.append(x)
        x = self.blocks(passed.pop())
        for layer in self.up:
            x = layer(x)
            if passed:
                x = x + passed.pop()
        real, imaginary, share = x[:, :, :bins].unbind(1)
        return Masks(bounded_mask(real, imaginary, self.config.mask_bound), torch.sigmoid(share))


def _place(bins: int) -> Tensor:
    """Where each bin lies between 0 and 1, in octaves: a convolution alone cannot tell low from high."""
    return torch.log2(1 + torch.arange(bins)) / math.log2(bins)
