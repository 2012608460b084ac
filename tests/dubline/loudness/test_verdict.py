import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubline.loudness.measurement import Measurement
from dubline.loudness.specs import get, list_specs
from dubline.loudness.verdict import judge

SPECS = list_specs()
WITH_LOUDNESS = [spec for spec in SPECS if spec.loudness is not None]
BAD = ["pass", "warn", "fail"]

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
        "dialogue_lra_lu": 6.0,
        "ungated_lufs": -24.0,
    }
    return Measurement(**(plain | figures))


def check_named(verdict, name):
    return next(check for check in verdict.checks if check.name == name)


def programme_at(spec, lufs):
    """Every programme figure at ``lufs`` and no speech to speak of: the programme is what counts."""
    return measured(integrated_lufs=lufs, ungated_lufs=lufs, dialogue_fraction=0.0, dialogue_lufs=None)


def dialogue_at(lufs):
    """The dialogue at ``lufs``, and the programme where no client takes it."""
    return measured(dialogue_lufs=lufs, integrated_lufs=0.0, ungated_lufs=0.0, dialogue_fraction=0.5)


def loudness_check(measurement, spec):
    return next(check for check in judge(measurement, spec).checks if check.name.endswith("_loudness"))


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


@given(st.integers(1, 100))
def test_exactly_the_share_asked_for_is_enough_speech(percent):
    spec = get("netflix-nearfield")
    asks = spec.model_copy(update={"loudness": spec.loudness.model_copy(update={"min_speech_percent": percent})})
    assert loudness_check(measured(dialogue_fraction=percent / 100), asks).name == "dialogue_loudness"
    assert loudness_check(measured(dialogue_fraction=(percent - 0.01) / 100), asks).name == "programme_loudness"


def test_a_dialogue_spec_without_located_speech_only_warns():
    without = measured(dialogue_fraction=None, dialogue_lufs=None, integrated_lufs=-24.0)
    verdict = judge(without, get("netflix-nearfield"))
    assert verdict.verdict == "warn"
    assert "not located" in check_named(verdict, "programme_loudness").note


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.id)
def test_silence_is_a_warning_and_has_no_peak_to_fail(spec):
    checks = [check for check in judge(SILENT, spec).checks if check.name != "layout"]
    assert next(check for check in checks if check.name == "true_peak").verdict == "pass"
    assert {check.verdict for check in checks} == ({"pass"} if spec.loudness is None else {"pass", "warn"})


def limits_of(spec):
    """The programme window and, where there is one, the dialogue window, each with a mix that lies at a level."""
    if spec.loudness.gate == "programme":
        return [(spec.loudness, lambda lufs: programme_at(spec, lufs))]
    return [(spec.loudness, dialogue_at), (spec.loudness.fallback, lambda lufs: programme_at(spec, lufs))]


@pytest.mark.parametrize("spec", WITH_LOUDNESS, ids=lambda spec: spec.id)
def test_windows_include_their_ends_and_nothing_beyond(spec):
    for limit, mix in limits_of(spec):
        for side, on_target, refused in ((-1, limit.tol_low, limit.reject_low), (1, limit.tol_high, limit.reject_high)):
            beyond = "fail" if on_target == refused else "warn"
            for distance, expected in (
                (0.0, "pass"),
                (on_target, "pass"),
                (on_target + 0.01, beyond),
                (refused, "pass" if on_target == refused else "warn"),
                (refused + 0.01, "fail"),
            ):
                check = loudness_check(mix(limit.target_lufs + side * distance), spec)
                assert (check.name, check.verdict) == (f"{limit.gate}_loudness", expected), (side, distance)
                assert check.target == limit.target_lufs
                assert f"{limit.target_lufs - limit.tol_low:g} to {limit.target_lufs + limit.tol_high:g}" in check.limit


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.id)
def test_peaks_include_their_limits_and_nothing_beyond(spec):
    asked, refused = spec.max_true_peak_dbtp, spec.qc_max_true_peak_dbtp
    beyond = "fail" if asked == refused else "warn"
    for peak, expected in ((asked, "pass"), (asked + 0.01, beyond), (refused + 0.01, "fail"), (-60.0, "pass")):
        assert check_named(judge(measured(true_peak_dbtp=peak), spec), "true_peak").verdict == expected


@given(
    spec=st.sampled_from(WITH_LOUDNESS),
    others=st.fixed_dictionaries(
        {
            "integrated_lufs": st.floats(-60, 0),
            "dialogue_lufs": st.none() | st.floats(-60, 0),
            "dialogue_fraction": st.none() | st.floats(0, 1),
        }
    ),
    moved=st.sampled_from(["integrated_lufs", "dialogue_lufs", "ungated_lufs"]),
    side=st.sampled_from([-1, 1]),
    near=st.floats(0, 10),
    further=st.floats(0, 20),
)
def test_away_from_the_target_a_grade_never_improves(spec, others, moved, side, near, further):
    limit = spec.loudness
    if moved != "dialogue_lufs" and limit.fallback is not None:
        limit = limit.fallback
    grades = [
        loudness_check(measured(**others | {moved: limit.target_lufs + side * distance}), spec).verdict
        for distance in (near, near + further)
    ]
    assert BAD.index(grades[0]) <= BAD.index(grades[1])


