"""Band-split recurrent network: a spectrum cut in overlapping log bands, read along time and along frequency in turn.

An independent implementation of the idea of Luo and Yu, "Music Source Separation With Band-Split RNN" (2023), with
triangular bands, a bounded complex dialogue mask, and the music's share of the remainder as second output.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn

from dubline.separation.masking import SILENCE_POWER, bounded_mask, compressed_parts
from dubline.separation.network import CONTEXT_SECONDS, MaskNetwork, Masks

# Values per bin and feature: compressed magnitude, compressed real part, compressed imaginary part.
FEATURES = 3
# Values per bin the heads predict: mask real, mask imaginary, music share.
HEADS = 3
# Along time, a few bands wait for each other a thousand times: torch has a fused LSTM for that on a CPU, and a GRU made
# of single steps that takes twice as long. Along bands, a thousand frames go side by side and the GRU computes less.
CELLS: dict[str, type[nn.LSTM] | type[nn.GRU]] = {"lstm": nn.LSTM, "gru": nn.GRU}
# Frames worked on at once wherever frames do not depend on each other; longer stretches only fall out of the cache.
CHUNK_FRAMES = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class BandConfig:
    """The spectra, how they are cut in bands, and what reads the masks out again."""

    rate: int = 48_000
    n_fft: int = 2048
    hop: int = 1024
    bands: int = 24
    features: int = 64
    head: int = 96
    mask_bound: float = 1.5

    def as_dict(self) -> dict[str, Any]:
        """The fields as plain numbers."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class BandSplitConfig(BandConfig):
    """Everything needed to build the network again; stored in the model card."""

    hidden: int = 64
    pairs: int = 3
    time_cell: Literal["lstm", "gru"] = "lstm"


def band_edges(config: BandConfig) -> list[int]:
    """``bands`` bin numbers from 0 to the Nyquist bin, strictly rising, narrow below and log-spaced above.

    Narrow bands are two bins wide at least, so the spacing is linear until a log step exceeds two bins.
    """
    last, count = config.n_fft // 2, config.bands
    edges = [0]
    for index in range(1, count):
        remaining = count - index
        ratio = (last / max(edges[-1], 2)) ** (1 / remaining)
        edges.append(max(edges[-1] + 2, round(max(edges[-1], 2) * ratio)))
    edges[-1] = last
    if any(b <= a for a, b in itertools.pairwise(edges)):
        raise ValueError(f"{count} bands do not fit {last + 1} bins")
    return edges


