"""Losses on cases worked out by hand."""

from __future__ import annotations

import pytest
import torch

from dubline.training.losses import (
    FLOOR_POWER,
    LossWeights,
    Targets,
    compressed,
    dialogue_loss,
    l1_snr,
    leakage,
    negative_snr,
    share_loss,
    spectral_distance,
)


def test_half_the_target_costs_as_much_as_its_missing_half() -> None:
    target = torch.ones(1, 100)
    expected = 10 * torch.log10(torch.tensor((0.25 + FLOOR_POWER) / (1 + FLOOR_POWER)))
    assert negative_snr(0.5 * target, target, target).item() == pytest.approx(expected.item(), abs=1e-4)


def test_the_loss_of_bandit_by_hand() -> None:
    target = torch.tensor([[0.1, -0.1, 0.3, -0.3]])
    # Half of a mean magnitude of 0.2 is missing: 20 lg((0.1 + 0.001) / (0.2 + 0.001)).
    assert l1_snr(0.5 * target, target).item() == pytest.approx(-5.977, abs=1e-3)
    assert l1_snr(torch.zeros(1, 4), torch.zeros(1, 4)).item() == 0.0


def test_either_waveform_loss_can_be_chosen() -> None:
    stems = 0.1 * torch.randn(3, 2, 8_192, generator=torch.Generator().manual_seed(1))
    targets = Targets(*stems)
    parts = dialogue_loss(targets.effects, targets, LossWeights(waveform="l1snr"))
    torch.testing.assert_close(parts["dialogue"], l1_snr(targets.effects, targets.dialogue).mean())
    assert parts["dialogue"] != dialogue_loss(targets.effects, targets, LossWeights())["dialogue"]


def test_the_loss_does_not_depend_on_the_level_of_the_mix() -> None:
    estimate, target, mix = torch.randn(3, 1, 1_000, generator=torch.Generator().manual_seed(1))
    quiet = negative_snr(0.01 * estimate, 0.01 * target, 0.01 * mix)
    assert quiet.item() == pytest.approx(negative_snr(estimate, target, mix).item(), abs=1e-3)


def test_nothing_rightly_left_costs_nothing_and_is_finite() -> None:
    silence, mix = torch.zeros(1, 100), torch.ones(1, 100)
    assert negative_snr(silence, silence, mix).item() == 0.0
    assert negative_snr(silence, silence, silence).item() == 0.0
    assert negative_snr(mix, silence, mix).item() > 20


def test_a_perfect_estimate_has_no_spectral_distance() -> None:
    spectrum = compressed(torch.randn(1, 4_096), 512)
    assert spectral_distance(spectrum, spectrum).item() < 1e-3


def test_leakage_counts_voice_only_where_it_is_bare() -> None:
    voice = compressed(torch.randn(1, 4_096), 512)
    silence = torch.zeros_like(voice)
    assert leakage(voice, silence, voice).item() > 0.1
    assert leakage(silence, silence, voice).item() < 1e-6
    loud = 10 * voice
    assert leakage(voice + loud, loud, voice).item() == 0.0


def test_the_true_stems_cost_less_than_the_mix_as_dialogue() -> None:
    stems = 0.1 * torch.randn(3, 2, 8_192, generator=torch.Generator().manual_seed(1))
    targets = Targets(*stems)
    mix = targets.dialogue + targets.me
    right = dialogue_loss(targets.dialogue, targets, LossWeights())
    wrong = dialogue_loss(mix, targets, LossWeights())
    assert right["total"] < wrong["total"]
    assert right["leakage"].item() < 1e-6


def test_the_ideal_share_costs_least_and_a_closed_one_has_a_slope_to_open() -> None:
    music = torch.full((1, 4, 4), 2.0 + 0j)
    effects = torch.full((1, 4, 4), 1.0 + 0j)
    ideal = torch.full((1, 4, 4), 0.8)
    for other in (0.7, 0.9):
        assert share_loss(ideal, music, effects) < share_loss(torch.full((1, 4, 4), other), music, effects)
    logit = torch.full((1, 4, 4), -8.0, requires_grad=True)
    share_loss(torch.sigmoid(logit), music, effects).sum().backward()
    assert logit.grad is not None and logit.grad.sum() == pytest.approx(-0.8, abs=0.01)


def test_a_silent_background_asks_for_no_share() -> None:
    silence = torch.zeros(1, 4, 4, dtype=torch.complex64)
    assert share_loss(torch.rand(1, 4, 4), silence, silence).item() == 0.0
