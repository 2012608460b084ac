"""Conv-TasNet for stereo: a learned filterbank instead of spectra, masks from dilated convolutions along time.

An independent implementation from Luo and Mesgarani, "Conv-TasNet: Surpassing Ideal Time-Frequency Magnitude Masking
for Speech Separation" (2019), in the form for music of Défossez et al., "Music Source Separation in the Waveform
Domain" (2019), which Strauss et al. (2021) fine-tuned for dialogue: two channels in one filterbank, no skip paths,
rectified masks that are not forced to add up.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from dubline.separation.network import Estimate, Network
from dubline.separation.targets import dialogue_and_music

# Its norms take means over the whole window, so the length of a window is part of the model.
SEGMENT_SECONDS = 8.0
CONTEXT_SECONDS = 1.0
# Under the variance of anything heard, so that a gain on the input does not change the masks.
EPSILON = 1e-8


@dataclass(frozen=True, slots=True)
class ConvTasNetConfig:
    """Everything needed to build the network again; the default has the size Strauss et al. used, 11 M parameters.

    The letters of the paper: ``filters`` N of ``length`` L samples every L / 2, ``bottleneck`` B, ``hidden`` H, and
    ``repeats`` R of ``blocks`` X convolutions over ``kernel`` P frames, each twice as wide as the one before.
    """

    targets: tuple[str, ...] = ("dialogue", "background")
    rate: int = 44_100
    channels: int = 2
    filters: int = 256
    length: int = 20
    bottleneck: int = 256
    hidden: int = 512
    kernel: int = 3
    blocks: int = 10
    repeats: int = 4

    def as_dict(self) -> dict[str, Any]:
        """The fields as plain values."""
        return asdict(self)

    @property
    def hop(self) -> int:
        """Samples from one frame of the filterbank to the next."""
        return self.length // 2


class Block(nn.Module):
    """Residual block over ``(batch, bottleneck, frames)``: widen, convolve every channel along time, narrow again."""

    def __init__(self, config: ConvTasNetConfig, dilation: int) -> None:
        super().__init__()
        wide = config.hidden
        self.layers = nn.Sequential(
            nn.Conv1d(config.bottleneck, wide, 1, bias=False),
            nn.PReLU(),
            _global_norm(wide),
            nn.Conv1d(wide, wide, config.kernel, padding="same", dilation=dilation, groups=wide, bias=False),
            nn.PReLU(),
            _global_norm(wide),
            nn.Conv1d(wide, config.bottleneck, 1, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        residual: Tensor = self.layers(x)
        return x + residual


class ConvTasNet(Network):
    """The network. No part of it has a constant to add to a silent frame: silence stays silent."""

    def __init__(self, config: ConvTasNetConfig | None = None) -> None:
        config = config or ConvTasNetConfig()
        super().__init__(
            rate=config.rate,
            channels=config.channels,
            hop=config.hop,
            segment_seconds=SEGMENT_SECONDS,
            context_seconds=CONTEXT_SECONDS,
        )
        self.config = config
        channels, filters, length = config.channels, config.filters, config.length
        self.encoder = nn.Conv1d(channels, filters, length, stride=config.hop, bias=False)
        self.decoder = nn.ConvTranspose1d(filters, channels, length, stride=config.hop, bias=False)
        self.norm = nn.LayerNorm(filters, eps=EPSILON)
        self.bottleneck = nn.Conv1d(filters, config.bottleneck, 1, bias=False)
        self.blocks = nn.Sequential(
            *(
                nn.Sequential(*(Block(config, 2**block) for block in range(config.blocks)))
                for _ in range(config.repeats)
            )
        )
        self.mask = nn.Conv1d(config.bottleneck, len(config.targets) * filters, 1, bias=False)

    def forward(self, waveform: Tensor) -> Estimate:
        """Separate ``(batch, channels, samples)``."""
        samples, hop = waveform.shape[-1], self.hop
        # Two frames over every sample, the first and the last included.
        encoded = torch.relu(self.encoder(functional.pad(waveform, (hop, hop + -samples % hop))))
        features = self.bottleneck(self.norm(encoded.transpose(1, 2)).transpose(1, 2))
        masks = torch.relu(self.mask(self.blocks(features))).view(len(waveform), -1, *encoded.shape[1:])
        # The decoder is linear: what it makes of a sum is the sum of what it makes of each.
        stems = dialogue_and_music(masks * encoded[:, None], self.config.targets)
        return Estimate(*(self.decoder(stem)[..., hop : hop + samples] for stem in stems))


def _global_norm(channels: int) -> nn.GroupNorm:
    """Normalization over channels and time at once (the paper's gLN)."""
    return nn.GroupNorm(1, channels, eps=EPSILON)
