"""What holds of every network whatever it is made of: the engine relies on it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import yaml
from torch import Tensor

from dubline.separation.network import Network
from dubline.separation.registry import ARCHITECTURES, list_models

# Each at a size that runs in milliseconds.
TINY: dict[str, dict[str, Any]] = {
    "bandit-v2": {
        "n_fft": 64,
        "hop": 16,
        "bands": 6,
        "features": 8,
        "hidden": 4,
        "pairs": 1,
        "head": 8,
        "segment_seconds": 0.03,
        "context_seconds": 0.01,
    },
    "bandsplit": {"bands": 8, "features": 8, "hidden": 8, "pairs": 1, "head": 8},
    "bandconv": {"bands": 8, "features": 8, "blocks": 2, "bottleneck": 8, "head": 8},
    "conv-tasnet": {"filters": 16, "length": 8, "bottleneck": 8, "hidden": 16, "blocks": 3, "repeats": 2},
    "fcn-small": {"n_fft": 256, "hop": 128, "widths": [4, 8], "dilations": [1, 2]},
    "mrx": {"windows": [64, 128, 256], "hop": 32, "hidden": 8, "layers": 1},
    "open-unmix": {"n_fft": 256, "hop": 64, "hidden": 16, "layers": 1},
    "spleeter-unet": {"n_fft": 256, "hop": 64, "bins": 64, "frames": 32, "filters": [4, 8, 16]},
}


def _noise(*shape: int) -> Tensor:
    return 0.1 * torch.randn(*shape, generator=torch.Generator().manual_seed(3))


@pytest.fixture(scope="module", params=sorted(TINY))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def network(name: str) -> Network:
    torch.manual_seed(5)
    return ARCHITECTURES[name](TINY[name]).eval().requires_grad_(False)


@pytest.mark.parametrize("samples", [1, 2, 127, 5000])
def test_any_length_comes_back(network: Network, samples: int) -> None:
    waveform = _noise(3, network.channels, samples)
    for stem in network(waveform):
        assert stem.shape == waveform.shape and stem.dtype == torch.float32


@pytest.mark.parametrize("level", [1e-30, 1e-6, 1.0, 1e6])
def test_finite_at_any_level(network: Network, level: float) -> None:
    assert all(torch.isfinite(stem).all() for stem in network(level * _noise(2, network.channels, 5000)))


def test_silence_gives_silence(network: Network) -> None:
    assert not any(stem.any() for stem in network(torch.zeros(2, network.channels, 5000)))


def test_items_of_a_batch_do_not_hear_each_other(network: Network) -> None:
    waveform = _noise(3, network.channels, 5000)
    waveform[1:] *= 30
    for together, alone in zip(network(waveform), network(waveform[:1]), strict=True):
        assert torch.allclose(together[:1], alone, atol=1e-6)


def test_a_config_written_down_builds_the_same_network(name: str, network: Network) -> None:
    written = yaml.safe_dump(network.config.as_dict())
    again = ARCHITECTURES[name](yaml.safe_load(written))
    assert again.config == network.config
    again.load_state_dict(network.state_dict())


def test_every_shipped_card_builds_its_network_and_says_all_of_its_config() -> None:
    for card in list_models():
        with torch.device("meta"):
            network = ARCHITECTURES[card.architecture](card.config)
        assert yaml.safe_load(yaml.safe_dump(network.config.as_dict())) == card.config
