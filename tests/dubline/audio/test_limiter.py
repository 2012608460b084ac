"""Limiting: true peaks under the ceiling by two meters, nothing changed where nothing exceeds, no cut ever shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dubline.audio.layout import Layout
from dubline.audio.limiter import RELEASE_SECONDS, Limiter
from dubline.audio.wav import Block, WavWriter
from dubline.loudness.meter import Meter
from dubline.media import ffmpeg

# Over the ceiling by more than this is an overshoot.
TOLERANCE_DB = 0.05
RATES = (44_100, 48_000, 96_000)
LAYOUTS = ("mono", "stereo", "5.1", "5.1(side)", "7.1")


def limit(samples: Block, rate: int, ceiling: float, *, cuts: Iterator[int] | None = None) -> tuple[Block, Limiter]:
    """``samples`` through a limiter, in one block or in blocks of the sizes ``cuts`` gives."""
    layout = Layout.default(samples.shape[1])
    limiter = Limiter(rate, layout, ceiling)
    out, at = [], 0
    while at < len(samples):
        size = next(cuts) if cuts is not None else len(samples)
        out.append(limiter.process(samples[at : at + size]))
        at += size
    return np.concatenate([*out, limiter.flush()]), limiter


def true_peak(samples: Block, rate: int) -> float:
    """dBTP by the meter that judges deliverables."""
    meter = Meter(rate, Layout.default(samples.shape[1]))
    meter.process(samples)
    peak = meter.measurement().true_peak_dbtp
    assert peak is not None
    return peak


def ffmpeg_true_peak(samples: Block, rate: int, folder: Path) -> float:
    """dBTP by ffmpeg's ebur128, which interpolates with another filter, to 192 kHz whatever the rate."""
    wav, said = folder / "peak.wav", folder / "said.txt"
    with WavWriter(wav, rate=rate, layout=Layout.default(samples.shape[1])) as writer:
        writer.write(samples)
    graph = f"ebur128=peak=true:metadata=1,ametadata=print:file={said}"
    ffmpeg.run(["-y", "-f", "wav", "-i", f"file:{wav}", "-af", graph, "-f", "null", "-"])
    peaks = re.findall(r"true_peaks_ch\d+=([\d.]+)", said.read_text())
    return 20 * float(np.log10(max(map(float, peaks))))


def padded(sound: np.ndarray) -> Block:
    """One channel between silences: meters differ on how a sound begins that does so at its first sample."""
    return np.pad(sound, 2000).astype(np.float32)[:, None]


