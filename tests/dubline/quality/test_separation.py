"""Every figure of an item, where the answer is known: the truth, the mix, silence, and a share of the mix."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dubline.audio.layout import Layout
from dubline.audio.wav import Block, WavReader
from dubline.quality.separation import FIGURES, QUICK, Truth, measure, measure_quickly, true_stems
from dubline.separation.engine import Stems

RATE = 16_000


def noises(seed: int, channels: int = 1, seconds: float = 1.0) -> list[Block]:
    rng = np.random.default_rng(seed)
    shape = (round(seconds * RATE), channels)
    return [(0.1 * rng.standard_normal(shape)).astype(np.float32) for _ in range(3)]


def item(seed: int, channels: int = 1) -> Truth:
    return Truth(true_stems(*noises(seed, channels)), RATE, Layout.default(channels))


def left_over(mix: Block, dialogue: Block, music: Block) -> Stems:
    """Stems as the engine forms them."""
    return Stems(dialogue, music, mix - dialogue - music, mix - dialogue)


def test_every_figure_is_said_and_the_quick_ones_are_among_them() -> None:
    truth = item(1)
    estimate = Stems(*[truth.mix] * 4)
    full, quick = measure(truth, estimate), measure_quickly(truth, estimate)
    assert list(full) == list(FIGURES)
    assert set(quick) == set(QUICK)
    assert {name: full[name] for name in quick} == quick


def test_the_mix_improves_nothing() -> None:
    voice, music, effects = noises(2, channels=2)
    truth = Truth(true_stems(voice, 0.001 * music, 0.001 * effects), RATE, Layout.default(2))
    figures = measure(truth, Stems(*[truth.mix] * 4))
    assert figures["si_sdr_improvement"] == pytest.approx(0.0, abs=1e-4)
    assert figures["si_sir_improvement"] == pytest.approx(0.0, abs=1e-4)
    assert figures["snr"] == figures["input_snr"]
    # All the voice is left.
    assert figures["leakage"] == pytest.approx(0.0, abs=1e-4)


def test_the_truth_leaves_nothing_to_wish_for() -> None:
    truth = item(3)
    figures = measure(truth, truth.stems)
    assert min(figures[name] for name in ("si_sdr", "snr", "me_snr", "music_snr", "effects_snr", "filtered_sdr")) > 60
    assert figures["sdr"] == math.inf
    assert figures["leakage"] == -math.inf
    # Adding in another order rounds otherwise.
    assert figures["null_dbfs"] < -130


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10_000), share=st.floats(0.05, 2.0), channels=st.integers(1, 2))
def test_one_error_makes_both_ratios_where_stems_add_up(seed: int, share: float, channels: int) -> None:
    truth = item(seed, channels)
    voice = truth.stems.dx + np.float32(share) * noises(seed + 1, channels)[0]
    figures = measure(truth, left_over(truth.mix, voice, 0 * voice))
    assert figures["me_snr"] == pytest.approx(figures["me_snr_predicted"], abs=1e-3)
    assert figures["null_dbfs"] < -130


def test_a_missing_sample_shows_in_the_null() -> None:
    truth = item(4)
    dropped = truth.stems.fx.copy()
    dropped[100] -= 0.5
    figures = measure(truth, truth.stems._replace(fx=dropped))
    assert figures["null_dbfs"] == pytest.approx(20 * math.log10(0.5), abs=0.01)


def test_nothing_is_said_of_stems_that_are_silent_in_truth() -> None:
    _, music, effects = noises(5)
    truth = Truth(true_stems(0 * music, 0 * music, effects), RATE, Layout.default(1))
    figures = measure(truth, left_over(truth.mix, 0.5 * truth.mix, 0 * music))
    unsaid = {name for name, value in figures.items() if math.isnan(value)}
    said = {"me_snr", "me_si_snr", "me_si_sdr", "effects_snr", "effects_si_snr", "effects_si_sdr", "energy_change"}
    assert unsaid == set(FIGURES) - said - {"null_dbfs"}
    # Half the amplitude of a sound without dialogue is gone.
    assert figures["energy_change"] == pytest.approx(-6.0206, abs=1e-3)


@pytest.mark.parametrize("stems", ["stems", "stems_5.1"])
def test_speech_is_heard_in_the_mix_and_not_in_the_true_me(sample: Path, stems: str) -> None:
    blocks = []
    for name in ("dialogue", "music", "effects"):
        with WavReader(sample / stems / f"{name}.wav") as reader:
            blocks.append(reader.read())
            truth_of = reader.rate, reader.layout
    truth = Truth(true_stems(*blocks), *truth_of)
    mix, clean = measure(truth, Stems(*[truth.mix] * 4)), measure(truth, truth.stems)
    assert mix["speech_left"] == pytest.approx(mix["speech_in_mix"], abs=1e-4)
    assert clean["speech_left"] == pytest.approx(clean["speech_in_me"], abs=1e-4)
    assert clean["speech_left"] < mix["speech_left"]
