import math
import re
import subprocess
import tracemalloc

import imageio_ffmpeg
import numpy as np
import pyloudnorm
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dubline.audio.layout import Layout
from dubline.audio.spans import Spans
from dubline.audio.wav import WavWriter
from dubline.errors import BadInput, Cancelled
from dubline.loudness.meter import Meter, channel_weights, measure_wav


def programme(seconds, channels, *, rate=48_000, seed=0):
    """Noise whose level wanders every 300 ms over 30 dB, with pauses: the shape of programme, not its sound."""
    rng = np.random.default_rng(seed)
    steps = math.ceil(seconds / 0.3)
    levels = 10 ** (rng.uniform(-45, -15, (steps, channels)) / 20) * (rng.random((steps, 1)) > 0.2)
    frames = round(seconds * rate)
    envelope = np.repeat(levels, math.ceil(0.3 * rate), axis=0)[:frames]
    return (rng.standard_normal((frames, channels)) * envelope).astype(np.float32)


@pytest.mark.parametrize("rate", [44_100, 48_000, 88_200, 96_000, 192_000])
def test_anchor_of_the_standard(rate, tone, measure):
    # BS.1770-4 Annex 1: 997 Hz at 0 dBFS in one front channel reads -3.01.
    samples = tone([(5, 0)], rate=rate, hertz=997)
    samples[:, 1] = 0
    result = measure(samples, rate=rate)
    assert result.integrated_lufs == pytest.approx(-3.01, abs=0.02)
    assert result.true_peak_dbtp == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize("rate", [11_025, 22_050])
def test_rates_that_a_hundred_does_not_divide(rate, tone, measure):
    result = measure(tone([(10, -23)], rate=rate), rate=rate)
    assert result.integrated_lufs == pytest.approx(-23.0, abs=0.1)
    assert result.max_momentary_lufs == pytest.approx(-23.0, abs=0.1)
    assert result.duration_seconds == 10.0


@pytest.mark.parametrize("layout", ["mono", "stereo", "3.0", "quad", "5.0", "5.1", "5.1(side)", "7.1"])
def test_each_channel_alone_reads_its_weight(layout, tone, measure):
    tags = Layout.parse(layout).tags
    mono = tone([(3, -20)], channels=1, hertz=997)
    for channel, tag in enumerate(tags):
        samples = np.zeros((len(mono), len(tags)), dtype=np.float32)
        samples[:, channel] = mono[:, 0]
        result = measure(samples, layout)
        if tag == "LFE":
            assert result.integrated_lufs is None
            assert result.max_momentary_lufs is None
            assert result.true_peak_dbtp == pytest.approx(-20.0, abs=0.05)
        else:
            gain = 10 * math.log10(1.41) if tag[0] in "BS" else 0.0
            assert result.integrated_lufs == pytest.approx(-23.01 + gain, abs=0.02)


def test_weights_go_by_tag():
    assert channel_weights(Layout.parse("5.1")).tolist() == [1.0, 1.0, 1.0, 0.0, 1.41, 1.41]
    assert channel_weights(Layout.parse("5.1(side)")).tolist() == [1.0, 1.0, 1.0, 0.0, 1.41, 1.41]


@pytest.mark.parametrize(
    ("layout", "rate", "seed"), [("mono", 48_000, 1), ("stereo", 48_000, 2), ("stereo", 44_100, 3), ("5.0", 48_000, 4)]
)
def test_agrees_with_pyloudnorm(layout, rate, seed, measure):
    samples = programme(60, Layout.parse(layout).channels, rate=rate, seed=seed)
    reference = pyloudnorm.Meter(rate, filter_class="DeMan")
    result = measure(samples, layout, rate=rate)
    assert result.integrated_lufs == pytest.approx(reference.integrated_loudness(samples.astype(np.float64)), abs=0.1)


@pytest.mark.parametrize("layout", ["stereo", "5.1", "5.1(side)", "7.1"])
def test_agrees_with_ffmpeg(layout, tmp_path):
    path = tmp_path / "programme.wav"
    with WavWriter(path, rate=48_000, layout=Layout.parse(layout)) as writer:
        writer.write(programme(20, writer.layout.channels, seed=5))
    ours, _ = measure_wav(path)
    log = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-f", "wav", "-i", str(path), "-af", "ebur128=peak=true", "-f", "null", "-"],
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    summary = log[log.rindex("Summary:") :]
    theirs = {key: float(re.search(rf"{key}:\s+(-?[\d.]+)", summary)[1]) for key in ("I", "LRA", "Peak")}
    assert ours.integrated_lufs == pytest.approx(theirs["I"], abs=0.1)
    assert ours.lra_lu == pytest.approx(theirs["LRA"], abs=0.2)
    assert ours.true_peak_dbtp == pytest.approx(theirs["Peak"], abs=0.2)


@settings(max_examples=25, deadline=None)
@given(
    seconds=st.floats(0.0, 5.0),
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
    assert cut.measurement(speech) == whole.measurement(speech)
    assert cut.curves().equals(whole.curves())


@settings(max_examples=15, deadline=None)
@given(db=st.floats(-20, 20))
def test_gained_is_what_the_gain_does(db):
    samples = programme(8, 2, seed=6) * np.float32(0.5)
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
    assert curves.column_names == ["time_seconds", "momentary_lufs", "short_term_lufs"]
    rows = curves.to_pylist()
    assert [row["time_seconds"] for row in rows] == pytest.approx(np.arange(1, 51) / 10)
    assert [row["momentary_lufs"] is None for row in rows[:4]] == [True, True, True, False]
    assert rows[28]["short_term_lufs"] is None
    assert rows[29]["short_term_lufs"] == pytest.approx(-23, abs=0.1)


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


def test_memory_holds_one_energy_per_10_ms(measure):
    second = programme(1, 2)
    meter = Meter(48_000, Layout.parse("stereo"))
    meter.process(second)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(120):
        meter.process(second)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    # 100 doubles a second, and what Python adds to hold them: 3 hours stay under 20 MB.
    assert grown < 120 * 1_800
