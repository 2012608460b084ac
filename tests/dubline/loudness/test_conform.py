"""Conforming files: left alone or gained once, peaks limited, the limit named that cannot be met."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dubline.audio.layout import Layout
from dubline.audio.spans import Spans
from dubline.audio.wav import Block, WavReader, WavWriter
from dubline.errors import BadInput, Cancelled
from dubline.loudness.conform import MAX_LIMITER_LOSS_LU, Conformed, Watch, conform
from dubline.loudness.gains import MAX_LIMITED_DB
from dubline.loudness.meter import measure_wav
from dubline.loudness.render import render
from dubline.loudness.specs import get

RATE = 48_000
EBU = get("ebu-r128")
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def make(samples: Block, *, layout: str = "stereo", sample_format: str = "f32", name: str = "mix.wav") -> Path:
        path = tmp_path / name
        with WavWriter(path, rate=RATE, layout=Layout.parse(layout), sample_format=sample_format) as writer:
            writer.write(samples)
        return path

    return make


def noise(lufs: float, *, channels: int = 2, seconds: int = 5, peak: float = 0.0) -> Block:
    """Noise near ``lufs``, clipped to a low crest factor, with single peaks of ``peak`` in it."""
    rng = np.random.default_rng(0)
    sound = np.clip(rng.standard_normal((seconds * RATE, channels)), -1.5, 1.5) * 10 ** ((lufs - 2.6) / 20)
    if peak:
        sound[RATE // 2 :: RATE] = peak
    return sound.astype(np.float32)


def conformed(source: Path, folder: Path, spec: str = "ebu-r128", **more: object) -> Conformed:
    folder.mkdir()
    speech = Spans()
    measured, _ = measure_wav(source, speech=speech)
    return conform(source, folder, get(spec), measured=measured, speech=speech, **more)


def read(path: Path) -> Block:
    with WavReader(path) as reader:
        return reader.read()


@pytest.mark.parametrize("sample_format", ["f32", "s24"])
def test_inside_the_tolerance_a_mix_is_left_alone(sample_format: str, write: Write, tmp_path: Path) -> None:
    once = conformed(write(noise(-30.0), name="raw.wav"), tmp_path / "one")
    source = write(read(once.path), sample_format=sample_format)
    made = conformed(source, tmp_path / "two")
    assert made.path == source and made.reachable
    assert (made.gain_db, made.dialogue_gain_db, made.limited_db, made.rounds) == (0.0, 0.0, 0.0, 0)
    assert not list((tmp_path / "two").iterdir())


@pytest.mark.parametrize("layout", ["stereo", "5.1"])
def test_one_gain_for_every_sample_lands_on_target(layout: str, write: Write, tmp_path: Path) -> None:
    samples = noise(-33.0, channels=Layout.parse(layout).channels)
    made = conformed(write(samples, layout=layout), tmp_path / "room")
    assert made.reachable and not made.limited_db
    assert made.delivered.integrated_lufs == pytest.approx(-23.0, abs=0.001)
    np.testing.assert_array_equal(read(made.path), samples * np.float32(10 ** (made.gain_db / 20)))


def test_peaks_alone_are_limited_and_nothing_else_changes(write: Write, tmp_path: Path) -> None:
    samples = read(conformed(write(noise(-30.0), name="raw.wav"), tmp_path / "one").path)
    samples[2 * RATE] = 1.2
    made = conformed(write(samples), tmp_path / "two")
    assert made.reachable and made.gain_db == 0.0
    assert 2.5 < made.limited_db <= MAX_LIMITED_DB and 0.0 < made.limited_share < 0.3
    assert made.delivered.true_peak_dbtp is not None and made.delivered.true_peak_dbtp <= -1.0
    limited = read(made.path)
    np.testing.assert_array_equal(limited[:RATE], samples[:RATE])
    np.testing.assert_array_equal(limited[-RATE:], samples[-RATE:])


def test_a_mix_that_would_take_dynamics_says_which_limit(write: Write, tmp_path: Path) -> None:
    made = conformed(write(noise(-40.0, peak=0.5)), tmp_path / "room")
    assert not made.reachable
    assert made.limit is not None and "true-peak limit of -1 dBTP" in made.limit
    assert made.delivered.true_peak_dbtp is not None and made.delivered.true_peak_dbtp <= -1.0
    assert made.limited_db <= MAX_LIMITED_DB + 0.05


def test_a_limiter_that_would_change_the_loudness_is_not_used(write: Write, tmp_path: Path) -> None:
    # Spikes everywhere: 6 dB less of them would be compression.
    spikes = np.random.default_rng(0).standard_normal((5 * RATE, 2)) ** 3
    source = write((spikes * 0.01).astype(np.float32))
    made = conformed(source, tmp_path / "room", "web")
    assert not made.reachable and 0.0 < made.limited_db < MAX_LIMITED_DB
    planned, landed = measure_wav(source)[0].gained(made.gain_db).integrated_lufs, made.delivered.integrated_lufs
    assert planned is not None and landed is not None
    assert planned - landed <= MAX_LIMITER_LOSS_LU


def test_aac_is_judged_as_it_sounds_decoded(write: Write, tmp_path: Path) -> None:
    # Clipped noise at the ceiling: AAC gives its peaks back.
    samples = np.clip(np.random.default_rng(1).standard_normal((5 * RATE, 2)), -1, 1).astype(np.float32)
    source = write(samples * np.float32(0.18))
    plain, coded = conformed(source, tmp_path / "pcm", "web"), conformed(source, tmp_path / "aac", "web", codec="aac")
    assert coded.reachable, coded.reason
    assert coded.delivered.true_peak_dbtp is not None and coded.delivered.true_peak_dbtp <= -1.0
    assert coded.ceiling_dbtp <= plain.ceiling_dbtp


def test_inputs_are_never_written_to(write: Write) -> None:
    source = write(noise(-30.0))
    before = source.read_bytes()
    with pytest.raises(BadInput, match="same file"):
        render(source, source, gain_db=-3.0, ceiling_dbtp=-1.0)
    assert source.read_bytes() == before


@pytest.mark.parametrize("codec", [None, "aac"])
def test_asked_to_stop(codec: str | None, write: Write, tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        conformed(write(noise(-30.0)), tmp_path / "room", codec=codec, watch=Watch(cancelled=lambda: True))
