from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dubline.audio.spans import Spans
from dubline.loudness.windows import Energies
from dubline.mixing.level import Level, LevelRules, SceneLevel, match_level, scenes_of

RATE = 48000
ALL = Spans(((0.0, 1000.0),))


def steady(*parts: tuple[float, float | None]) -> Energies:
    """A stream of parts of so many seconds at so many LUFS, None for silence."""
    sums = [np.full(round(100 * seconds), level_energy(lufs)) for seconds, lufs in parts]
    return Energies(np.concatenate(sums), RATE)


def level_energy(lufs: float | None) -> float:
    return 0.0 if lufs is None else 10 ** ((lufs + 0.691) / 10) * RATE / 100


def spoken(*edges: tuple[float, float]) -> Spans:
    return Spans(edges)


@pytest.mark.parametrize(
    ("original", "dub", "gain", "limited"),
    [
        (-27.0, -23.0, -4.0, False),
        (-27.0, -35.0, 8.0, False),
        (-27.0, -50.0, 12.0, True),
        (-40.0, -20.0, -12.0, True),
        (None, -20.0, 0.0, False),
        (-27.0, None, 0.0, False),
        (None, None, 0.0, False),
    ],
)
@pytest.mark.parametrize("match", ["global", "scene"])
def test_the_dub_takes_the_level_of_the_original(
    original: float | None, dub: float | None, gain: float, limited: bool, match: str
) -> None:
    rules = LevelRules(match)  # type: ignore[arg-type]
    level = match_level(steady((5, original)), steady((5, dub)), ov_speech=ALL, dub_speech=ALL, rules=rules)
    assert level.gain_db == pytest.approx(gain) and level.limited == limited


def test_off_leaves_the_dub_as_it_came_and_still_says_how_loud_it_is() -> None:
    rules = LevelRules("off")
    level = match_level(steady((5, -27.0)), steady((5, -20.0)), ov_speech=ALL, dub_speech=ALL, rules=rules)
    assert level.gain_db == 0.0 and level.dub_dialogue_lufs == pytest.approx(-20.0)
    assert np.all(level.factors(0, 10, RATE) == 1.0)


def test_the_reason_says_what_it_would_have_taken_and_the_limit_is_the_order_s() -> None:
    rules = LevelRules(max_gain_db=5.5)
    level = match_level(steady((5, -27.0)), steady((5, -50.0)), ov_speech=ALL, dub_speech=ALL, rules=rules)
    assert level.reason == "dialogue from -50.00 to -27.00 LUFS, held at +5.5 of the +23.00 dB it would take"


def test_scenes_part_at_pauses_of_both_dialogues() -> None:
    ov = spoken((1.0, 3.0), (3.5, 5.0), (12.0, 14.0), (30.0, 31.0))
    dub = spoken((1.2, 2.0), (8.0, 9.5), (12.5, 15.0), (40.0, 41.0))
    assert scenes_of(ov, dub, pause_seconds=4.0).items == ((1.0, 15.0), (30.0, 31.0), (40.0, 41.0))
    assert scenes_of(ov, dub, pause_seconds=2.0).items == (
        (1.0, 5.0),
        (8.0, 9.5),
        (12.0, 15.0),
        (30.0, 31.0),
        (40.0, 41.0),
    )
    assert scenes_of(Spans(), Spans(), pause_seconds=4.0).items == ()


def test_every_scene_comes_near_to_the_original_within_its_limit() -> None:
    # Four scenes of ten seconds, ten apart; the dub is 2 dB low in the second and 8 dB high in the third.
    speech = spoken((0, 10), (20, 30), (40, 50), (60, 70))
    ov = steady((10, -27.0), (10, None), (10, -27.0), (10, None), (10, -27.0), (10, None), (10, None))
    dub = steady((10, -27.0), (10, None), (10, -29.0), (10, None), (10, -19.0), (10, None), (10, -27.0))
    level = match_level(ov, dub, ov_speech=speech, dub_speech=speech, rules=LevelRules("scene"))
    first, second, third, fourth = level.scenes
    assert first.gain_db == pytest.approx(level.gain_db + 3.0) and first.limited
    assert third.gain_db == pytest.approx(level.gain_db - 3.0) and third.limited
    assert second.gain_db == pytest.approx(level.gain_db + 3.0)
    # The original says nothing there: the gain is the whole dub's.
    assert (fourth.ov_dialogue_lufs, fourth.gain_db) == (None, level.gain_db)
    assert level.reason.endswith("within 3 dB of that in each of 4 scenes")


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.floats(0.3, 20.0), st.floats(4.0, 30.0), st.floats(-3.0, 3.0)), min_size=1, max_size=6),
    st.integers(50, 5000),
)
def test_the_gain_never_moves_where_anyone_speaks_and_does_not_depend_on_blocks(
    parts: list[tuple[float, float, float]], block: int
) -> None:
    rate, at, scenes = 100, 1.0, []
    for seconds, pause, gain in parts:
        scenes.append(SceneLevel(at, at + seconds, -27.0, -27.0, gain, False))
        at += seconds + pause
    level = Level("scene", 0.0, "", scenes=tuple(scenes))
    frames = round(at * rate)
    whole = np.broadcast_to(level.factors(0, frames, rate), (frames, 1))
    cut = [
        np.broadcast_to(level.factors(first, n := min(block, frames - first), rate), (n, 1))
        for first in range(0, frames, block)
    ]
    assert np.array_equal(np.concatenate(cut), whole)
    times = np.arange(frames) / rate
    if len(scenes) > 1:
        for scene in scenes:
            inside = whole[(times > scene.start_seconds - 0.45) & (times < scene.end_seconds + 0.45)]
            assert np.allclose(20 * np.log10(inside), scene.gain_db, atol=1e-4)