class BandInput(nn.Module):
    """One band's values as features: their shape, freed of level and scale, and the level beside it."""

    def __init__(self, values: int, features: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(values)
        self.shape = nn.Linear(values, features)
        self.level = nn.Linear(1, features)

    def forward(self, values: Tensor) -> Tensor:
        """``(batch, frames, values)`` to ``(batch, frames, features)``."""
        power = values.square().mean(-1, keepdim=True)
        features: Tensor = self.shape(self.norm(values)) + self.level(torch.log10(power + SILENCE_POWER) + 1)
        return features


class ResidualRecurrence(nn.Module):
    """LayerNorm, bidirectional recurrence and Linear around a residual; in and out ``(batch, steps, features)``."""

    def __init__(self, features: int, hidden: int, cell: str = "gru") -> None:
        super().__init__()
        self.norm = nn.LayerNorm(features)
        self.rnn = CELLS[cell](features, hidden, batch_first=True, bidirectional=True)
        self.out = nn.Linear(2 * hidden, features)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.rnn(self.norm(x))[0]
        residual: Tensor = self.out(y)
        return x + residual


class BandMasks(MaskNetwork):
    """Complex spectra in, masks out, and between them whatever a subclass makes of the bands' features.

    Mono: channels are items of the batch. Every computation is per item and the masks do not depend on how items are
    batched.
    """

    def __init__(self, config: BandConfig, *, context_seconds: float = CONTEXT_SECONDS) -> None:
        super().__init__(rate=config.rate, n_fft=config.n_fft, hop=config.hop, context_seconds=context_seconds)
        self.config = config
        edges = band_edges(config)
        starts = [edges[max(i - 1, 0)] for i in range(config.bands)]
        stops = [edges[min(i + 1, config.bands - 1)] for i in range(config.bands)]
        stops[-1] = stops[-2] = edges[-1] + 1
        self.spans = list(zip(starts, stops, strict=True))
        widths = [stop - start for start, stop in self.spans]
        self.split = nn.ModuleList(BandInput(FEATURES * width, config.features) for width in widths)
        self.heads = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(config.features),
                nn.Linear(config.features, 2 * config.head),
                nn.GLU(),
                nn.Linear(config.head, HEADS * width),
            )
            for width in widths
        )
        self._open_masks()
        self.odd_weight: Tensor
        self.register_buffer("odd_weight", _odd_weight(edges), persistent=False)

    def _open_masks(self) -> None:
        """Start every dialogue mask near one half.

        The mask itself has no gate: a sigmoid on it that once closes on sparse dialogue hardly opens again.
        """
        with torch.no_grad():
            for head, (start, stop) in zip(self.heads, self.spans, strict=True):
                last = head[-1]  # type: ignore[index]
                last.weight.mul_(0.5)
                last.bias.zero_()
                last.bias[: stop - start] = 0.5

    def mingle(self, z: Tensor) -> Tensor:
        """What the bands and frames of ``(batch, frames, bands, features)`` have to say to each other; same shape."""
        raise NotImplementedError

    def masks(self, spectrum: Tensor) -> Masks:
        """Masks for complex ``(batch, bins, frames)``; finite for any finite input, digital silence included."""
        z = self.mingle(_in_chunks(self._embed, spectrum.transpose(1, 2)))
        real, imaginary, share = _in_chunks(self._read_out, z).movedim(1, -1).unbind(1)
        return Masks(bounded_mask(real, imaginary, self.config.mask_bound), torch.sigmoid(share))

    def _embed(self, x: Tensor) -> Tensor:
        """Complex ``(batch, frames, bins)`` to features of every band ``(batch, frames, bands, features)``."""
        values = torch.stack(compressed_parts(x), dim=-1)
        return torch.stack(
            [layer(values[:, :, a:b].flatten(2)) for layer, (a, b) in zip(self.split, self.spans, strict=True)],
            dim=2,
        )

    def _read_out(self, z: Tensor) -> Tensor:
        """Predictions ``(batch, frames, HEADS, bins)``, blended from the two bands over each bin.

        Even bands tile the spectrum, and so do odd ones.
        """
        parts = [head(z[:, :, i]).unflatten(-1, (HEADS, -1)) for i, head in enumerate(self.heads)]
        # Masks are float32 whatever precision the products before them had.
        even, odd = torch.cat(parts[0::2], dim=-1).float(), torch.cat(parts[1::2], dim=-1).float()
        return torch.lerp(even, odd, self.odd_weight)


class BandSplit(BandMasks):
    """Recurrences along time and along bands in turn."""

    def __init__(self, config: BandSplitConfig | None = None) -> None:
        config = config or BandSplitConfig()
        super().__init__(config)
        features, hidden, pairs = config.features, config.hidden, range(config.pairs)
        self.along_time = nn.ModuleList(ResidualRecurrence(features, hidden, config.time_cell) for _ in pairs)
        self.along_bands = nn.ModuleList(ResidualRecurrence(features, hidden) for _ in pairs)

    def mingle(self, z: Tensor) -> Tensor:
        """Every band is read along time, then every frame along the bands, several times over."""
        batch, frames, bands, features = z.shape
        for time_block, band_block in zip(self.along_time, self.along_bands, strict=True):
            z = z.transpose(1, 2).reshape(batch * bands, frames, features)
            z = time_block(z).view(batch, bands, frames, features).transpose(1, 2)
            z = _in_chunks(partial(_per_frame, band_block), z)
        return z


def _per_frame(block: nn.Module, z: Tensor) -> Tensor:
    """``block`` along the bands of every frame of ``(batch, frames, bands, features)``."""
    along: Tensor = block(z.flatten(0, 1))
    return along.view_as(z)


def _in_chunks(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """``function`` of ``(batch, frames, …)`` tensors, applied to stretches of frames."""
    starts = range(0, x.shape[1], CHUNK_FRAMES)
    return torch.cat([function(x[:, start : start + CHUNK_FRAMES]) for start in starts], dim=1)


def _odd_weight(edges: list[int]) -> Tensor:
    """Weight ``(bins,)`` of the odd band over each bin: 0 at the center of even bands, 1 at the center of odd ones."""
    weight = torch.zeros(edges[-1] + 1)
    for index, (low, high) in enumerate(itertools.pairwise(edges)):
        ramp = torch.arange(high - low) / (high - low)
        weight[low:high] = ramp if index % 2 == 0 else 1 - ramp
    weight[-1] = float((len(edges) - 1) % 2)
    return weight
