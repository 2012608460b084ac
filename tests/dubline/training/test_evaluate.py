"""Figures of cases with a known answer."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from dubline.separation.network import Estimate
from dubline.training.corpus import Corpus
from dubline.training.evaluate import leakage_db, percentiles, score, si_sdr, snr, summary, validation_set
from dubline.training.mixtures import MixtureRules

RULES = MixtureRules(seconds=1.0)


def test_snr_of_an_error_a_tenth_as_large_is_20_db() -> None:
    target = torch.ones(1, 1_000)
    assert snr(1.1 * target, target).item() == pytest.approx(20.0, abs=1e-3)


def test_si_sdr_ignores_the_level_and_counts_orthogonal_noise() -> None:
    time = torch.arange(1_000) / 1_000 * 2 * torch.pi
    target, noise = torch.sin(5 * time)[None], torch.cos(5 * time)[None]
    assert si_sdr(target + 0.1 * noise, target).item() == pytest.approx(20.0, abs=1e-2)
    assert si_sdr(3 * (target + 0.1 * noise), target).item() == pytest.approx(20.0, abs=1e-2)


def test_leakage_is_the_voice_left_over_the_voice() -> None:
    voice = torch.randn(1, 48_000)
    silence = torch.zeros_like(voice)
    assert leakage_db(0.1 * voice, silence, voice).item() == pytest.approx(-20.0, abs=1e-3)


def test_the_mix_as_dialogue_improves_nothing_and_the_truth_everything(corpus: Corpus) -> None:
    stems = validation_set(corpus, RULES, items=6)

    def lazy(mix: torch.Tensor) -> Estimate:
        return Estimate(mix, torch.zeros_like(mix))

    scores = score(lazy, stems, batch=4)
    assert [s.improvement for s in scores] == pytest.approx([0.0] * 6, abs=1e-3)
    row = summary(scores)["si_sdr_improvement"]
    assert row == {"p10": 0.0, "p50": 0.0, "p90": 0.0}


def test_the_validation_set_is_the_same_every_time(corpus: Corpus) -> None:
    one, other = (validation_set(corpus, RULES, items=3) for _ in range(2))
    assert torch.equal(one, other)
    assert one[:, 0].abs().amax(1).min() > 0
    longer = validation_set(corpus, replace(RULES, seconds=0.5), items=1)
    assert longer.shape == (1, 3, 24_000)


def test_percentiles_leave_out_what_is_not_a_number() -> None:
    assert percentiles([1.0, 2.0, 3.0, float("nan"), float("inf")]) == {"p10": 1.2, "p50": 2.0, "p90": 2.8}
    assert percentiles([]) == {}
