"""Sound too short for a network goes on as its mirror image: at its own level, and without a jump."""

from __future__ import annotations

import torch
from torch import Tensor


def mirrored(waveform: Tensor, samples: int) -> Tensor:
    """``(…, n)`` followed by its mirror images up to ``samples``; as it is where ``n`` reaches that already."""
    length = waveform.shape[-1]
    if length >= samples:
        return waveform
    period = max(2 * (length - 1), 1)
    place = torch.arange(samples, device=waveform.device) % period
    return waveform[..., torch.minimum(place, period - place)]