@given(
    spec=st.sampled_from(SPECS),
    name_and_field=st.sampled_from(
        [
            ("true_peak", "true_peak_dbtp"),
            ("max_short_term", "max_short_term_lufs"),
            ("short_term_over_programme", "max_short_term_lufs"),
            ("programme_over_dialogue", "integrated_lufs"),
            ("dialogue_loudness_range", "dialogue_lra_lu"),
        ]
    ),
    level=st.floats(-40, 20),
    louder=st.floats(0, 20),
)
def test_more_of_what_is_limited_never_improves_the_grade(spec, name_and_field, level, louder):
    name, field = name_and_field
    grades = [
        check.verdict
        for value in (level, level + louder)
        for check in judge(measured(**{field: value}), spec).checks
        if check.name == name
    ]
    assert grades == sorted(grades, key=BAD.index)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.id)
def test_every_limit_that_a_measurement_can_answer_is_answered(spec):
    limits = {
        "_loudness": spec.loudness,
        "true_peak": spec.max_true_peak_dbtp,
        "max_short_term": spec.max_short_term_lufs,
        "short_term_over_programme": spec.max_short_term_over_programme_lu,
        "programme_over_dialogue": spec.max_programme_over_dialogue_lu,
        "loudness_range": spec.lra_recommended_lu,
        "dialogue_loudness_range": spec.dialogue_lra_max_lu,
        "layout": spec.layouts or None,
        "sample_rate": spec.sample_rates or None,
        "spec": None if spec.verified else False,
    }
    for measurement in (measured(), SILENT, measured(dialogue_fraction=None, dialogue_lufs=None, dialogue_lra_lu=None)):
        checks = judge(measurement, spec).checks
        names = {"_loudness" if check.name.endswith("_loudness") else check.name for check in checks}
        assert names == {name for name, limit in limits.items() if limit is not None}
        # A figure that is not there is explained, and every limit is written out.
        assert all(check.note for check in checks if check.value is None)
        assert all(check.limit for check in checks)


def test_netflix_says_both_figures_where_neither_is_accepted():
    verdict = judge(measured(dialogue_lufs=-20.0, integrated_lufs=-18.0), get("netflix-nearfield"))
    note = check_named(verdict, "dialogue_loudness").note
    assert "dialogue -20.00 LUFS and programme -18.00 LUFS: neither is accepted" in note


def test_netflix_says_what_saved_the_file():
    verdict = judge(measured(dialogue_lufs=-20.0, integrated_lufs=-22.0), get("netflix-nearfield"))
    assert "the programme measure (-22.00 LUFS, -26 to -22, refused outside -27 to -21) is accepted instead" in (
        check_named(verdict, "dialogue_loudness").note
    )


@pytest.mark.parametrize(("dialogue", "expected"), [(-27.0, "warn"), (-30.0, "warn"), (-30.01, "fail"), (None, "fail")])
def test_netflix_accepts_the_dialogue_also_where_there_is_little_of_it(dialogue, expected):
    little = measured(dialogue_fraction=0.1, dialogue_lufs=dialogue, integrated_lufs=-15.0)
    assert loudness_check(little, get("netflix-nearfield")).verdict == expected
    # Of other clients the fallback is the last word.
    assert loudness_check(little, get("amazon-originals")).verdict == "fail"


def test_speech_that_cannot_be_heard_is_no_dialogue_to_judge():
    hushed = measured(dialogue_lufs=None, integrated_lufs=-24.0)
    check = loudness_check(hushed, get("netflix-nearfield"))
    assert (check.name, check.verdict) == ("programme_loudness", "pass")
    assert "silent where the speech is" in check.note


def test_each_segment_is_held_to_the_window_where_the_spec_says_so():
    whole, quiet = measured(ungated_lufs=-24.0), measured(ungated_lufs=-26.0)
    verdict = judge(whole, get("discovery-global-v4"), [whole, quiet])
    grades = {check.name: check.verdict for check in verdict.checks if "programme_loudness" in check.name}
    assert grades == {
        "programme_loudness": "pass", "segment_1_programme_loudness": "pass", "segment_2_programme_loudness": "fail",
    }  # fmt: skip
    assert verdict.verdict == "fail"
    assert judge(whole, get("ebu-r128"), [quiet]) == judge(whole, get("ebu-r128"))


def test_a_programme_by_the_first_edition_has_no_gate():
    assert loudness_check(measured(integrated_lufs=-20.0, ungated_lufs=-24.0), get("discovery-global-v4")).value == -24
    assert loudness_check(measured(integrated_lufs=-23.0, ungated_lufs=-30.0), get("ebu-r128")).value == -23


@pytest.mark.parametrize(("short_term", "expected"), [(-20.0, "pass"), (-19.99, "fail"), (-40.0, "pass")])
def test_the_loudest_3_s_against_the_programme(short_term, expected):
    verdict = judge(measured(max_short_term_lufs=short_term, ungated_lufs=-24.0), get("discovery-global-v4"))
    assert check_named(verdict, "short_term_over_programme").verdict == expected


@pytest.mark.parametrize(
    ("lra", "fraction", "expected"),
    [(10.0, 0.5, "pass"), (10.01, 0.5, "warn"), (10.01, 0.09, "pass"), (None, 0.5, "pass")],
)
def test_loudness_range_of_the_speech_is_advice(lra, fraction, expected):
    check = check_named(
        judge(measured(dialogue_lra_lu=lra, dialogue_fraction=fraction), get("netflix-nearfield")),
        "dialogue_loudness_range",
    )
    assert check.verdict == expected


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.id)
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
