"""Silences, clips, offsets and phase are found where they were put, however the stream is cut."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dubline.audio.layout import Layout
from dubline.quality.channel_peaks import ChannelPeakMeter
from dubline.quality.clipping import FULL_SCALE
from dubline.quality.condition import Condition, ConditionMeter, Seconds

RATE = 8000
Samples = npt.NDArray[np.float32]


def condition(sound: Samples, *, layout: str = "stereo", block: int = 3000) -> Condition:
    shape = Layout.parse(layout)
    seconds, meter = Seconds(RATE, shape.channels), ConditionMeter(RATE, shape)
    for start in range(0, len(sound), block):
        for rows in seconds.cut(sound[start : start + block]):
            meter.second(rows)
    for rows in seconds.rest():
        meter.second(rows)
    return meter.condition()


def noise(seconds: float, channels: int = 2, *, seed: int = 0) -> Samples:
    sound = np.random.default_rng(seed).standard_normal((round(seconds * RATE), channels)) * 0.1
    return sound.astype(np.float32)


@settings(max_examples=25, deadline=None)
@given(frames=st.integers(0, 30_000), blocks=st.integers(1, 40_000))
def test_the_cut_makes_no_difference(frames: int, blocks: int) -> None:
    sound = noise(4.0)[:frames]
    sound[5000:9000] = 0.0
    sound[12_000:12_010, 0] = 1.0
    one, other = condition(sound, block=max(frames, 1)), condition(sound, block=blocks)
    np.testing.assert_array_equal(one.activity.peaks, other.activity.peaks)
    np.testing.assert_array_equal(one.clips.runs, other.clips.runs)
    np.testing.assert_array_equal(one.phases[0].sums, other.phases[0].sums)
    assert one.activity.seconds == frames / RATE


def test_silence_is_measured_at_both_ends_and_between() -> None:
    sound = noise(10.0)
    sound[: 3 * RATE] = sound[5 * RATE : 7 * RATE] = sound[9 * RATE :] = 0.0
    activity = condition(sound).activity
    assert (activity.head_seconds, activity.tail_seconds) == pytest.approx((3.0, 1.0))
    assert [(at.start_seconds, at.end_seconds) for at in activity.silences()] == [(5.0, 7.0)]


def test_a_silent_film_is_silent_from_end_to_end() -> None:
    activity = condition(np.zeros((2 * RATE, 2), np.float32)).activity
    assert activity.head_seconds == activity.tail_seconds == 2.0
    assert activity.silences() == ()
    assert activity.silent_channels() == (0, 1)


def test_dither_is_silence_and_room_tone_is_not() -> None:
    assert condition(noise(1.0) * np.float32(1e-4)).activity.silent_channels() == (0, 1)
    assert condition(noise(1.0) * np.float32(1e-2)).activity.silent_channels() == ()


@settings(max_examples=40, deadline=None)
@given(
    runs=st.lists(st.tuples(st.integers(0, 3), st.integers(3, 9000), st.sampled_from([-1, 1])), max_size=3),
    block=st.integers(100, 20_000),
)
def test_every_run_at_full_scale_is_counted_once(runs: list[tuple[int, int, int]], block: int) -> None:
    """Runs as long as seconds, over the seams between them, of either sign; each in its own ten thousand frames."""
    sound = noise(5.0)[:40_000]
    for number, (_, length, sign) in enumerate(runs):
        start = 10_000 * number + 500
        sound[start : start + length, number % 2] = sign
    clips = condition(sound, block=block).clips
    assert clips.count == len(runs)
    assert clips.longest == max((length for _, length, _ in runs), default=0)


def test_peaks_that_just_fit_are_no_clips() -> None:
    sound = noise(2.0)
    sound[100:102] = 1.0
    sound[200:210:2] = 1.0
    # Up and down at full scale is a loud edge, not a flat top.
    sound[300:302], sound[302:304] = 1.0, -1.0
    sound[400:500] = FULL_SCALE - 1e-4
    assert condition(sound).clips.count == 0
    sound[600:603, 1] = FULL_SCALE
    assert (condition(sound).clips.count, condition(sound).clips.longest) == (1, 3)


def test_clips_the_mix_has_are_not_new() -> None:
    mix = noise(4.0)
    mix[RATE : RATE + 10, 0] = 1.0
    track = mix.copy()
    # A coder may move the edge of a run a little.
    track[RATE - 5 : RATE + 12, 0] = 1.0
    assert condition(track).clips.new_since(condition(mix).clips) == 0
    track[3 * RATE : 3 * RATE + 10, 0] = 1.0
    assert condition(track).clips.new_since(condition(mix).clips) == 1


@pytest.mark.parametrize(
    ("right", "correlation", "loss"), [(1.0, 1.0, -3.0), (-1.0, -1.0, 60.0), (0.0, None, 0.0), (None, 0.0, 0.0)]
)
def test_a_pair_in_phase_gains_in_mono_and_one_in_opposite_phase_vanishes(
    right: float | None, correlation: float | None, loss: float
) -> None:
    sound = noise(3.0)
    if right is not None:
        sound[:, 1] = np.float32(right) * sound[:, 0]
    phase = condition(sound).phases[0]
    assert phase.loss_db == pytest.approx([loss] * 3, abs=0.2)
    if correlation is None:
        assert np.isnan(phase.correlation).all()
    else:
        assert phase.correlation == pytest.approx([correlation] * 3, abs=0.03)


def test_every_pair_of_a_layout_is_looked_at() -> None:
    sound = noise(2.0, 6)
    sound[:, 5] = -sound[:, 4]
    phases = {(phase.left, phase.right): phase.correlation.mean() for phase in condition(sound, layout="5.1").phases}
    assert phases == {("FL", "FR"): pytest.approx(0.0, abs=0.05), ("BL", "BR"): pytest.approx(-1.0)}


def test_an_offset_is_told_from_low_notes() -> None:
    at = np.arange(10 * RATE) / RATE
    sound = np.stack([0.5 * np.sin(2 * np.pi * 30.3 * at), 0.02 + 0.1 * np.sin(2 * np.pi * 200 * at)], axis=1)
    offset = condition(sound.astype(np.float32)).offset
    assert offset == pytest.approx([0.0, 0.02], abs=0.002)


@pytest.mark.parametrize("phase", [0.0, np.pi / 4])
def test_peaks_are_read_by_channel_with_their_times(phase: float) -> None:
    """At a quarter of the rate and 45 degrees, samples read 3 dB less than the sound (EBU Tech 3341, case 16)."""
    sound = np.zeros((3 * RATE, 2), np.float32)
    burst = 0.5 * np.sin(np.pi / 2 * np.arange(400) + phase) * np.hanning(400)
    sound[2 * RATE + 1000 : 2 * RATE + 1400, 1] = burst
    seconds, meter = Seconds(RATE, 2), ChannelPeakMeter(RATE, Layout.parse("stereo"))
    for rows in (*seconds.cut(sound), *seconds.rest()):
        meter.second(rows)
    left, right = meter.peaks()
    assert (left.true_peak_dbtp, left.true_peak_seconds) == (None, None)
    assert right.true_peak_dbtp == pytest.approx(-6.0, abs=0.2)
    assert right.sample_peak_dbfs == pytest.approx(-6.0 - (3.0 if phase else 0.0), abs=0.1)
    assert right.true_peak_seconds == pytest.approx(2.15, abs=0.002)
