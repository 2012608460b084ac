import dataclasses
import json

from hypothesis import given
from hypothesis import strategies as st

from dubline.loudness.measurement import Measurement

SILENCE = Measurement(None, None, None, None, None, None, None, None, 59.99, 48_000, 2, "stereo")

level = st.none() | st.floats(-120, 20)
measurements = st.builds(
    Measurement,
    integrated_lufs=level,
    dialogue_lufs=level,
    dialogue_fraction=st.none() | st.floats(0, 1),
    lra_lu=st.none() | st.floats(0, 60),
    max_momentary_lufs=level,
    max_short_term_lufs=level,
    true_peak_dbtp=level,
    sample_peak_dbfs=level,
    duration_seconds=st.floats(0, 1e5),
    sample_rate=st.sampled_from([44_100, 48_000]),
    channels=st.sampled_from([2, 6]),
    layout=st.sampled_from(["stereo", "5.1"]),
    dialogue_lra_lu=st.none() | st.floats(0, 60),
    ungated_lufs=level,
)


def test_fields_are_those_of_measure_json():
    assert list(SILENCE.to_json()) == [
        "integrated_lufs",
        "dialogue_lufs",
        "dialogue_fraction",
        "lra_lu",
        "max_momentary_lufs",
        "max_short_term_lufs",
        "true_peak_dbtp",
        "sample_peak_dbfs",
        "duration_seconds",
        "sample_rate",
        "channels",
        "layout",
        "dialogue_lra_lu",
        "ungated_lufs",
        "lra_stable",
    ]


def test_a_loudness_range_is_stable_after_a_minute():
    # EBU Tech 3342: a meter shows that the range of less than 60 s is not to be relied on.
    assert not SILENCE.lra_stable
    assert dataclasses.replace(SILENCE, duration_seconds=60.0).to_json()["lra_stable"] is True


@given(measurements)
def test_json_round_trip(measurement):
    body = json.loads(json.dumps(measurement.to_json()))
    assert Measurement.from_json(body | {"verdict": "pass"}) == measurement


@given(measurements, st.floats(-40, 40))
def test_a_gain_moves_levels_and_nothing_else(measurement, db):
    before, after = measurement.to_json(), measurement.gained(db).to_json()
    for name, value in before.items():
        if name.endswith(("lufs", "dbtp", "dbfs")) and value is not None:
            assert abs(after[name] - value - db) < 1e-3
        else:
            assert after[name] == value
