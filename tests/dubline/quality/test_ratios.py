"""Ratios of energies against published examples, cases worked out by hand, and what must hold for any signal."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubline.quality.ratios import bounded, distribution, si_sdr, si_sir, si_snr, snr

Floats = npt.NDArray[np.float64]

TIME = np.arange(48_000) / 48_000 * 2 * np.pi
# Whole periods in a second: at right angles to each other and without a mean.
VOICE, BACKGROUND, ARTIFACT = np.sin(5 * TIME), np.sin(7 * TIME), np.cos(5 * TIME)


def noises(seed: int, count: int, channels: int = 1) -> list[Floats]:
    rng = np.random.default_rng(seed)
    return [rng.standard_normal((4_000, channels)) + rng.uniform(-0.5, 0.5) for _ in range(count)]


def test_the_examples_of_the_torchmetrics_manual() -> None:
    estimate, target = np.array([2.5, 0.0, 2.0, 8.0]), np.array([3.0, -0.5, 2.0, 7.0])
    assert snr(estimate, target) == pytest.approx(16.1805, abs=1e-4)
    assert si_snr(estimate, target) == pytest.approx(15.0918, abs=1e-4)
    assert si_sdr(estimate, target) == pytest.approx(18.4030, abs=1e-4)


def test_an_error_a_tenth_as_large_is_20_db_and_another_level_only_matters_to_snr() -> None:
    estimate = VOICE + 0.1 * ARTIFACT
    for ratio in (snr, si_snr, si_sdr):
        assert ratio(estimate, VOICE) == pytest.approx(20.0, abs=1e-6)
    assert si_sdr(3 * estimate, VOICE) == pytest.approx(20.0, abs=1e-6)
    assert si_snr(3 * estimate, VOICE) == pytest.approx(20.0, abs=1e-6)
    # |v|^2 over |2v + 0.3a|^2.
    assert snr(3 * estimate, VOICE) == pytest.approx(-10 * math.log10(4.09), abs=1e-6)


def test_only_si_snr_forgives_an_offset() -> None:
    estimate = VOICE + 0.1 * ARTIFACT + 0.5
    assert si_snr(estimate, VOICE) == pytest.approx(20.0, abs=1e-6)
    # Offset 0.25 and artifact 0.005 against a voice of 0.5, in mean squares.
    assert si_sdr(estimate, VOICE) == pytest.approx(10 * math.log10(0.5 / 0.255), abs=1e-6)


def test_interference_is_told_from_artifacts() -> None:
    estimate = 0.5 * VOICE + 0.1 * BACKGROUND + 0.2 * ARTIFACT
    assert si_sir(estimate, VOICE, BACKGROUND) == pytest.approx(20 * math.log10(5), abs=1e-6)
    assert si_sdr(estimate, VOICE) == pytest.approx(10 * math.log10(0.25 / 0.05), abs=1e-6)
    # Right angles, so that the energies of interference and artifacts add up to the distortion's.
    assert si_sir(VOICE + ARTIFACT, VOICE, BACKGROUND) > 200


def test_a_mix_has_no_artifacts() -> None:
    voice, background = noises(1, 2)
    mix = voice + 2 * background
    assert si_sir(mix, voice, background) == pytest.approx(si_sdr(mix, voice), abs=1e-9)


def test_silence_has_a_figure_only_where_bandit_gives_it_one() -> None:
    silence = np.zeros(1_000)
    assert snr(silence, silence) == 0.0
    assert math.isnan(si_sdr(VOICE[:1_000], silence))
    # To give nothing is as wrong as can be, and counts.
    assert bounded(si_sdr(silence, VOICE[:1_000])) == -100.0
    assert bounded(si_sir(silence, VOICE[:1_000], BACKGROUND[:1_000])) == -100.0


def test_the_channels_of_an_item_are_one_signal() -> None:
    left, right = noises(2, 2)
    target = np.hstack([left, right])
    assert snr(target * (1.0, 0.0), target) == pytest.approx(
        10 * math.log10(float(np.square(target).sum() / np.square(right).sum())), abs=1e-6
    )
    # Half the voice in one channel: another balance is an error that no common scale mends.
    assert si_sdr(target * (1.0, 0.5), target) < 15


@given(seed=st.integers(0, 10_000), gain=st.floats(0.01, 100.0), sign=st.sampled_from((-1.0, 1.0)))
def test_scale_invariant_ratios_do_not_see_a_gain(seed: int, gain: float, sign: float) -> None:
    error, target, background = noises(seed, 3)
    estimate = target + 0.5 * error
    scaled = sign * gain * estimate
    assert si_sdr(scaled, target) == pytest.approx(si_sdr(estimate, target), abs=1e-6)
    assert si_sir(scaled, target, background) == pytest.approx(si_sir(estimate, target, background), abs=1e-6)
    # Its guard is an absolute energy, so si_snr sees a gain a little.
    assert si_snr(scaled, target) == pytest.approx(si_snr(estimate, target), abs=1e-4)


@given(seed=st.integers(0, 10_000), level=st.floats(-20.0, 20.0), channels=st.integers(1, 2))
def test_where_dialogue_and_me_add_up_to_the_mix_one_figure_gives_the_other(
    seed: int, level: float, channels: int
) -> None:
    voice, background, error = noises(seed, 3, channels)
    background = background * 10 ** (-level / 20)
    estimate = voice + 0.3 * error
    rest = voice + background - estimate
    predicted = snr(estimate, voice) - snr(voice + background, voice)
    assert snr(rest, background) == pytest.approx(predicted, abs=1e-6)


@given(seed=st.integers(0, 10_000), share=st.floats(0.01, 2.0))
def test_the_best_scale_is_never_worse_than_none(seed: int, share: float) -> None:
    target, error = noises(seed, 2)
    estimate = target + share * error
    # SI-SDR's target is rescaled too: it compares with the SNR of the estimate at its best level.
    best = max(snr(estimate * gain, target) for gain in np.linspace(0.05, 1.5, 60))
    assert best <= 10 * math.log10(1 + 10 ** (si_sdr(estimate, target) / 10)) + 1e-9


def test_statistics_bound_what_is_infinite_and_leave_out_what_is_none() -> None:
    found = distribution([1.0, 2.0, 3.0, math.nan, math.inf])
    assert found is not None
    assert (found.count, found.median, found.mean) == (4, 2.5, 26.5)
    assert distribution([math.nan]) is None


def test_statistics_of_a_known_set() -> None:
    found = distribution(float(value) for value in range(11))
    assert found is not None
    assert (found.p10, found.median, found.p90, found.mean) == (1.0, 5.0, 9.0, 5.0)
    assert found.std == pytest.approx(math.sqrt(10.0))
