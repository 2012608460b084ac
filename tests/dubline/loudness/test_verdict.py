import json

import pytest

from dubline.loudness.measurement import Measurement
from dubline.loudness.specs import get, list_specs
from dubline.loudness.verdict import judge

SILENT = Measurement(None, None, 0.0, None, None, None, None, None, 60.0, 48_000, 2, "stereo")


def measured(**figures):
    plain = {
        "integrated_lufs": -23.0,
        "dialogue_lufs": -27.0,
        "dialogue_fraction": 0.5,
        "lra_lu": 10.0,
        "max_momentary_lufs": -18.0,
        "max_short_term_lufs": -19.0,
        "true_peak_dbtp": -6.0,
        "sample_peak_dbfs": -6.5,
        "duration_seconds": 600.0,
        "sample_rate": 48_000,
        "channels": 2,
        "layout": "stereo",
    }
    return Measurement(**(plain | figures))


def check_named(verdict, name):
    return next(check for check in verdict.checks if check.name == name)


@pytest.mark.parametrize(
    ("lufs", "expected"),
    [
        (-23.0, "pass"),
        (-23.2, "pass"),
        (-22.8, "pass"),
        (-23.2049, "pass"),
        (-23.21, "warn"),
        (-22.0, "warn"),
        (-24.0, "warn"),
        (-24.01, "fail"),
        (-21.9, "fail"),
    ],
)
def test_target_window_and_reject_limits(lufs, expected):
    verdict = judge(measured(integrated_lufs=lufs), get("ebu-r128"))
    assert verdict.verdict == expected
    assert check_named(verdict, "programme_loudness").limit == "-23.2 to -22.8, refused outside -24 to -22"


@pytest.mark.parametrize(
    ("peak", "expected"), [(-2.0, "pass"), (-1.99, "warn"), (-1.0, "warn"), (-0.99, "fail"), (None, "pass")]
)
def test_true_peak_asked_for_and_refused(peak, expected):
    verdict = judge(measured(true_peak_dbtp=peak), get("netflix-nearfield"))
    assert check_named(verdict, "true_peak").verdict == verdict.verdict == expected


@pytest.mark.parametrize(
    ("dialogue", "programme", "expected"),
    [
        (-27.0, -18.0, "pass"),
        (-25.0, -18.0, "pass"),
        (-24.5, -18.0, "warn"),
        # QC accepts either measure.
        (-20.0, -22.0, "warn"),
        (-20.0, -18.0, "fail"),
        (-31.0, -30.0, "fail"),
    ],
)
def test_dialogue_decides_where_there_is_enough(dialogue, programme, expected):
    verdict = judge(measured(dialogue_lufs=dialogue, integrated_lufs=programme), get("netflix-nearfield"))
    assert check_named(verdict, "dialogue_loudness").value == dialogue
    assert verdict.verdict == expected


@pytest.mark.parametrize(("fraction", "name"), [(0.149, "programme_loudness"), (0.15, "dialogue_loudness")])
def test_little_speech_falls_back_to_the_programme(fraction, name):
    verdict = judge(measured(dialogue_fraction=fraction, integrated_lufs=-24.0), get("netflix-nearfield"))
    assert check_named(verdict, name).verdict == "pass"
    assert "speech" in check_named(verdict, name).note


def test_a_dialogue_spec_without_located_speech_only_warns():
    without = measured(dialogue_fraction=None, dialogue_lufs=None, integrated_lufs=-24.0)
    verdict = judge(without, get("netflix-nearfield"))
    assert verdict.verdict == "warn"
    assert "not located" in check_named(verdict, "programme_loudness").note


@pytest.mark.parametrize("spec", list_specs(), ids=lambda spec: spec.id)
def test_silence_is_a_warning_and_has_no_peak_to_fail(spec):
    verdict = judge(SILENT, spec)
    assert check_named(verdict, "true_peak").verdict == "pass"
    assert verdict.verdict == ("pass" if spec.loudness is None else "warn")


@pytest.mark.parametrize("spec", list_specs(), ids=lambda spec: spec.id)
def test_unverified_specs_say_so_and_nothing_worse(spec):
    notes = [check for check in judge(measured(), spec).checks if check.name == "spec"]
    assert [check.verdict for check in notes] == ([] if spec.verified else ["pass"])


@pytest.mark.parametrize(
    ("figures", "name"), [({"layout": "mono"}, "layout"), ({"sample_rate": 44_100}, "sample_rate")]
)
def test_format_the_spec_does_not_take(figures, name):
    verdict = judge(measured(**figures), get("netflix-nearfield"))
    assert check_named(verdict, name).verdict == verdict.verdict == "fail"
    assert judge(measured(**figures), get("ebu-r128")).verdict == "pass"


@pytest.mark.parametrize("layout", ["5.1", "5.1(side)"])
def test_both_names_of_5_1_are_taken(layout):
    assert judge(measured(layout=layout, channels=6), get("netflix-nearfield")).verdict == "pass"


@pytest.mark.parametrize(("level", "expected"), [(-18.0, "pass"), (-17.9, "fail"), (None, "pass")])
def test_short_form_has_a_short_term_maximum(level, expected):
    verdict = judge(measured(max_short_term_lufs=level), get("ebu-r128-s1"))
    assert check_named(verdict, "max_short_term").verdict == verdict.verdict == expected


@pytest.mark.parametrize(("dialogue", "expected"), [(-25.0, "pass"), (-28.0, "pass"), (-35.0, "warn"), (None, "pass")])
def test_cinematic_dialogue_far_below_the_programme(dialogue, expected):
    verdict = judge(measured(dialogue_lufs=dialogue), get("ebu-r128-s4"))
    assert check_named(verdict, "programme_over_dialogue").verdict == verdict.verdict == expected


@pytest.mark.parametrize(
    ("lra", "seconds", "expected"), [(18.0, 600, "pass"), (18.1, 600, "warn"), (1.0, 600, "warn"), (1.0, 59, "pass")]
)
def test_loudness_range_is_a_recommendation_for_stable_figures(lra, seconds, expected):
    verdict = judge(measured(lra_lu=lra, duration_seconds=float(seconds)), get("netflix-nearfield"))
    assert check_named(verdict, "loudness_range").verdict == verdict.verdict == expected


def test_json_holds_everything():
    body = json.loads(json.dumps(judge(measured(), get("wbd")).to_json()))
    assert body["verdict"] == "pass"
    assert list(body["checks"][0]) == ["name", "value", "unit", "target", "limit", "verdict", "note"]
