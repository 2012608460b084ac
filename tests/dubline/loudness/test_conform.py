import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubline.audio.layout import Layout
from dubline.audio.wav import WavReader, WavWriter
from dubline.errors import BadInput, Cancelled
from dubline.loudness.conform import apply_gain, plan_gain
from dubline.loudness.measurement import Measurement
from dubline.loudness.meter import measure_wav
from dubline.loudness.specs import get, list_specs
from dubline.loudness.verdict import judge

EBU = get("ebu-r128")
NETFLIX = get("netflix-nearfield")


def measured(lufs, peak, *, fraction=0.5, short_term=None):
    short_term = lufs if short_term is None else short_term
    return Measurement(lufs, lufs, fraction, 8.0, lufs, short_term, peak, peak, 600.0, 48_000, 2, "stereo")


@pytest.mark.parametrize(
    ("spec", "lufs", "peak", "gain", "reachable"),
    [
        (EBU, -23.1, -3.0, 0.0, True),
        (EBU, -23.2, -1.0, 0.0, True),
        (EBU, -30.0, -15.0, 7.0, True),
        (EBU, -16.0, 0.5, -7.0, True),
        # The target would put the peak at -0.9; 0.1 LU less is still inside the tolerance.
        (EBU, -25.0, -2.9, 1.9, True),
        (EBU, -30.0, -3.0, 2.0, False),
        (EBU, -23.0, 0.0, -1.0, False),
        (NETFLIX, -25.0, -2.0, 0.0, True),
        (NETFLIX, -24.9, -4.0, -2.1, True),
        (NETFLIX, -32.0, -6.0, 4.0, True),
        (NETFLIX, -28.0, -1.0, -1.0, True),
        (NETFLIX, -33.0, -5.0, 3.0, False),
    ],
)
def test_one_gain(spec, lufs, peak, gain, reachable):
    plan = plan_gain(measured(lufs, peak), spec)
    assert plan.gain_db == pytest.approx(gain, abs=1e-9)
    assert plan.reachable is reachable
    assert plan.reason


@pytest.mark.parametrize(("allowance", "gain"), [(0.0, 7.0), (0.6, 6.9)])
def test_an_encoders_overshoot_is_kept_free(allowance, gain):
    assert plan_gain(measured(-30.0, -8.5), EBU, peak_allowance_db=allowance).gain_db == pytest.approx(gain)
    with pytest.raises(ValueError, match="not negative"):
        plan_gain(measured(-30.0, -8.5), EBU, peak_allowance_db=-0.1)


@pytest.mark.parametrize("spec", list_specs(), ids=lambda spec: spec.id)
def test_silence_is_left_alone(spec):
    silent = Measurement(None, None, 0.0, None, None, None, None, None, 60.0, 48_000, 2, "stereo")
    assert plan_gain(silent, spec).gain_db == 0.0


@pytest.mark.parametrize(("peak", "gain"), [(-0.5, 0.0), (0.0, 0.0), (1.5, -1.5)])
def test_theatrical_mixes_keep_their_level(peak, gain):
    plan = plan_gain(measured(-20.0, peak), get("netflix-theatrical"))
    assert (plan.gain_db, plan.reachable) == (gain, True)


def test_short_form_keeps_its_short_term_maximum():
    plan = plan_gain(measured(-25.0, -20.0, short_term=-19.9), get("ebu-r128-s1"))
    assert (plan.gain_db, plan.reachable) == (pytest.approx(1.9), True)


@given(
    spec=st.sampled_from(list_specs()),
    lufs=st.floats(-60, -5),
    crest=st.floats(1, 40),
    fraction=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    allowance=st.sampled_from([0.0, 0.3]),
)
def test_what_is_reachable_passes_and_is_then_left_alone(spec, lufs, crest, fraction, allowance):
    mix = measured(lufs, lufs + crest, fraction=fraction)
    plan = plan_gain(mix, spec, peak_allowance_db=allowance)
    landed = mix.gained(plan.gain_db)
    graded = {check.name: check.verdict for check in judge(landed, spec).checks}
    assert graded["true_peak"] == "pass"
    if plan.reachable:
        assert "fail" not in graded.values()
        assert "warn" not in {grade for name, grade in graded.items() if name.endswith("_loudness")}
        assert plan_gain(landed, spec, peak_allowance_db=allowance).gain_db == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize("layout", ["stereo", "5.1"])
def test_a_conformed_file_measures_on_target(layout, tmp_path):
    source, target = tmp_path / "in.wav", tmp_path / "out.wav"
    samples = noise(Layout.parse(layout).channels)
    write(source, samples, layout=layout)
    before, _ = measure_wav(source)
    seen = []
    plan = plan_gain(before, EBU)
    apply_gain(source, target, plan.gain_db, progress=lambda done, total: seen.append((done, total)))
    after, _ = measure_wav(target)
    assert plan.reachable
    assert after.integrated_lufs == pytest.approx(-23.0, abs=0.001)
    assert seen[-1] == (len(samples), len(samples))
    with WavReader(target) as reader:
        assert reader.layout.name == layout
        np.testing.assert_array_equal(reader.read(), samples * np.float32(10 ** (plan.gain_db / 20)))


@pytest.mark.parametrize("sample_format", ["f32", "s24"])
def test_no_gain_is_a_bit_identical_copy(sample_format, tmp_path):
    source, target = tmp_path / "in.wav", tmp_path / "out.wav"
    write(source, noise(2), sample_format=sample_format)
    apply_gain(source, target, 0.0)
    assert target.read_bytes() == source.read_bytes()


def test_inputs_are_never_written_to(tmp_path):
    source = tmp_path / "in.wav"
    write(source, noise(2))
    before = source.read_bytes()
    for gain in (0.0, -3.0):
        with pytest.raises(BadInput, match="same file"):
            apply_gain(source, source, gain)
    assert source.read_bytes() == before


def test_asked_to_stop(tmp_path):
    source = tmp_path / "in.wav"
    write(source, noise(2))
    with pytest.raises(Cancelled):
        apply_gain(source, tmp_path / "out.wav", -3.0, cancelled=lambda: True)


def noise(channels):
    return (np.random.default_rng(0).standard_normal((240_000, channels)) * 0.01).astype(np.float32)


def write(path, samples, *, layout="stereo", sample_format="f32"):
    with WavWriter(path, rate=48_000, layout=Layout.parse(layout), sample_format=sample_format) as writer:
        writer.write(samples)