def sounds(rate: int) -> dict[str, Block]:
    """One second each of what limiters stumble over."""
    rng, t = np.random.default_rng(0), np.arange(rate)
    clicks = np.where(t % (rate // 20) == 0, 2.0, 0.0)
    made = {
        "noise": rng.standard_normal(rate),
        "signs": np.sign(rng.standard_normal(rate)),
        "bursts": rng.standard_normal(rate) * (0.05 + 3 * (rng.random(rate // 480 + 1) > 0.95)).repeat(480)[:rate],
        "sparse": 8 * rng.standard_normal(rate) * (rng.random(rate) > 0.999),
        "clicks": clicks,
        "pairs of clicks": clicks - np.roll(clicks, 1),
        "square, 60 Hz": 0.9 * np.sign(np.sin(2 * np.pi * 60 * t / rate + 0.01)),
        "square, 997 Hz": 0.9 * np.sign(np.sin(2 * np.pi * 997 * t / rate)),
        "bass": 1.5 * np.sin(2 * np.pi * 40 * t / rate),
        # EBU Tech 3341, cases 16 to 18, at full scale: the peaks lie between the samples.
        "fs/4 at 45 degrees": np.sin(np.pi / 2 * t + np.pi / 4),
        "fs/6 at 60 degrees": np.sin(np.pi / 3 * t + np.pi / 3),
        "fs/8 at 67.5 degrees": np.sin(np.pi / 4 * t + np.radians(67.5)),
    }
    return {name: padded(sound) for name, sound in made.items()}


@pytest.mark.parametrize("rate", RATES)
def test_two_meters_find_no_overshoot(rate: int, tmp_path: Path) -> None:
    sound = np.concatenate([*sounds(rate).values()])
    limited, limiter = limit(sound, rate, -2.0)
    assert true_peak(sound, rate) > 0.0
    assert true_peak(limited, rate) <= -2.0 + TOLERANCE_DB
    assert ffmpeg_true_peak(limited, rate, tmp_path) <= -2.0 + TOLERANCE_DB
    assert limiter.limited_db > 2.0 and np.isfinite(limited).all()


@pytest.mark.parametrize("name", ["fs/4 at 45 degrees", "fs/6 at 60 degrees", "fs/8 at 67.5 degrees", "bass"])
def test_no_more_is_taken_off_than_it_takes(name: str) -> None:
    limited, _ = limit(sounds(48_000)[name], 48_000, -2.0)
    assert -2.15 < true_peak(limited, 48_000) <= -2.0


def _sound(kind: str, rng: np.random.Generator, frames: int, channels: int) -> np.ndarray:
    t, noise = np.arange(frames)[:, None], rng.standard_normal((frames, channels))
    tone = np.sin(2 * np.pi * (rng.uniform(0.0005, 0.4999, channels) * t + rng.random(channels)))
    made = {
        "noise": noise / 3,
        "clicks": noise * (rng.random((frames, channels)) > 0.999),
        "square": np.sign(tone),
        "tone": tone,
        "alternating": np.where(t % 2, 1.0, -1.0) * np.ones(channels),
        "silence": 0.0 * noise,
    }
    return made[kind]


@st.composite
def streams(draw: st.DrawFn) -> tuple[Block, int]:
    """Any rate and layout; noise, clicks, squares and tones at any level, in any order."""
    rate = draw(st.sampled_from(RATES))
    channels = Layout.parse(draw(st.sampled_from(LAYOUTS))).channels
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    parts = []
    for kind, frames, level in draw(
        st.lists(
            st.tuples(
                st.sampled_from(["noise", "clicks", "square", "tone", "alternating", "silence"]),
                st.integers(1, 6000),
                st.floats(-30, 24),
            ),
            min_size=1,
            max_size=5,
        )
    ):
        parts.append(_sound(kind, rng, frames, channels) * 10 ** (level / 20))
    return np.concatenate(parts).astype(np.float32), rate


@settings(max_examples=25, deadline=None)
@given(stream=streams(), ceiling=st.floats(-12, 0), size=st.integers(1, 20_000), seed=st.integers(0, 99))
def test_no_stream_ends_over_the_ceiling(stream: tuple[Block, int], ceiling: float, size: int, seed: int) -> None:
    sound, rate = stream
    limited, limiter = limit(sound, rate, ceiling)
    assert limited.shape == sound.shape and limited.dtype == np.float32 and np.isfinite(limited).all()
    if sound.any():
        assert true_peak(limited, rate) <= ceiling + TOLERANCE_DB
    # One gain for all channels, never above 1, and bit for bit 1 where nothing is taken off.
    assert (np.abs(limited) <= np.abs(sound)).all()
    assert int((limited != sound).any(axis=1).sum()) <= limiter.limited_frames
    if not limiter.limited_db:
        np.testing.assert_array_equal(limited, sound)
    # Cut anywhere, the same bits.
    rng = np.random.default_rng(seed)
    again, _ = limit(sound, rate, ceiling, cuts=iter(lambda: int(rng.integers(1, size + 1)), 0))
    np.testing.assert_array_equal(again, limited)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_below_the_ceiling_nothing_is_changed(layout: str) -> None:
    channels = Layout.parse(layout).channels
    sound = np.random.default_rng(0).uniform(-0.3, 0.3, (100_000, channels)).astype(np.float32)
    limited, limiter = limit(sound, 48_000, -2.0)
    assert limited.tobytes() == sound.tobytes()
    assert (limiter.limited_db, limiter.limited_frames) == (0.0, 0)


@pytest.mark.parametrize("frames", [0, 1, 100, 16_384, 50_000])
def test_silence_stays_silence_of_its_length(frames: int) -> None:
    limited, limiter = limit(np.zeros((frames, 2), np.float32), 48_000, -2.0)
    assert limited.shape == (frames, 2) and not limited.any() and not limiter.limited_frames


def test_only_the_neighborhood_of_a_peak_is_touched() -> None:
    rate, at = 48_000, 60_000
    sound = np.full((3 * rate, 2), 0.1, np.float32)
    sound[at, 1] = 1.0
    limited, limiter = limit(sound, rate, -6.0)
    gain = limited[:, 0] / sound[:, 0]
    changed = np.flatnonzero(gain != 1.0)
    # It falls within some milliseconds before the peak and is back a few release times after it.
    assert at - 0.005 * rate < changed[0] < at
    assert at + 2 * RELEASE_SECONDS * rate < changed[-1] < at + 6 * RELEASE_SECONDS * rate
    assert 20 * np.log10(gain.min()) == pytest.approx(-limiter.limited_db, abs=1e-3)
    # The other channel goes along: the image stands still.
    assert np.argmin(gain) == pytest.approx(at, abs=0.002 * rate)
    # No click: the gain moves by less than 0.1 dB from one frame to the next.
    assert np.abs(np.diff(20 * np.log10(gain))).max() < 0.1


def test_the_lfe_counts_and_goes_along() -> None:
    layout = Layout.parse("5.1")
    assert layout.lfe is not None
    sound = np.full((48_000, 6), 0.1, np.float32)
    sound[24_000, layout.lfe] = 1.5
    limited, _ = limit(sound, 48_000, -2.0)
    assert true_peak(limited, 48_000) <= -2.0 + TOLERANCE_DB
    gains = limited / sound
    np.testing.assert_allclose(gains, np.broadcast_to(gains[:, :1], gains.shape), rtol=1e-6)


def test_a_block_of_other_channels_is_refused() -> None:
    with pytest.raises(ValueError, match="does not have 2 channels"):
        Limiter(48_000, Layout.parse("stereo"), -1.0).process(np.zeros((10, 6), np.float32))
