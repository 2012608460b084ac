"""Conv-TasNet has the size of the paper's, answers to every sample whatever its level, and learns."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from dubline.separation.convtasnet import ConvTasNet, ConvTasNetConfig
from dubline.training.losses import LossWeights, Targets, dialogue_loss


def _network(*targets: str) -> ConvTasNet:
    torch.manual_seed(3)
    config = ConvTasNetConfig(targets=targets, filters=32, length=16, bottleneck=16, hidden=32, blocks=4, repeats=2)
    return ConvTasNet(config)


def _noise(samples: int) -> Tensor:
    return torch.randn(1, 2, samples, generator=torch.Generator().manual_seed(8))


@pytest.mark.parametrize(
    "targets", [("dialogue", "background"), ("vocals", "drums", "bass", "other")], ids=["dialogue", "music"]
)
def test_the_network_has_11_million_parameters(targets: tuple[str, ...]) -> None:
    """Strauss et al. (2021), section 3.3."""
    count = sum(p.numel() for p in ConvTasNet(ConvTasNetConfig(targets=targets)).parameters())
    assert count == pytest.approx(11e6, rel=0.02)


def test_gain_passes_through() -> None:
    network = _network("dialogue", "music").eval().requires_grad_(False)
    mix = _noise(2000)
    for stem, quieter in zip(network(mix), network(0.01 * mix), strict=True):
        assert torch.allclose(0.01 * stem, quieter, rtol=1e-3, atol=1e-5)


def test_targets_are_told_apart_by_name() -> None:
    """Without a target for music there is none: what is not dialogue is effects."""
    mix = _noise(500)
    assert not _network("dialogue", "background")(mix).music.any()
    assert _network("dialogue", "music")(mix).music.any()


@pytest.mark.parametrize("samples", [1, 7, 8, 9, 100])
def test_first_and_last_samples_are_heard(samples: int) -> None:
    mix = _noise(samples).requires_grad_()
    _network("dialogue", "background")(mix).dialogue.square().sum().backward()
    assert mix.grad is not None
    assert mix.grad[..., 0].any() and mix.grad[..., -1].any()


def test_a_batch_is_learned() -> None:
    """A low tone is told from a high one in a few dozen steps: more than 6 dB better than at the start."""
    time = torch.arange(1200) / 8000
    low, high = (torch.sin(2 * math.pi * hz * time).expand(1, 2, -1) * 0.3 for hz in (200, 1900))
    network = _network("dialogue", "background")
    optimizer = torch.optim.Adam(network.parameters(), 5e-3)
    targets = Targets(low.flatten(0, 1), high.flatten(0, 1), torch.zeros(2, 1200))
    losses = []
    for _ in range(30):
        parts = dialogue_loss(network(low + high).dialogue.flatten(0, 1), targets, LossWeights(resolutions=(512,)))
        optimizer.zero_grad()
        parts["total"].backward()
        optimizer.step()
        losses.append(parts["dialogue"].item())
    assert losses[-1] < losses[0] - 6
