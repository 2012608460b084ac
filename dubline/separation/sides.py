"""The side of a pair keeps to its middle: no more of it is called dialogue than of the middle at the same place.

Dialogue lives in the middle of a pair. A side separated on its own loses wide music that resembles a voice; bounded by
the middle it does not, and the image of what remains stands still. The bound is set on spectra of the estimates, so it
holds for any network that hears one channel.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

# A fixed length of sound whatever the rate: long enough to part a voice's harmonics, short enough for its consonants.
WINDOW_SECONDS = 2048 / 48_000
# Frames worked on at once; longer stretches only fall out of the cache.
CHUNK_FRAMES = 64


class Signal(NamedTuple):
    """One channel of a pair and what was found in it, each ``(1, samples)``."""

    mix: Tensor
    dialogue: Tensor
    music: Tensor


def bound_side(mid: Signal, side: Signal, rate: int) -> Signal:
    """``side`` with ``|dialogue| <= |mix| * |mid.dialogue| / |mid.mix|`` in every bin, phases kept.

    What the dialogue gives back is shared between music and effects as the rest of the bin is. Where nothing exceeds
    the bound, nothing changes by a single bit.
    """
    samples, hop = side.mix.shape[-1], 1 << round(math.log2(rate * WINDOW_SECONDS / 2))
    window = torch.hann_window(2 * hop, device=side.mix.device).sqrt()
    waveforms = functional.pad(torch.cat([*mid[:2], *side]), (hop, hop + -samples % hop))
    frames = waveforms.unfold(-1, 2 * hop, hop)
    # Halves of neighboring frames add up, and so do their squared windows, to one.
    moved = torch.zeros(2, frames.shape[1] + 1, hop, device=side.mix.device)
    for start in range(0, frames.shape[1], CHUNK_FRAMES):
        part = torch.fft.rfft(frames[:, start : start + CHUNK_FRAMES] * window)
        halves = (torch.fft.irfft(_excess(*part)) * window).unflatten(-1, (2, hop))
        moved[:, start : start + part.shape[1]] += halves[:, :, 0]
        moved[:, start + 1 : start + 1 + part.shape[1]] += halves[:, :, 1]
    less, more = moved.flatten(1)[:, hop : hop + samples]
    return Signal(side.mix, side.dialogue - less, side.music + more)


def _excess(mid_mix: Tensor, mid_voice: Tensor, mix: Tensor, voice: Tensor, music: Tensor) -> Tensor:
    """What the dialogue of a side gives back, and the music's share of that, from spectra of one shape."""
    found, allowed = _power(mid_mix) * _power(voice), _power(mid_voice) * _power(mix)
    given_back = voice * torch.where(found > allowed, 1 - (allowed / found).sqrt(), 0)
    rest = _power(mix - voice)
    share = torch.where(rest > 0, (_power(music) / rest).sqrt(), 0).clamp(max=1)
    return torch.stack([given_back, share * given_back])


def _power(spectrum: Tensor) -> Tensor:
    return spectrum.real.square() + spectrum.imag.square()
