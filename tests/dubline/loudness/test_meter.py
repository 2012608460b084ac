import math
import re
import subprocess
import tracemalloc

import imageio_ffmpeg
import numpy as np
import pyarrow.compute as pc
import pyloudnorm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dubline.audio.layout import Layout
from dubline.audio.spans import Spans
from dubline.audio.wav import WavWriter
from dubline.errors import BadInput, Cancelled
from dubline.loudness.energy import channel_weights
from dubline.loudness.meter import Meter, measure_wav


def programme(seconds, channels, *, rate=48_000, seed=0):
    """Noise whose level wanders every 300 ms over 30 dB, with pauses: the shape of programme, not its sound."""
    rng = np.random.default_rng(seed)
    steps = math.ceil(seconds / 0.3)
    levels = 10 ** (rng.uniform(-45, -15, (steps, channels)) / 20) * (rng.random((steps, 1)) > 0.2)
    frames = round(seconds * rate)
    envelope = np.repeat(levels, math.ceil(0.3 * rate), axis=0)[:frames]
    return (rng.standard_normal((frames, channels)) * envelope).astype(np.float32)


def ebur128(samples, layout, rate, folder):
    """Integrated loudness, range and true peak as ffmpeg finds them."""
    path = folder / "programme.wav"
    with WavWriter(path, rate=rate, layout=Layout.parse(layout)) as writer:
        writer.write(samples)
    log = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-f", "wav", "-i", str(path), "-af", "ebur128=peak=true", "-f", "null", "-"],
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    summary = log[log.rindex("Summary:") :]
    return {key: float(re.search(rf"{key}:\s+(-?[\d.]+)", summary)[1]) for key in ("I", "LRA", "Peak")}


def test_weights_go_by_position():
    weights = {name: channel_weights(Layout.parse(name)).tolist() for name in ("5.1", "5.1(side)", "7.1", "7.1.4")}
    assert weights["5.1"] == weights["5.1(side)"] == [1.0, 1.0, 1.0, 0.0, 1.41, 1.41]
    # Back, then side; heights as the front.
    assert weights["7.1"] == [1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.41, 1.41]
    assert weights["7.1.4"] == [*weights["7.1"], 1.0, 1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("layout", "rate", "seed"), [("mono", 48_000, 1), ("stereo", 48_000, 2), ("stereo", 44_100, 3), ("5.0", 48_000, 4)]
)
def test_agrees_with_pyloudnorm(layout, rate, seed, measure):
    samples = programme(12, Layout.parse(layout).channels, rate=rate, seed=seed)
    reference = pyloudnorm.Meter(rate, filter_class="DeMan")
    result = measure(samples, layout, rate=rate)
    assert result.integrated_lufs == pytest.approx(reference.integrated_loudness(samples.astype(np.float64)), abs=0.1)


@pytest.mark.parametrize(
    ("layout", "rate"),
    [("stereo", 48_000), ("stereo", 44_100), ("5.1", 48_000), ("5.1(side)", 48_000), ("5.1", 96_000)],
)
def test_agrees_with_ffmpeg(layout, rate, tmp_path, measure):
    samples = programme(8, Layout.parse(layout).channels, rate=rate, seed=5)
    ours, theirs = measure(samples, layout, rate=rate), ebur128(samples, layout, rate, tmp_path)
    assert ours.integrated_lufs == pytest.approx(theirs["I"], abs=0.1)
    assert ours.lra_lu == pytest.approx(theirs["LRA"], abs=0.2)
    assert ours.true_peak_dbtp == pytest.approx(theirs["Peak"], abs=0.2)


