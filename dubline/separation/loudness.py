"""How loud each signal of a batch is, for networks that want their input at one level.

`dubline.loudness.clip` measures the same for one signal in numpy, sample after sample; this measures where the network
is, all signals at once and without leaving the GPU.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from dubline.loudness.kweighting import sections

# ITU-R BS.1770-4: blocks of 400 ms every 100 ms, an absolute gate and one relative to what passed it.
_BLOCK_SECONDS, _STEP_SECONDS = 0.4, 0.1
_ABSOLUTE_GATE, _RELATIVE_GATE = -70.0, -10.0
_OFFSET = -0.691
# Within this time the weighting has rung out, so that the end of a signal does not reach its beginning.
_RINGING_SECONDS = 0.2


def integrated_loudness(waveform: Tensor, rate: int) -> Tensor:
    """Loudness ``(…)`` in LUFS of each signal in ``(…, samples)``, as BS.1770-4 measures a single channel.

    Minus infinity where nothing passes the gates. A signal under 400 ms is one block.
    """
    samples = waveform.shape[-1]
    squares = _k_weighted(waveform, rate).square()
    block = min(round(_BLOCK_SECONDS * rate), samples)
    energy = functional.avg_pool1d(squares.reshape(-1, 1, samples), block, round(_STEP_SECONDS * rate))[:, 0]
    loudness = _level(energy)
    absolute = loudness > _ABSOLUTE_GATE
    relative = _level(_mean(energy, absolute)) + _RELATIVE_GATE
    return _level(_mean(energy, absolute & (loudness > relative)))[:, 0].reshape(waveform.shape[:-1])


def _k_weighted(waveform: Tensor, rate: int) -> Tensor:
    samples = waveform.shape[-1]
    length = samples + round(_RINGING_SECONDS * rate)
    angle = torch.arange(length // 2 + 1, device=waveform.device, dtype=torch.float64) * (2 * math.pi / length)
    delays = torch.exp(-1j * angle[:, None] * torch.arange(3, device=waveform.device))
    response = torch.ones_like(delays[:, 0])
    for section in torch.from_numpy(sections(rate)).to(delays):
        response = response * (delays @ section[:3]) / (delays @ section[3:])
    spectrum = torch.fft.rfft(waveform, n=length) * response.to(torch.complex64)
    weighted: Tensor = torch.fft.irfft(spectrum, n=length)
    return weighted[..., :samples]


def _mean(energy: Tensor, kept: Tensor) -> Tensor:
    """Mean ``(signals, 1)`` of the blocks that are kept, 0 where none is."""
    return (energy * kept).sum(-1, keepdim=True) / kept.sum(-1, keepdim=True).clamp(min=1)


def _level(energy: Tensor) -> Tensor:
    return _OFFSET + 10 * torch.log10(energy)
