"""Calls made of speech: finite, as long as their rhythm, higher than the voice they are cut from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dubline.training.corpus import RATE, Samples
from dubline.training.mixtures.calls import RHYTHMS, SHOUT, call, harsh, loudest


def voice(hertz: float, seconds: float = 1.0) -> Samples:
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def pitch(samples: Samples) -> float:
    """Frequency of the strongest bin in Hz."""
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * RATE / len(samples))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), frames=st.integers(1, RATE), loud=st.booleans())
def test_calls_are_finite_sounds_of_a_few_seconds(seed: int, frames: int, loud: bool) -> None:
    rng = np.random.default_rng(seed)
    speech = rng.standard_normal(frames).astype(np.float32) if loud else np.zeros(frames, np.float32)
    made = call(rng, speech)
    assert made.dtype == np.float32 and made.ndim == 1 and np.isfinite(made).all()
    longest = max(r.repeats[1] * r.period[1] + r.fragment[1] / (r.pitch[0] * min(1, r.fall[0])) / 0.96 for r in RHYTHMS)
    assert len(made) <= longest * RATE
    assert loud or not made.any()


def test_the_same_generator_makes_the_same_call() -> None:
    speech = voice(150.0)
    one, other = (call(np.random.default_rng(4), speech) for _ in range(2))
    assert np.array_equal(one, other)
    assert not np.array_equal(one[:1_000], call(np.random.default_rng(5), speech)[:1_000])


def test_a_shout_is_higher_than_the_voice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dubline.training.mixtures.calls.RHYTHMS", (SHOUT,))
    for seed in range(8):
        made = call(np.random.default_rng(seed), voice(200.0))
        # 1.3 to 2.2 times, falling to 0.9 of that and jittered by 4 %.
        assert 200 * 1.3 * 0.9 * 0.95 < pitch(made) < 200 * 2.2 * 1.1 * 1.05


def test_the_loudest_part_is_found_and_a_short_sound_taken_whole() -> None:
    sound = np.concatenate([0.01 * voice(300.0), voice(300.0, 0.2), 0.01 * voice(300.0)]).astype(np.float32)
    found = loudest(sound, RATE // 5)
    assert len(found) == RATE // 5
    assert np.sqrt(np.mean(found[1_000:-1_000] ** 2)) == pytest.approx(0.3 / np.sqrt(2), rel=0.02)
    assert len(loudest(sound[:100], RATE)) == 100


@given(drive=st.floats(1.0, 6.0))
def test_clipping_keeps_the_peak_and_adds_overtones(drive: float) -> None:
    sound = voice(480.0)
    clipped = harsh(sound, drive)
    assert np.abs(clipped).max() == pytest.approx(np.abs(sound).max(), rel=1e-5)
    spectrum = np.abs(np.fft.rfft(clipped))
    assert spectrum[3 * 480] > 0.01 * spectrum[480]
    assert not harsh(np.zeros(10, np.float32), drive).any()
