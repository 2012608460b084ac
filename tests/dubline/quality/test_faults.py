"""What is wrong with a track fails when it is new, and is warned of when the mix has it already."""

from __future__ import annotations

import numpy as np
import pytest

from dubline.loudness import specs
from dubline.loudness.specs import Spec
from dubline.quality import faults
from tests.dubline.quality.test_condition import RATE, Samples, condition, noise

EBU = specs.get("ebu-r128")
PADDED = Spec.model_validate(EBU.model_dump() | {"head_pad_max_seconds": 2.0, "tail_pad_max_seconds": 0.0})


def silenced(sound: Samples, start: float, end: float, channel: int | None = None) -> Samples:
    quiet = sound.copy()
    quiet[round(start * RATE) : round(end * RATE), slice(None) if channel is None else channel] = 0.0
    return quiet


@pytest.mark.parametrize(
    ("seconds", "spec", "verdict"),
    [(0.0, EBU, "pass"), (0.2, EBU, "pass"), (3.0, EBU, "fail"), (1.5, PADDED, "pass"), (3.0, PADDED, "fail")],
)
def test_a_silent_head_is_the_mixs_or_padding_the_spec_allows(seconds: float, spec: Spec, verdict: str) -> None:
    mix = condition(noise(6.0))
    assert faults.check_head(condition(silenced(noise(6.0), 0.0, seconds)), mix, spec).verdict == verdict
    quiet = condition(silenced(noise(6.0), 0.0, seconds))
    assert faults.check_head(quiet, quiet, spec).verdict == "pass"


def test_a_silent_tail_fails_and_without_a_mix_only_a_long_one_is_warned_of() -> None:
    mix = condition(noise(14.0))
    short, long = (condition(silenced(noise(14.0), start, 14.0)) for start in (12.0, 2.0))
    assert faults.check_tail(short, mix, EBU).verdict == "fail"
    # A container that pads to the end of the picture has lost nothing.
    padded = condition(np.concatenate([noise(14.0), np.zeros((2 * RATE, 2), np.float32)]))
    assert (faults.check_tail(padded, mix, EBU).verdict, faults.check_tail(padded, mix, EBU).value) == ("pass", 2.0)
    assert faults.check_tail(short, None, EBU).verdict == "pass"
    assert faults.check_tail(long, None, EBU).verdict == "warn"


def test_a_long_silence_inside_is_warned_of_and_known_when_the_mix_has_it() -> None:
    loud, quiet = condition(noise(16.0)), condition(silenced(noise(16.0), 2.0, 14.0))
    assert faults.check_silence(loud, loud).verdict == "pass"
    assert faults.check_silence(condition(silenced(noise(16.0), 2.0, 11.0)), None).verdict == "pass"
    assert faults.check_silence(quiet, loud).verdict == "warn"
    assert (
        faults.check_silence(quiet, quiet).note
        == "under -80 dBFS at 0:02\N{EN DASH}0:14; the mix is silent there as well"
    )


def test_a_dropout_is_named_with_its_channel_and_time() -> None:
    mix = condition(noise(4.0))
    check = faults.check_dropouts(condition(silenced(noise(4.0), 1.0, 1.5, channel=1)), mix)
    assert (check.verdict, check.value, check.note) == ("fail", 0.5, "R 0:01\N{EN DASH}0:01.5")
    assert faults.check_dropouts(mix, mix).verdict == "pass"


def test_a_channel_that_never_sounds() -> None:
    whole = noise(2.0, 6)
    lfe, surround = silenced(whole, 0, 2, channel=3), silenced(whole, 0, 2, channel=4)
    mix = condition(whole, layout="5.1")
    assert faults.check_channels(mix, mix).verdict == "pass"
    # A film need not use its LFE, but one that does keeps it.
    assert faults.check_channels(condition(lfe, layout="5.1"), None).verdict == "pass"
    assert faults.check_channels(condition(lfe, layout="5.1"), mix).verdict == "fail"
    check = faults.check_channels(condition(surround, layout="5.1"), None)
    assert (check.verdict, check.note) == ("warn", "silent all along: Ls")
    assert faults.check_channels(condition(surround, layout="5.1"), mix).verdict == "fail"


def test_clipping_fails_where_it_is_new() -> None:
    sound = noise(2.0)
    clipped = sound.copy()
    clipped[5000:5100] = 1.0
    assert faults.check_clipping(condition(sound), None).verdict == "pass"
    assert faults.check_clipping(condition(clipped), None).verdict == "fail"
    assert faults.check_clipping(condition(clipped), condition(sound)).verdict == "fail"
    assert faults.check_clipping(condition(clipped), condition(clipped)).verdict == "warn"


@pytest.mark.parametrize(("offset", "verdict"), [(0.001, "pass"), (0.01, "warn"), (0.1, "fail")])
def test_an_offset_is_judged_by_its_size(offset: float, verdict: str) -> None:
    sound = noise(4.0)
    leaning = condition(sound + np.array([0, offset], np.float32))
    assert faults.check_offset(leaning, condition(sound)).verdict == verdict
    assert faults.check_offset(leaning, leaning).verdict in ("pass", "warn")


def test_opposite_phase_is_a_phase_and_a_mono_problem_for_as_long_as_it_lasts() -> None:
    sound = noise(8.0)
    sound[:, 1] = sound[:, 0]
    mix, turned, brief = condition(sound), sound.copy(), sound.copy()
    turned[2 * RATE : 7 * RATE, 1] *= -1
    brief[2 * RATE : 4 * RATE, 1] *= -1
    phase = faults.check_phase(condition(turned))
    assert phase is not None
    assert (phase.verdict, phase.note) == ("warn", "FL/FR 0:02\N{EN DASH}0:07")
    mono = faults.check_mono(condition(turned), mix)
    assert mono is not None
    assert (mono.verdict, mono.note) == ("fail", "0:02\N{EN DASH}0:07")
    for check in (faults.check_phase(condition(brief)), faults.check_mono(condition(brief), mix)):
        assert check is not None
        assert check.verdict == "pass"
    inherited = faults.check_mono(condition(turned), condition(turned))
    assert inherited is not None
    assert inherited.verdict == "warn"


def test_dialogue_out_of_phase_over_a_bed_in_phase_is_heard_to_be_lost() -> None:
    bed, voice = noise(6.0, 1, seed=1) * np.float32(0.3), noise(6.0, 1, seed=2)
    sound = np.hstack([bed + voice, bed - voice])
    check = faults.check_mono(condition(sound), None)
    assert check is not None
    assert check.verdict == "fail"
    assert check.value == pytest.approx(7.8, abs=0.5)


def test_mono_has_no_pairs() -> None:
    one = condition(noise(2.0, 1), layout="mono")
    assert faults.check_phase(one) is None
    assert faults.check_mono(one, None) is None