@pytest.mark.parametrize("layout", ["7.1", "7.1.2", "7.1.4"])
def test_agrees_with_ffmpeg_but_for_what_it_weighs_as_surround(layout, tmp_path, measure):
    # ffmpeg gives 1.41 to all that is behind the listener, at any height; BS.1770-4 only to what is beside him.
    samples = programme(5, Layout.parse(layout).channels, seed=5)
    behind = [tag[-2] == "B" for tag in Layout.parse(layout).tags]
    quieter = samples * np.where(behind, math.sqrt(1 / 1.41), 1.0).astype(np.float32)
    assert measure(samples, layout).integrated_lufs == pytest.approx(
        ebur128(quieter, layout, 48_000, tmp_path)["I"], abs=0.1
    )


@settings(max_examples=25, deadline=None)
@given(
    seconds=st.floats(0.0, 3.5),
    sizes=st.lists(st.integers(1, 90_000), min_size=1, max_size=6),
    layout=st.sampled_from(["mono", "stereo", "5.1"]),
    rate=st.sampled_from([22_050, 44_100, 48_000]),
)
def test_how_the_stream_is_cut_changes_nothing(seconds, sizes, layout, rate):
    samples = programme(seconds, Layout.parse(layout).channels, rate=rate)
    whole, cut = Meter(rate, Layout.parse(layout)), Meter(rate, Layout.parse(layout))
    whole.process(samples)
    start = 0
    while start < len(samples):
        for size in sizes:
            cut.process(samples[start : start + size])
            start += size
    speech = Spans(((0.5, 1.25), (2.0, 3.0)))
    figures = whole.measurement(speech)
    assert cut.measurement(speech) == figures
    assert cut.curves().equals(whole.curves())
    if seconds > 0.02:
        segment = (0.01, round(seconds / 2, 2) + 0.01)
        assert cut.measurement(speech, segment) == whole.measurement(speech, segment)


@settings(max_examples=25, deadline=None)
@given(seconds=st.floats(0.0, 5.0), rate=st.sampled_from([22_050, 44_100, 48_000]), seed=st.integers(0, 99))
def test_the_curves_reach_the_maxima(seconds, rate, seed):
    meter = Meter(rate, Layout.parse("stereo"))
    meter.process(programme(seconds, 2, rate=rate, seed=seed))
    figures, curves = meter.measurement(), meter.curves()
    assert len(curves) == math.ceil(round(seconds * rate) / rate * 10 - 1e-9)
    for curve, figure in (
        ("momentary_lufs", figures.max_momentary_lufs),
        ("short_term_lufs", figures.max_short_term_lufs),
        ("true_peak_dbtp", figures.true_peak_dbtp),
    ):
        highest = pc.max(curves[curve]).as_py()
        assert highest == figure if figure is None else highest == pytest.approx(figure, abs=1e-4)


@settings(max_examples=15, deadline=None)
@given(db=st.floats(-20, 20))
def test_gained_is_what_the_gain_does(db):
    samples = programme(5, 2, seed=6) * np.float32(0.5)
    plain, louder = Meter(48_000, Layout.parse("stereo")), Meter(48_000, Layout.parse("stereo"))
    plain.process(samples)
    louder.process(samples * np.float32(10 ** (db / 20)))
    expected, found = plain.measurement().gained(db).to_json(), louder.measurement().to_json()
    assert {k: v for k, v in found.items() if isinstance(v, float)} == pytest.approx(
        {k: v for k, v in expected.items() if isinstance(v, float)}, abs=2e-3
    )


def test_dialogue_is_ungated_inside_the_speech(tone, measure):
    samples = tone([(10, -20), (10, -80), (10, -30), (10, -20)])
    # Half at -30, half at -80: the quiet half counts, which a gate would drop.
    result = measure(samples, speech=Spans(((10.0, 30.0),)))
    assert result.dialogue_lufs == pytest.approx(-33.0, abs=0.1)
    assert result.dialogue_fraction == pytest.approx(0.5, abs=1e-3)
    assert result.integrated_lufs == pytest.approx(-21.5, abs=0.3)


