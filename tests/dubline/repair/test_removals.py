"""Each method of removal against a voice and a background that are known: what of either is left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dubline.audio.layout import Layout
from dubline.audio.wav import WavReader
from dubline.repair.candidate import TARGET_DB, Candidate, filled, keeping, staying
from dubline.repair.choose_removal import clean_scene
from dubline.repair.evidence import Evidence, evidence_in
from dubline.repair.plan import plan_of
from dubline.repair.rebuild import Gap, rebuild
from dubline.repair.replace import replace
from dubline.repair.scene import Scene, scene_of
from dubline.repair.separate import separate
from dubline.repair.subtract import subtract
from dubline.vocalization.events import Event
from dubline.vocalization.rules import standard

Samples = npt.NDArray[np.float32]
Write = Callable[..., Path]
Noise = Callable[..., Samples]
RATE = 16000
SPEECH = Event(3.0, 6.9, ("FL", "FR"), "speech", 0.9, 6.0, "remove")


@pytest.fixture
def said(voice: Callable[[int], Samples]) -> Samples:
    """The sentence in the middle of ten seconds, on both channels alike."""
    sentence, samples = voice(RATE), np.zeros((RATE * 10, 2), np.float32)
    samples[3 * RATE : 3 * RATE + len(sentence)] = 0.4 * sentence[:, None]
    return samples


@pytest.fixture
def alarm() -> Samples:
    """An effect that only sounds during the event: 7.2 kHz, swelling and fading, to the left."""
    at = np.arange(RATE * 10) / RATE
    swell = np.clip(1.5 - np.abs(at - 5.0), 0.0, 1.0)
    return (0.2 * swell * np.sin(2 * np.pi * 7200 * at))[:, None].astype(np.float32) * np.float32([1.0, 0.2])


@pytest.fixture
def scene(write: Write) -> Callable[..., Scene]:
    def of(me: Samples, stem: Samples | None = None, event: Event = SPEECH) -> Scene:
        path = write(me, layout="stereo", rate=RATE)
        other = None if stem is None else write(stem, layout="stereo", rate=RATE, name="dx.wav")
        with WavReader(path) as reader, WavReader(other or path) as dialogue:
            (region,) = plan_of([event], reader).regions
            return scene_of(region, (region.start, region.end), reader, None if stem is None else dialogue)

    return of


def inside(scene: Scene, whole: Samples) -> Samples:
    return whole[scene.start : scene.end]


def left_db(scene: Scene, candidate: Candidate, sound: Samples) -> float:
    """Energy of ``sound`` after the same was done to it as to the M&E, over what it was."""
    part = inside(scene, sound)
    return float(10 * np.log10(np.square(staying(scene, candidate, part)).sum() / np.square(part).sum() + 1e-12))


def offers(scene: Scene, evidence: Evidence) -> dict[str, Candidate | None]:
    fill = rebuild(Gap(scene.before, scene.after, scene.length, scene.rate)).samples
    return {"subtract": subtract(evidence, fill), "separate": separate(evidence, fill), "replace": replace(fill)}


def test_what_an_ideal_separator_and_a_bright_stem_show_is_taken_out_and_the_effect_stays(
    said: Samples, alarm: Samples, noise: Noise, scene: Callable[..., Scene]
) -> None:
    background = noise(len(said), 2, rms=0.003) + alarm
    one = scene(background + said, 3 * said)
    evidence = evidence_in(one, inside(one, said))
    masked = {name: one for name, one in offers(one, evidence).items() if one is not None and one.mask is not None}
    assert masked
    for name, candidate in masked.items():
        assert left_db(one, candidate, said) < TARGET_DB, name
        # The sibilants that fall together with the effect take some of it along.
        assert left_db(one, candidate, alarm) > -8.0, name
        assert candidate.residual_db < TARGET_DB


def test_without_stem_and_separator_nothing_is_taken_for_background_that_stands_out_of_it(
    said: Samples, alarm: Samples, noise: Noise, scene: Callable[..., Scene]
) -> None:
    one = scene(noise(len(said), 2, rms=0.003) + alarm + said)
    candidate = subtract(evidence_in(one), np.zeros_like(one.me))
    if candidate is not None:
        assert left_db(one, candidate, said) < TARGET_DB
        assert left_db(one, candidate, alarm) < -20.0


def test_replacement_leaves_nothing_of_the_event_and_the_level_of_the_background(
    said: Samples, noise: Noise, scene: Callable[..., Scene]
) -> None:
    background = noise(len(said), 2, rms=0.01)
    one = scene(background + said)
    candidate = offers(one, evidence_in(one))["replace"]
    assert candidate is not None and left_db(one, candidate, said) < -100
    result = np.add(*filled(one, candidate))
    level = 10 * np.log10(np.square(result).mean(axis=0) / np.square(inside(one, background)).mean(axis=0))
    assert (np.abs(level) < 1.5).all()


def test_the_voice_that_is_taken_out_is_the_voice(said: Samples, noise: Noise, scene: Callable[..., Scene]) -> None:
    one = scene(noise(len(said), 2, rms=0.003) + said)
    estimate, true = evidence_in(one).estimate, inside(one, said)
    error = np.square(estimate - true).sum() / np.square(true).sum()
    assert 10 * np.log10(error) < -10


def test_the_least_invasive_method_that_passes_is_chosen_and_heard_to_pass(
    said: Samples, noise: Noise, scene: Callable[..., Scene]
) -> None:
    one = scene(noise(len(said), 2, rms=0.003) + said)
    cleaned = clean_scene(one, rules=standard(), separator=lambda scene: inside(scene, said))
    assert cleaned.before[0].is_voice and not cleaned.chosen.heard[0].is_voice
    assert [tried.passes for tried in cleaned.tried] == [False] * (len(cleaned.tried) - 1) + [True]
    np.testing.assert_allclose(cleaned.stays + cleaned.fill, np.add(*filled(one, cleaned.chosen.candidate)))


def test_with_nothing_around_there_is_nothing_to_build_from(
    said: Samples, noise: Noise, scene: Callable[..., Scene]
) -> None:
    whole = Event(0.0, 10.0, ("FL", "FR"), "speech", 0.9, 6.0, "remove")
    one = scene(noise(len(said), 2, rms=0.01) + said, event=whole)
    assert one.barren and clean_scene(one, rules=standard()).rebuilt is None


def test_a_voice_on_one_side_is_taken_from_both_without_moving_the_background(
    said: Samples, noise: Noise, scene: Callable[..., Scene]
) -> None:
    background = np.repeat(noise(len(said), 1, rms=0.003), 2, axis=1)
    one = scene(background + said * np.float32([1.0, 0.0]))
    cleaned = clean_scene(one, rules=standard())
    sides = np.square(cleaned.stays + cleaned.fill).mean(axis=0)
    assert abs(10 * np.log10(sides[0] / sides[1])) < 1.0


powers = arrays(np.float32, (5, 7), elements=st.floats(0, 1, width=32))


@settings(max_examples=50)
@given(feared=powers, more=powers, allowed=st.floats(0, 10))
def test_a_mask_leaves_no_more_than_is_allowed_and_nothing_that_could_stay(
    feared: Samples, more: Samples, allowed: float
) -> None:
    mask = keeping(feared, feared + more, allowed)
    assert set(np.unique(mask)) <= {0.0, 1.0}
    left = float((mask * feared).sum(dtype=np.float64))
    assert left <= allowed + 1e-6
    gone = feared[mask == 0.0]
    assert not len(gone) or left + float(gone.max()) > allowed - 1e-6


def test_the_layout_of_a_scene_is_that_of_the_file(said: Samples, scene: Callable[..., Scene]) -> None:
    one = scene(said)
    assert (one.layout, one.columns, one.touches) == (Layout.parse("stereo"), (0, 1), (True, True))
    assert one.around(np.zeros_like(one.me))[one.lead : one.lead + one.length].any() == np.False_
