"""Where events of Divide and Remaster lie, and what the events of a submix add up to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from dubline.loudness.clip import integrated_loudness
from dubline.training.corpus import RATE, Samples
from dubline.training.datasets import presets
from dubline.training.datasets.events import Event, Place, Submix, draw_place, next_start, render_submix
from dubline.training.datasets.sources import Piece

preset = presets.get("dnr-v3").dnr
assert preset is not None
RULES = preset
FRAMES = 20 * RATE
LENGTHS = st.integers(1, 40 * RATE)
SEEDS = st.integers(0, 999)


@given(st.sampled_from(presets.SUBMIXES), LENGTHS, st.integers(0, FRAMES), SEEDS)
def test_an_event_lies_inside_its_submix_and_after_the_last(name: str, source: int, earliest: int, seed: int) -> None:
    own = RULES.submix(name)
    rng = np.random.default_rng(seed)
    place = draw_place(rng, RULES, own, source=source, earliest=earliest, frames=FRAMES)
    if place is None:
        return
    assert earliest <= place.start
    assert 0 < place.length <= source
    assert place.start + place.length <= FRAMES
    if own.whole:
        assert place.length == source


@given(st.integers(FRAMES + 1, 10 * FRAMES), SEEDS)
def test_an_utterance_longer_than_the_submix_is_never_cut(source: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    assert draw_place(rng, RULES, RULES.speech, source=source, earliest=0, frames=FRAMES) is None


@given(st.sampled_from(presets.SUBMIXES), st.integers(0, FRAMES - 1), st.integers(1, FRAMES), SEEDS)
def test_the_next_event_covers_no_more_than_its_share(name: str, start: int, length: int, seed: int) -> None:
    own = RULES.submix(name)
    length = min(length, FRAMES - start)
    following = next_start(np.random.default_rng(seed), own, Place(start, length), FRAMES)
    assert start + length - following <= own.overlap * length
    assert following <= start + length


def _noise(folder: Path, name: str, seconds: float, seed: int) -> Piece:
    rng = np.random.default_rng(seed)
    samples = 0.1 * rng.standard_normal(round(seconds * RATE)) * np.linspace(0.2, 1, round(seconds * RATE))
    soundfile.write(folder / name, samples, RATE, subtype="FLOAT")
    return Piece(str(folder / name))


@pytest.fixture
def noises(tmp_path: Path) -> list[Piece]:
    return [_noise(tmp_path, f"{seed}.wav", seconds, seed) for seed, seconds in enumerate((0.3, 0.9, 2.0, 4.0))]


def _submix(noises: list[Piece], name: str, seed: int, count: int = 6) -> Submix:
    return render_submix(
        np.random.default_rng(seed),
        RULES,
        name,
        lambda rng: noises[int(rng.integers(len(noises)))],
        frames=FRAMES,
        target_lufs=-30.0,
        count=count,
    )


def rebuilt(events: tuple[Event, ...], frames: int) -> Samples:
    """The submix its events describe, from the recordings alone."""
    canvas = np.zeros(frames, np.float64)
    for event in events:
        sound = Piece(event.file).samples(event.offset, event.length)
        loudness = integrated_loudness(sound, RATE)
        assert loudness is not None
        canvas[event.start : event.start + event.length] += sound * 10 ** ((event.lufs - loudness) / 20)
    return canvas.astype(np.float32)


@pytest.mark.parametrize("name", presets.SUBMIXES)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_submix_is_as_loud_as_drawn_and_the_sum_of_its_events(noises: list[Piece], name: str, seed: int) -> None:
    submix = _submix(noises, name, seed)
    assert submix.lufs == pytest.approx(-30.0, abs=0.5)
    error = rebuilt(submix.events, FRAMES) - submix.samples
    assert np.sum(error**2) <= 1e-6 * np.sum(submix.samples**2)
    own = RULES.submix(name)
    for before, after in zip(submix.events, submix.events[1:], strict=False):
        assert before.start + before.length - after.start <= own.overlap * before.length
    assert any(event.offset for event in submix.events) == own.random_offset


def test_recordings_without_sound_and_too_long_ones_leave_a_submix_silent(tmp_path: Path, noises: list[Piece]) -> None:
    soundfile.write(tmp_path / "silence.wav", np.zeros(RATE), RATE)
    for piece in (Piece(str(tmp_path / "silence.wav")), _noise(tmp_path, "long.wav", 21.0, 9)):
        submix = _submix([piece], "speech", 1)
        assert not submix.samples.any() and submix.events == () and submix.lufs is None
    mixed = _submix([Piece(str(tmp_path / "silence.wav")), *noises], "sfx_fg", 1)
    assert all("silence" not in event.file for event in mixed.events) and mixed.events