def test_the_three_gates_of_one_sound(tone, measure):
    result = measure(tone([(20, -20), (20, -60), (20, -30)]), speech=Spans(((40.0, 60.0),)))
    assert result.integrated_lufs == pytest.approx(10 * math.log10((1e-2 + 1e-3) / 2), abs=0.1)
    assert result.dialogue_lufs == pytest.approx(-30.0, abs=0.1)
    assert result.ungated_lufs == pytest.approx(10 * math.log10((1e-2 + 1e-6 + 1e-3) / 3), abs=0.1)


def test_the_range_of_the_speech_alone(tone, measure):
    # Music at -10 and -45 widens the programme's range, not the dialogue's.
    samples = tone([(20, -25), (20, -10), (20, -31), (20, -45)])
    result = measure(samples, speech=Spans(((0.0, 20.0), (40.0, 60.0))))
    assert result.dialogue_lra_lu == pytest.approx(6.0, abs=0.3)
    assert result.lra_lu > 15


def test_a_segment_reads_as_if_it_were_the_whole(measure):
    opening, ending = programme(4, 2, seed=8), programme(7.43, 2, seed=9)
    # The pause lets the filter's memory of the opening fade.
    samples = np.vstack([opening, np.zeros((48_000, 2), dtype=np.float32), ending])
    alone = measure(ending, speech=Spans(((1.0, 3.0),)))
    segment = measure(samples, speech=Spans(((1.0, 4.5), (6.0, 8.0))), span=(5.0, 12.43))
    assert segment.to_json() == pytest.approx(alone.to_json(), abs=1e-3)
    assert segment.duration_seconds == pytest.approx(7.43)


def test_a_segment_from_start_to_end_is_the_whole(measure):
    samples = programme(3.333, 2, seed=10)
    assert measure(samples, span=(0.0, 3.333)) == measure(samples)


def test_peaks_belong_to_their_segment(tone):
    meter = Meter(48_000, Layout.parse("stereo"))
    meter.process(tone([(2.0, -20), (1.0, -6), (2.0, -30)]))
    peaks = [meter.measurement(span=span).sample_peak_dbfs for span in ((0, 2), (2, 3), (3, 5), (1.5, 4))]
    assert peaks == pytest.approx([-20, -6, -30, -6], abs=0.05)
    # Cut in a sine's run the interpolator leaves a step, and 1 ms later nothing of it.
    assert meter.measurement(span=(3.01, 5)).true_peak_dbtp == pytest.approx(-30, abs=0.05)


@pytest.mark.parametrize("span", [(-1.0, 1.0), (1.0, 1.0), (2.0, 1.0), (1.0, 2.52), (1.0, 1.001), (3.0, 4.0)])
def test_a_segment_that_is_not_there_is_refused(span, tone):
    meter = Meter(48_000, Layout.parse("stereo"), where="reel.wav")
    meter.process(tone([(2.5, -20)]))
    with pytest.raises(BadInput, match=r"no segment from .* \(reel.wav\): give a start and a later end within its 2.5"):
        meter.measurement(span=span)


@pytest.mark.parametrize(("speech", "fraction"), [(None, None), (Spans(), 0.0), (Spans(((50.0, 60.0),)), 0.0)])
def test_no_speech_no_dialogue_loudness(speech, fraction, tone, measure):
    result = measure(tone([(5, -20)]), speech=speech)
    assert result.dialogue_lufs is None
    assert result.dialogue_fraction == fraction


@pytest.mark.parametrize("frames", [0, 1, 479, 480, 48_000])
def test_silence_has_no_level(frames, measure):
    result = measure(np.zeros((frames, 2), dtype=np.float32), speech=Spans(((0.0, 1.0),)))
    levels = {name: value for name, value in result.to_json().items() if name.endswith(("lufs", "lu", "dbtp", "dbfs"))}
    assert set(levels.values()) == {None}
    assert result.duration_seconds == frames / 48_000


