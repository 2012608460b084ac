"""The small network is as small and hears as far as it says, and learns."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from dubline.separation.fcn import CONTEXT_SECONDS, Fcn, FcnConfig
from dubline.training.losses import LossWeights, Targets, dialogue_loss

RATE = 48_000


@pytest.fixture(scope="module")
def full() -> Fcn:
    torch.manual_seed(9)
    return Fcn().eval().requires_grad_(False)


def _noise(seconds: float) -> Tensor:
    return 0.1 * torch.randn(1, 1, round(seconds * RATE), generator=torch.Generator().manual_seed(2))


def test_the_network_has_about_0_4_million_parameters(full: Fcn) -> None:
    """Strauss et al. (2021), section 3.4.2: approximately 370 000."""
    assert sum(p.numel() for p in full.parameters()) == pytest.approx(0.38e6, rel=0.05)


def test_the_network_hears_about_one_second(full: Fcn) -> None:
    """Strauss et al. (2021), section 3.4.2. A changed sample changes half a second before and after it, no more."""
    mix = _noise(2.5)
    changed = mix.clone()
    at = mix.shape[-1] // 2
    changed[..., at] += 1
    differs = (full(mix).dialogue != full(changed).dialogue)[0, 0].nonzero()
    reach = (differs.min() - at) / RATE, (differs.max() - at) / RATE
    assert reach[0] == pytest.approx(-0.5, abs=0.05) and reach[1] == pytest.approx(0.5, abs=0.05)


def test_a_piece_with_context_is_as_the_whole(full: Fcn) -> None:
    """Hearing no further than its context, the network gives a segment what it gives the title, away from rounding."""
    mix = _noise(3.0)
    context = round(CONTEXT_SECONDS * RATE)
    start, stop = 40 * full.hop, 90 * full.hop
    piece = mix[..., start - context : stop + context]
    for whole, part in zip(full(mix), full(piece), strict=True):
        assert torch.allclose(part[..., context:-context], whole[..., start:stop], atol=1e-6)


def test_masks_are_bounded() -> None:
    torch.manual_seed(9)
    network = Fcn(FcnConfig(n_fft=256, hop=128, widths=(4, 8), dilations=(1, 2)))
    spectrum = 100 * network.transform(_noise(0.1)[0])
    masks = network.masks(spectrum)
    assert masks.dialogue.shape == masks.music.shape == spectrum.shape
    assert masks.dialogue.abs().max() < 1.5
    assert masks.music.min() >= 0 and masks.music.max() <= 1


def test_low_and_high_are_told_apart_by_place() -> None:
    """One pattern, low and high in the spectrum, gets two masks: a convolution alone would give it one."""
    torch.manual_seed(9)
    network = Fcn(FcnConfig(n_fft=512, hop=256, widths=(4, 8), dilations=(1,))).eval().requires_grad_(False)
    spectrum = torch.zeros(1, 257, 9, dtype=torch.complex64)
    spectrum[:, 64:68], spectrum[:, 192:196] = 1, 1
    mask = network.masks(spectrum).dialogue
    assert not torch.allclose(mask[:, 64:68], mask[:, 192:196], atol=1e-4)


def test_a_batch_is_learned() -> None:
    """A low tone is told from a high one in a few dozen steps: more than 6 dB better than at the start."""
    torch.manual_seed(9)
    network = Fcn(FcnConfig(n_fft=256, hop=128, widths=(8, 16), dilations=(1, 2)))
    time = torch.arange(2400) / RATE
    low, high = (0.3 * torch.sin(2 * math.pi * hz * time)[None] for hz in (750, 9000))
    targets = Targets(low, high, torch.zeros_like(low))
    optimizer = torch.optim.Adam(network.parameters(), 5e-3)
    losses = []
    for _ in range(30):
        parts = dialogue_loss(network((low + high)[None]).dialogue[0], targets, LossWeights(resolutions=(512,)))
        optimizer.zero_grad()
        parts["total"].backward()
        optimizer.step()
        losses.append(parts["dialogue"].item())
    assert losses[-1] < losses[0] - 6
