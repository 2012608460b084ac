"""Activity curves: what they hold of a sound, and what is found in two of them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dubline.audio.wav import WavReader
from dubline.mixing.sync.envelope import activity, levels
from dubline.mixing.sync.search import phrases, search
from dubline.mixing.sync.speeds import CAUSES, Line, compatible
from dubline.mixing.sync.stack import stack

Floats = npt.NDArray[np.float64]
Write = Callable[..., Path]
SECONDS = 600.0


def said(*, seed: int, speed: float = 1.0, offset: float = 0.0, words: int = 0, title: int = 0) -> Floats:
    """Activity of ten minutes of dialogue; ``words`` draws how each line of a ``title`` is spoken."""
    cues, voice = np.random.default_rng([seed, title]), np.random.default_rng([seed, words])
    lead = 1000
    curve = np.zeros(lead + round((SECONDS / speed + offset) * 100))
    at = 1.0
    while at < SECONDS - 8.0:
        length = float(cues.uniform(0.6, 5.0))
        first = lead + round((offset + (at + voice.normal(0.0, 0.05)) / speed) * 100)
        count = round(length * voice.uniform(0.85, 1.15) / speed * 100)
        curve[first : first + count] = np.repeat(voice.uniform(0.3, 1.0, count // 12 + 1), 12)[:count]
        at += length + float(cues.exponential(1.5)) + 0.15
    return curve[lead:]


@settings(max_examples=5)
@given(seed=st.integers(0, 10_000), speed=st.sampled_from(sorted(CAUSES)), offset=st.floats(-5.0, 5.0))
def test_other_words_at_the_same_cues_are_found_to_their_stated_precision(
    seed: int, speed: Fraction, offset: float
) -> None:
    reference, dub = phrases(said(seed=seed)), phrases(said(seed=seed, speed=float(speed), offset=offset, words=1))
    found = search(reference, dub)
    assert found.prominence * found.lead > 12.0
    best = stack(reference, dub, found.candidates[0].line)
    assert best.line.at(300.0) == pytest.approx(offset + 300.0 / float(speed), abs=0.1)
    assert abs(best.line.speed / float(speed) - 1) < 600e-6
    assert abs(1 / best.line.speed - 1 / float(speed)) < 6 * best.precision_slope


@settings(max_examples=5)
@given(seed=st.integers(0, 10_000))
def test_two_titles_share_no_place_that_stands_out(seed: int) -> None:
    found = search(phrases(said(seed=seed)), phrases(said(seed=seed, title=1, words=1)))
    assert found.prominence * found.lead < 12.0


def test_a_flat_curve_has_no_place() -> None:
    assert search(phrases(said(seed=1)), np.zeros(1000)).candidates == ()


@pytest.mark.parametrize("rate", [8000, 44100, 48000])
def test_an_envelope_says_when_and_how_loud(rate: int, write: Write) -> None:
    """A tone of -20 dBFS from 0.5 to 0.8 s; of several front channels the mean is heard."""
    at = np.arange(rate) / rate
    tone = (np.sqrt(2) * 0.1 * np.sin(2 * np.pi * 1000 * at) * ((at >= 0.5) & (at < 0.8)))[:, None]
    with WavReader(write(np.repeat(tone, 2, axis=1), layout="stereo", rate=rate, name="tone.wav")) as reader:
        found = levels(reader)
    assert len(found) == 100
    assert found[52:79] == pytest.approx(-20.0, abs=0.5)
    assert found[:49].max() < -100.0 and found[85:].max() < -70.0
    curve = activity(found)
    assert curve[52:79].min() > 0.8 and curve[:49].max() == 0.0


@given(cut=st.integers(1, 70_000))
@settings(max_examples=15)
def test_an_envelope_leaves_out_an_unfinished_frame_only(cut: int, write: Write) -> None:
    sound = np.random.default_rng(1).standard_normal((140_000, 1)) * 0.1
    files = [
        write(part, layout="mono", rate=44100, name=f"{name}.wav") for name, part in (("a", sound), ("b", sound[:-cut]))
    ]
    with WavReader(files[0]) as whole, WavReader(files[1]) as part:
        one, two = levels(whole), levels(part)
    assert len(two) == max(count for count in range(400) if count * 44100 // 100 <= 140_000 - cut)
    np.testing.assert_array_equal(one[: len(two)], two)


def test_silence_is_no_activity() -> None:
    assert not activity(np.full(100, -120.0)).any()
    assert not activity(np.full(100, -71.0)).any()


def test_a_speed_is_named_only_as_well_as_it_is_known() -> None:
    pal = Fraction(25025, 24000)
    assert compatible(float(pal), 1e-6) == (pal,)
    assert compatible(float(pal), 1.2e-3) == (pal, Fraction(25, 24))
    assert compatible(1.0002, 1e-6) == ()
    assert compatible(1.0002, 5e-4) == (Fraction(1),)


@given(
    offset=st.floats(-10, 10), speed=st.floats(0.95, 1.05), shift=st.floats(-1, 1), slope=st.floats(-1e-3, 1e-3),
    at=st.floats(0, 10_000),
)  # fmt: skip
def test_bending_a_line_moves_every_second_by_what_it_says(
    offset: float, speed: float, shift: float, slope: float, at: float
) -> None:
    line = Line(offset, speed)
    assert line.bent(shift, slope).at(at) == pytest.approx(line.at(at) + shift + slope * at, abs=1e-6)