def test_shorter_than_400_ms_has_peaks_only(tone, measure):
    result = measure(tone([(0.399, -20)]))
    assert (result.integrated_lufs, result.max_momentary_lufs, result.lra_lu) == (None, None, None)
    assert result.true_peak_dbtp == pytest.approx(-20.0, abs=0.1)
    assert measure(tone([(0.4, -20)])).integrated_lufs == pytest.approx(-20.0, abs=0.5)


def test_silence_after_sound_is_silence_again(tone):
    meter = Meter(48_000, Layout.parse("stereo"))
    meter.process(tone([(2, -20), (10, -math.inf)]))
    rows = meter.curves().to_pylist()
    assert rows[15]["momentary_lufs"] == pytest.approx(-20, abs=0.1)
    assert {row["momentary_lufs"] for row in rows[50:]} == {None}


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("frame", [0, 100_000])
def test_samples_that_are_not_finite_are_refused(bad, frame, tone):
    samples = tone([(3, -20)])
    samples[frame, 1] = bad
    meter = Meter(48_000, Layout.parse("stereo"), where="reel.wav")
    with pytest.raises(BadInput, match=rf"samples are not finite \(reel.wav, channel FR at {frame / 48_000:.3f} s\)"):
        meter.process(samples)
        meter.measurement()


def test_a_block_of_another_layout_is_a_mistake():
    with pytest.raises(ValueError, match="does not fit stereo"):
        Meter(48_000, Layout.parse("stereo")).process(np.zeros((10, 3), dtype=np.float32))


def test_a_meter_that_gave_its_figures_takes_no_more(tone):
    meter = Meter(48_000, Layout.parse("stereo"))
    meter.process(tone([(1, -20)]))
    assert meter.measurement() == meter.measurement()
    with pytest.raises(ValueError, match="new meter"):
        meter.process(tone([(1, -20)]))


def test_curves_are_null_until_a_window_is_full(tone):
    meter = Meter(48_000, Layout.parse("stereo"))
    meter.process(tone([(4, -23), (1, -math.inf)]))
    curves = meter.curves()
    assert curves.column_names == ["time_seconds", "momentary_lufs", "short_term_lufs", "true_peak_dbtp"]
    rows = curves.to_pylist()
    assert [row["time_seconds"] for row in rows] == pytest.approx(np.arange(1, 51) / 10)
    assert [row["momentary_lufs"] is None for row in rows[:4]] == [True, True, True, False]
    assert rows[28]["short_term_lufs"] is None
    assert rows[29]["short_term_lufs"] == pytest.approx(-23, abs=0.1)
    assert rows[39]["true_peak_dbtp"] == pytest.approx(-23, abs=0.1)
    assert rows[45]["true_peak_dbtp"] is None


def test_no_burst_is_lost_in_the_curve(tone):
    # 400 ms that begin between two tenths of a second: read every 100 ms the loudest window would be missed.
    meter = Meter(48_000, Layout.parse("stereo"))
    meter.process(tone([(1.05, -math.inf), (0.4, -23), (1, -math.inf)]))
    assert pc.max(meter.curves()["momentary_lufs"]).as_py() == pytest.approx(-23.0, abs=0.1)


def test_a_file_reads_like_its_samples(tmp_path, measure):
    samples = programme(5, 2, seed=7)
    path = tmp_path / "mix.wav"
    with WavWriter(path, rate=48_000, layout=Layout.parse("stereo")) as writer:
        writer.write(samples)
    seen = []
    result, curves = measure_wav(path, progress=lambda done, total: seen.append((done, total)))
    assert result == measure(samples)
    assert len(curves) == 50
    assert seen[-1] == (240_000, 240_000)
    with pytest.raises(Cancelled):
        measure_wav(path, cancelled=lambda: True)


def test_memory_holds_three_numbers_per_10_ms():
    second = programme(1, 1, rate=8_000)
    meter = Meter(8_000, Layout.parse("mono"))
    meter.process(second)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(1_200):
        meter.process(second)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    # 16 bytes, and what arrays reserve to grow: 3 hours stay under 20 MB, whatever the channels and the rate.
    assert grown < 1_200 * 1_850
