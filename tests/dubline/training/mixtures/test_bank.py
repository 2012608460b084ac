"""A bank pairs stems anew, at the levels of the rules, the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from dubline.training.corpus import RATE
from dubline.training.mixtures.bank import Bank, BankRules
from dubline.training.mixtures.mixer import MixtureRules, active_rms

FRAMES = RATE // 4
MIXTURES = MixtureRules(
    seconds=FRAMES / RATE,
    dialogue_over_background=(6.0, 0.0),
    music_over_effects=(-3.0, 0.0),
    level=(-30.0, 0.0),
)
RULES = BankRules(size=6, fresh=2, response_db=0.0, reverse=0.0)


def noises(channels: int = 1, seed: int = 0) -> Iterator[Tensor]:
    """Sets of noise that never end, a quarter longer than a mixture."""
    random = torch.Generator().manual_seed(seed)
    while True:
        yield 0.1 * torch.randn(2, 3, channels, FRAMES * 5 // 4, generator=random)


def constants() -> Iterator[Tensor]:
    """Sets whose stems hold the number of their set all over: 0.01, 0.02, ..."""
    number = 0
    while True:
        sets = torch.tensor([number + 1.0, number + 2.0]) / 100
        yield sets[:, None, None, None].expand(2, 3, 1, FRAMES * 5 // 4)
        number += 2


def bank(made: Iterator[Tensor], rules: BankRules = RULES, seed: int = 1) -> Bank:
    return Bank(made, rules=rules, mixtures=MIXTURES, device="cpu", seed=seed)


def level_db(samples: Tensor) -> float:
    return float(20 * np.log10(active_rms(samples.numpy())))


@pytest.mark.parametrize("channels", [1, 2])
def test_mixtures_have_the_shape_and_levels_of_the_rules(channels: int) -> None:
    stems = bank(noises(channels)).batch(4)
    assert stems.shape == (4, 3, channels, FRAMES)
    for dialogue, music, effects in stems[:, :, 0]:
        # In two channels a level is that of both together: noise in one of them lies a little off.
        room = 0.05 if channels == 1 else 0.3
        assert level_db(music) - level_db(effects) == pytest.approx(-3.0, abs=room)
        assert level_db(dialogue) - level_db(music + effects) == pytest.approx(6.0, abs=room)
        assert level_db(dialogue + music + effects) == pytest.approx(-30.0, abs=room)


def test_the_same_sets_and_seed_give_the_same_batches() -> None:
    rules = replace(RULES, response_db=4.0, reverse=0.5)
    one, other, third = bank(noises(), rules), bank(noises(), rules), bank(noises(), rules, seed=2)
    for _ in range(3):
        first = one.batch(3)
        assert torch.equal(first, other.batch(3))
        assert not torch.equal(first, third.batch(3))


def test_silence_stays_silent() -> None:
    def without_dialogue() -> Iterator[Tensor]:
        for sets in noises():
            yield sets * torch.tensor([0.0, 1.0, 1.0])[:, None, None]

    stems = bank(without_dialogue(), replace(RULES, response_db=4.0)).batch(4)
    assert not stems[:, 0].any() and stems[:, 1].any() and torch.isfinite(stems).all()
    assert not bank(iter([torch.zeros(2, 3, 1, FRAMES)] * 9)).batch(2).any()


def test_stems_of_different_sets_meet_and_those_kept_are_the_latest() -> None:
    made = bank(constants(), replace(RULES, levels=False))
    for _ in range(8):
        stems = made.batch(4)
    numbers = (100 * stems.abs().amax((2, 3))).round().int()
    # Six sets stay of the eighteen made for two sets to begin with and eight batches.
    assert numbers.min() >= 13 and numbers.max() <= 20
    assert any(len(set(row)) > 1 for row in numbers.tolist())
    assert all(len(set(role)) == 4 for role in numbers.T.tolist())


def test_a_stem_is_cut_elsewhere_each_time_and_only_backgrounds_run_backwards() -> None:
    ramp = torch.linspace(0.1, 0.5, FRAMES * 5 // 4).expand(2, 3, 1, -1)
    made = bank(iter([ramp] * 9), replace(RULES, levels=False, reverse=1.0))
    stems = made.batch(2).abs()
    rising = stems[..., -1] > stems[..., 0]
    assert rising[:, 0].all() and not rising[:, 1:].any()
    assert len(set(stems[..., 0].flatten().tolist())) == 6


def test_colors_are_smooth_in_frequency_and_alike_in_both_channels() -> None:
    impulse = torch.zeros(2, 3, 2, FRAMES)
    impulse[..., FRAMES // 2] = torch.tensor([1.0, 0.5])
    stems = bank(iter([impulse] * 9), replace(RULES, levels=False, response_db=4.0)).batch(2)
    gain = torch.fft.rfft(stems).abs()
    np.testing.assert_allclose(gain[:, :, 1], 0.5 * gain[:, :, 0], rtol=1e-3)
    steps = (20 * gain[:, :, 0].log10()).diff(dim=-1).abs()
    assert steps.max() < 2.0 and gain.std() > 0.01
