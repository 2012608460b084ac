"""The filter splits the mix exactly, follows directions, and keeps its feet on silence and at any level."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from dubline.separation.wiener import spatial_model, wiener, wiener_filter

BINS, FRAMES = 12, 40


def _noise(*shape: int, seed: int = 1) -> Tensor:
    """Complex noise whose level differs from bin to bin and frame to frame, as of real sources."""
    rng = torch.Generator().manual_seed(seed)
    level = 10 ** (torch.randn(*shape, generator=rng) / 2)
    return level * torch.complex(torch.randn(*shape, generator=rng), torch.randn(*shape, generator=rng))


def _panned(*angles: float, seed: int = 1) -> Tensor:
    """One source per angle, each heard from its own direction: ``(1, sources, 2, bins, frames)``."""
    signals = _noise(1, len(angles), 1, BINS, FRAMES, seed=seed)
    gains = torch.tensor([[math.cos(a), math.sin(a)] for a in angles])
    return signals * gains[None, :, :, None, None]


def _snr(target: Tensor, estimate: Tensor) -> float:
    return float(10 * torch.log10(target.abs().square().sum() / (target - estimate).abs().square().sum()))


def _masked(sources: Tensor) -> Tensor:
    """What magnitudes alone give: every source's own magnitude with the phase of the mix."""
    mix = sources.sum(1)
    return sources.abs() * (mix / mix.abs())[:, None]


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("iterations", [1, 2])
def test_sources_add_up_to_the_mix(channels: int, iterations: int) -> None:
    mix = _noise(2, channels, BINS, FRAMES)
    guesses = _noise(2, 4, channels, BINS, FRAMES, seed=2)
    assert torch.allclose(wiener(mix, guesses, iterations=iterations).sum(1), mix, rtol=1e-3, atol=1e-4)


def test_the_model_of_a_panned_source_is_its_power_and_direction() -> None:
    angle = 0.3
    power, covariance = spatial_model(_panned(angle))
    signal = _noise(1, 1, 1, BINS, FRAMES)
    gains = torch.tensor([math.cos(angle), math.sin(angle)])
    assert torch.allclose(power, signal[:, :, 0].abs().square() / 2, rtol=1e-4)
    assert torch.allclose(covariance[0, 0, :, :, 0].real, 2 * torch.outer(gains, gains), atol=1e-4)


def test_two_panned_sources_come_apart_where_they_overlap() -> None:
    sources = _panned(0.2, 1.3)
    estimates = wiener_filter(sources.sum(1), *spatial_model(sources))
    assert _snr(sources, estimates) > 40


def test_one_channel_is_the_wiener_mask() -> None:
    """With one channel the covariance is one and the filter is the ratio of powers."""
    sources = _noise(1, 2, 1, BINS, FRAMES)
    mix = sources.sum(1)
    power = sources.abs().square()
    expected = power / power.sum(1, keepdim=True) * mix[:, None]
    assert _snr(expected, wiener_filter(mix, *spatial_model(sources))) > 80


def test_an_iteration_improves_on_magnitudes_with_the_phase_of_the_mix() -> None:
    sources = _panned(0.1, 1.4)
    guesses = _masked(sources)
    once, twice = (wiener(sources.sum(1), guesses, iterations=n) for n in (1, 2))
    assert _snr(sources, once) > _snr(sources, guesses) + 3
    assert _snr(sources, twice) > _snr(sources, once)


def test_directions_are_learned_anew_in_every_window() -> None:
    """Two sources that change places halfway are one muddle over the whole, and clear in each half."""
    sources = torch.cat((_panned(0.1, 1.4), _panned(1.4, 0.1, seed=2)), -1)
    mix, guesses = sources.sum(1), _masked(sources)
    halves, whole = (wiener(mix, guesses, window=w) for w in (FRAMES, 2 * FRAMES))
    assert _snr(sources, halves) > _snr(sources, whole) + 2


def test_no_iteration_changes_nothing() -> None:
    guesses = _noise(1, 2, 2, BINS, FRAMES)
    assert wiener(guesses.sum(1), guesses, iterations=0) is guesses


def test_silence_gives_silence() -> None:
    guesses = _noise(1, 2, 2, BINS, FRAMES)
    assert not wiener(torch.zeros(1, 2, BINS, FRAMES, dtype=torch.complex64), guesses).abs().any()


def test_what_no_source_claims_is_shared_evenly() -> None:
    mix = _noise(1, 2, BINS, FRAMES)
    shares = wiener(mix, torch.zeros(1, 4, 2, BINS, FRAMES, dtype=torch.complex64))
    assert torch.allclose(shares, (mix / 4)[:, None].expand_as(shares), rtol=1e-4)


@pytest.mark.parametrize("gain", [1e-25, 1e-8, 1e6, 1e25])
def test_gain_passes_through(gain: float) -> None:
    mix, guesses = _noise(1, 2, BINS, FRAMES), _noise(1, 2, 2, BINS, FRAMES, seed=2)
    louder = wiener(gain * mix, gain * guesses) / gain
    assert torch.allclose(louder, wiener(mix, guesses), rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize(
    "case", ["both ears the same", "both ears nearly the same", "one ear deaf", "one source absent", "one frame"]
)
def test_degenerate_mixes_stay_finite_and_add_up(case: str) -> None:
    mix, guesses = _noise(1, 2, BINS, FRAMES), _noise(1, 3, 2, BINS, FRAMES, seed=2)
    if case == "both ears the same":
        mix[:, 1], guesses[:, :, 1] = mix[:, 0], guesses[:, :, 0]
    elif case == "both ears nearly the same":
        mix[:, 1], guesses[:, :, 1] = mix[:, 0] + 1e-5 * mix[:, 1], guesses[:, :, 0] - 1e-5 * guesses[:, :, 1]
    elif case == "one ear deaf":
        mix[:, 1], guesses[:, :, 1] = 0, 0
    elif case == "one source absent":
        guesses[:, 0] = 0
    else:
        mix, guesses = mix[..., :1], guesses[..., :1]
    refined = wiener(mix, guesses)
    assert torch.isfinite(torch.view_as_real(refined)).all()
    assert torch.allclose(refined.sum(1), mix, rtol=1e-3, atol=1e-4)


def test_items_of_a_batch_do_not_hear_each_other() -> None:
    mix, guesses = _noise(2, 2, BINS, FRAMES), _noise(2, 3, 2, BINS, FRAMES, seed=2)
    mix[1] *= 1e3
    assert torch.allclose(wiener(mix, guesses)[:1], wiener(mix[:1], guesses[:1]), rtol=1e-4, atol=1e-5)
