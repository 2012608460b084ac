"""Which gains a mix gets, from its figures alone: nothing, the dialogue's, or one for all of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dubline.audio.layout import Layout
from dubline.audio.spans import Spans
from dubline.audio.wav import Block, WavReader, WavWriter
from dubline.errors import BadInput
from dubline.loudness.balance import Balance, read_balance
from dubline.loudness.conform import unmet
from dubline.loudness.gains import MAX_DIALOGUE_GAIN_DB, MAX_LIMITED_DB, Aim, Gains, plan_gains
from dubline.loudness.measurement import Measurement
from dubline.loudness.meter import Meter, measure_wav
from dubline.loudness.render import render
from dubline.loudness.specs import Spec, get, list_specs

RATE = 48_000
EBU, NETFLIX, SHORT = get("ebu-r128"), get("netflix-nearfield"), get("ebu-r128-s1")
MIXES = [spec for spec in list_specs() if spec.material == "print_master"]


def measured(
    lufs: float | None, peak: float | None, *, fraction: float = 0.5, short_term: float | None = None
) -> Measurement:
    loudest = lufs if short_term is None else short_term
    return Measurement(lufs, lufs, fraction, 8.0, lufs, loudest, peak, peak, 600.0, RATE, 2, "stereo")


def plan(figures: Measurement, spec: Spec, **aim: float) -> Gains:
    return plan_gains(figures, spec, dataclasses.replace(Aim(spec.max_true_peak_dbtp), **aim), lambda: None)


@pytest.mark.parametrize(
    ("spec", "lufs", "peak", "gain", "reachable"),
    [
        (EBU, -23.1, -3.0, 0.0, True),
        (EBU, -23.2, -1.0, 0.0, True),
        (EBU, -30.0, -15.0, 7.0, True),
        (EBU, -16.0, 0.5, -7.0, True),
        # On target and over the ceiling: the limiter's, not the gain's.
        (EBU, -23.0, 3.0, 0.0, True),
        # 6 dB may be limited, so a peak of -2 can go up by 7; 0.1 LU less than the target is inside the tolerance.
        (EBU, -30.1, -2.0, 7.0, True),
        (EBU, -32.0, -2.0, 7.0, False),
        (EBU, -23.0, 6.0, -1.0, False),
        (NETFLIX, -25.0, -2.0, 0.0, True),
        (NETFLIX, -24.9, -4.0, -2.1, True),
        (NETFLIX, -32.0, -6.0, 5.0, True),
        (NETFLIX, -40.0, -5.0, 9.0, False),
    ],
)
def test_one_gain_on_the_mix(spec: Spec, lufs: float, peak: float, gain: float, reachable: bool) -> None:
    made = plan(measured(lufs, peak), spec)
    assert (made.mix_db, made.dialogue_db) == (pytest.approx(gain, abs=1e-9), 0.0)
    assert (made.limit is None) is reachable
    assert reachable or "true-peak limit" in made.reason


@pytest.mark.parametrize("spec", MIXES, ids=lambda spec: spec.id)
def test_silence_is_left_alone(spec: Spec) -> None:
    silent = Measurement(None, None, 0.0, None, None, None, None, None, 60.0, RATE, 2, "stereo")
    made = plan(silent, spec)
    assert (made.mix_db, made.dialogue_db, made.limit) == (0.0, 0.0, None)


@pytest.mark.parametrize(("peak", "gain"), [(-0.5, 0.0), (0.0, 0.0), (5.9, 0.0), (7.5, -1.5)])
def test_theatrical_mixes_keep_their_level_as_far_as_a_limiter_goes(peak: float, gain: float) -> None:
    made = plan(measured(-20.0, peak), get("netflix-theatrical"))
    assert (made.mix_db, made.limit) == (pytest.approx(gain), None)


def test_a_short_term_maximum_bounds_the_gain_and_is_never_limited() -> None:
    most = SHORT.max_short_term_lufs
    assert most is not None
    made = plan(measured(-25.0, -20.0, short_term=most - 1.9), SHORT)
    assert (made.mix_db, made.limit) == (pytest.approx(1.9), None)
    made = plan(measured(-25.0, -20.0, short_term=most - 1.0), SHORT)
    assert made.mix_db == pytest.approx(1.0)
    assert made.limit is not None and "short-term limit" in made.limit


def test_loudness_that_the_codec_adds_is_reckoned_with() -> None:
    assert plan(measured(-30.0, -20.0), EBU, shift_lu=-0.4).mix_db == pytest.approx(7.4)
    assert plan(measured(-23.1, -20.0), EBU, shift_lu=-0.2).mix_db == pytest.approx(0.3)


@given(
    spec=st.sampled_from(MIXES),
    lufs=st.floats(-60, -5),
    crest=st.floats(1, 40),
    fraction=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
)
def test_what_is_reachable_lands_and_is_then_left_alone(spec: Spec, lufs: float, crest: float, fraction: float) -> None:
    mix = measured(lufs, lufs + crest, fraction=fraction)
    made = plan(mix, spec)
    landed = mix.gained(made.mix_db)
    assert landed.true_peak_dbtp is not None
    assert landed.true_peak_dbtp <= spec.max_true_peak_dbtp + MAX_LIMITED_DB + 0.01
    # The limiter ends peaks at the ceiling.
    limited = dataclasses.replace(landed, true_peak_dbtp=min(landed.true_peak_dbtp, spec.max_true_peak_dbtp))
    assert (made.limit is None) == (not unmet(limited, spec))
    if made.limit is None:
        assert plan(limited, spec).mix_db == pytest.approx(0.0, abs=0.01)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, Block, str], Path]:
    def make(name: str, sound: Block, layout: str = "stereo") -> Path:
        path = tmp_path / name
        with WavWriter(path, rate=RATE, layout=Layout.parse(layout)) as writer:
            writer.write(sound)
        return path

    return make


SPEECH = Spans(((1.0, 3.0), (5.0, 6.5)))


def stems(layout: str, *, dialogue_db: float = 0.0, seed: int = 0) -> tuple[Block, Block]:
    """Eight seconds of a mix, and the dialogue in it: correlated with the rest, as speech over its own reverb is."""
    rng, channels = np.random.default_rng(seed), Layout.parse(layout).channels
    inside = SPEECH.covers(np.arange(8 * RATE) / RATE)[:, None]
    voice = rng.standard_normal((8 * RATE, channels))
    rest = 0.02 * rng.standard_normal((8 * RATE, channels)) + 0.01 * voice
    rest[: 2 * RATE] *= 0.1
    spoken = np.where(inside, 0.05 * 10 ** (dialogue_db / 20) * voice, 0.0).astype(np.float32)
    return rest.astype(np.float32) + spoken, spoken


def balance_of(mix: Path, dialogue: Path) -> Balance:
    return read_balance(mix, dialogue, measured=measure_wav(mix, speech=SPEECH)[0], speech=SPEECH)


@settings(max_examples=4, deadline=None)
@given(layout=st.sampled_from(["mono", "stereo", "5.1"]), gain=st.floats(-12, 12), level=st.floats(-30, 12))
def test_loudness_is_known_for_every_gain_on_the_dialogue(
    layout: str, gain: float, level: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("balance")
    mix, dialogue = stems(layout, dialogue_db=level)
    for name, sound in (("mix.wav", mix), ("dx.wav", dialogue)):
        with WavWriter(folder / name, rate=RATE, layout=Layout.parse(layout)) as writer:
            writer.write(sound)
    meter = Meter(RATE, Layout.parse(layout))
    meter.process(mix + np.float32(10 ** (gain / 20) - 1) * dialogue)
    heard, known = meter.measurement(SPEECH), balance_of(folder / "mix.wav", folder / "dx.wav").measurement(gain)
    for figure in ("integrated_lufs", "dialogue_lufs", "ungated_lufs", "max_short_term_lufs"):
        assert getattr(known, figure) == pytest.approx(getattr(heard, figure), abs=2e-3)


@pytest.mark.parametrize("spec", [EBU, NETFLIX])
@pytest.mark.parametrize("off", [-1.5, 0.7])
def test_the_dialogue_is_gained_first_and_lands_on_target(
    spec: Spec, off: float, write: Callable[..., Path], tmp_path: Path
) -> None:
    mix, dialogue = stems("stereo")
    before = measure_wav(write("raw.wav", mix), speech=SPEECH)[0]
    found = before.integrated_lufs if spec is EBU else before.dialogue_lufs
    assert found is not None and spec.loudness is not None
    # Out of the tolerance by less than a gain on the dialogue can mend.
    width = spec.loudness.tol_low if off < 0 else spec.loudness.tol_high
    beyond = off if spec is EBU else np.sign(off) * (width + 0.3)
    level = np.float32(10 ** ((spec.loudness.target_lufs - found + beyond) / 20))
    source, stem = write("mix.wav", mix * level), write("dx.wav", dialogue * level)
    balance = balance_of(source, stem)
    made = plan_gains(balance.measured, spec, Aim(spec.max_true_peak_dbtp), lambda: balance)
    assert made.mix_db == 0.0 and 0.0 < abs(made.dialogue_db) <= MAX_DIALOGUE_GAIN_DB
    rendered = render(
        source,
        tmp_path / "out.wav",
        gain_db=0.0,
        ceiling_dbtp=0.0,
        dialogue=stem,
        dialogue_gain_db=made.dialogue_db,
        speech=SPEECH,
    )
    landed = rendered.measurement.integrated_lufs if spec is EBU else rendered.measurement.dialogue_lufs
    assert landed == pytest.approx(made.planned_lufs, abs=2e-3)
    if abs(made.dialogue_db) < MAX_DIALOGUE_GAIN_DB:
        assert landed == pytest.approx(spec.loudness.target_lufs, abs=2e-3)
    # The M&E is not touched: where the dub is silent, the print master bit for bit.
    with WavReader(source) as one, WavReader(tmp_path / "out.wav") as other:
        whole, changed = one.read(), other.read()
    silent = (dialogue == 0.0).all(axis=1)
    assert whole[silent].tobytes() == changed[silent].tobytes()
    assert not np.array_equal(whole, changed)


def test_further_than_the_dialogue_may_go_the_whole_mix_is_gained(write: Callable[..., Path]) -> None:
    mix, dialogue = (sound * np.float32(0.2) for sound in stems("stereo"))
    balance = balance_of(write("mix.wav", mix), write("dx.wav", dialogue))
    made = plan_gains(balance.measured, EBU, Aim(-1.0), lambda: balance)
    assert made.dialogue_db == 0.0 and made.mix_db > MAX_DIALOGUE_GAIN_DB
    silent = balance_of(write("mix2.wav", mix), write("dx2.wav", 0 * dialogue))
    assert plan_gains(silent.measured, EBU, Aim(-1.0), lambda: silent).dialogue_db == 0.0


def test_dialogue_that_does_not_lie_in_the_mix_is_refused(write: Callable[..., Path]) -> None:
    mix, dialogue = stems("stereo")
    with pytest.raises(BadInput, match="sample by sample"):
        balance_of(write("mix.wav", mix), write("dx.wav", dialogue[:-1]))
    with pytest.raises(BadInput, match="sample by sample"):
        balance_of(write("mix.wav", mix), write("mono.wav", dialogue[:, :1], "mono"))
