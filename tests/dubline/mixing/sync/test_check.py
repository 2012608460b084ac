"""Dubs that are shifted and run at another speed are found; what cannot be known is not said."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
import soxr

from dubline.errors import BadInput, Cancelled
from dubline.mixing.sync.check import SyncReport, check_sync
from samples.dialogue import SOURCES

Samples = npt.NDArray[np.float32]
Write = Callable[..., Path]
RATE = 16000


def spoken(language: str, lines: range, *, pause: float = 0.8) -> Samples:
    """Lines of the sample film one after the other, mono at `RATE`."""
    track = [np.zeros(RATE)]
    for number in lines:
        voice, rate = soundfile.read(SOURCES / f"{language}_{number:02d}.flac", dtype="float64")
        track += [soxr.resample(voice, rate, RATE), np.zeros(round(pause * (1 + number % 3) * RATE))]
    return np.concatenate(track).astype(np.float32)[:, None]


@pytest.fixture(scope="module")
def dialogue() -> Samples:
    return spoken("en", range(1, 7))


def played(sound: Samples, *, speed: Fraction, offset: float, noise_db: float | None = None) -> Samples:
    """``sound`` as a dub at ``speed`` that is ``offset`` seconds late, under noise ``noise_db`` from its own level."""
    faster = soxr.resample(sound, float(RATE * speed), RATE, quality="VHQ")
    dub = np.concatenate([np.zeros((round(offset * RATE), 1), np.float32), faster])
    if noise_db is not None:
        level = float(np.sqrt(np.square(dub).mean())) * 10 ** (noise_db / 20)
        dub += np.random.default_rng(0).standard_normal(dub.shape).astype(np.float32) * np.float32(level)
    return dub


@pytest.mark.parametrize(
    ("speed", "offset", "noise_db", "cause"),
    [
        (Fraction(1), 0.0, None, "own speed"),
        (Fraction(1), 4.9990625, -6.0, "own speed"),
        (Fraction(25025, 24000), 1.7, None, "25 fps dub on a 23.976"),
        (Fraction(24, 25), 0.3128125, -6.0, "24 fps dub on a 25"),
        (Fraction(1001, 1000), 2.5, -6.0, "24 fps dub on a 23.976"),
        (Fraction(1000150, 1000000), 0.75, None, None),
    ],
)
def test_the_same_performance_is_found_within_a_millisecond_and_ten_parts_in_a_million(
    speed: Fraction, offset: float, noise_db: float | None, cause: str | None, dialogue: Samples, write: Write
) -> None:
    dub = played(dialogue, speed=speed, offset=offset, noise_db=noise_db)
    report = check_sync(
        write(dub, layout="mono", rate=RATE, name="sync_dub.wav"),
        write(np.repeat(dialogue, 2, axis=1), layout="stereo", rate=RATE, name="sync_dx.wav"),
    )
    assert report.method == "waveform" and report.offset_seconds is not None and report.speed is not None
    assert abs(report.offset_seconds - offset) < 1e-3
    assert abs(report.speed / float(speed) - 1) < 10e-6
    assert (report.cause is None) if cause is None else (cause in str(report.cause))
    # So short a drift nobody sees: 150 ppm are 3 ms after 20 s.
    assert report.in_sync == (offset < 0.045 and abs(speed - 1) < 1e-3)
    assert SyncReport.from_json(json.loads(json.dumps(report.to_json()))) == report


def test_a_dub_that_begins_early_and_one_at_another_rate_are_found(dialogue: Samples, write: Write) -> None:
    dub = soxr.resample(dialogue[round(0.8 * RATE) :], RATE, 22050)
    report = check_sync(
        write(dub, layout="mono", rate=22050, name="sync_dub.wav"),
        write(dialogue, layout="mono", rate=RATE, name="sync_dx.wav"),
    )
    assert report.offset_seconds == pytest.approx(-0.8, abs=1e-3) and report.ratio == "1"
    assert report.summary == "is 0.800 s early at the first frame; up to 0.800 s from the picture"
    # To be in sync it must begin that much later than it was laid up.
    assert report.start(0, RATE) == pytest.approx(0.8 * RATE, abs=2)


def talk(cues: npt.NDArray[np.float64], lengths: npt.NDArray[np.float64], seconds: float, *, seed: int) -> Samples:
    """Somebody says something for ``lengths`` seconds at ``cues``: noise in syllables, at 8 kHz."""
    random, rate = np.random.default_rng(seed), 8000
    track = np.zeros(round(seconds * rate))
    for cue, length in zip(cues + random.normal(0.0, 0.05, len(cues)), lengths, strict=True):
        count = round(length * rate * random.uniform(0.85, 1.15))
        syllables = np.interp(np.arange(count) / rate, np.arange(0, 30, 0.12), random.uniform(0.1, 1.0, 250))
        first = max(round(cue * rate), 0)
        line = random.standard_normal(count) * syllables * 0.1
        track[first : first + count] += line[: len(track) - first]
    return track.astype(np.float32)[:, None]


def test_other_words_at_the_same_cues_are_found_by_phrases_and_pauses(write: Write) -> None:
    random = np.random.default_rng(7)
    lengths = random.uniform(0.6, 5.0, 110)
    cues = 2.0 + np.concatenate([[0.0], np.cumsum(lengths + random.exponential(2.0, 110) + 0.2)[:-1]])
    seconds = float(cues[-1]) + 8.0
    speed, offset = Fraction(25, 24), 1.3
    dub = talk(offset + cues / float(speed), lengths / float(speed), seconds, seed=2)
    report = check_sync(
        write(dub, layout="mono", rate=8000, name="sync_dub.wav"),
        write(talk(cues, lengths, seconds, seed=1), layout="mono", rate=8000, name="sync_dx.wav"),
    )
    assert report.method == "activity" and report.in_sync is False
    assert Fraction(25, 24) in map(Fraction, report.compatible)
    middle = seconds / 2
    assert report.precision_seconds is not None and report.precision_seconds < 0.1
    assert report.line.at(middle) == pytest.approx(offset + middle / float(speed), abs=4 * report.precision_seconds)


@pytest.mark.parametrize("pause", [0.4, 1.1])
def test_of_an_unrelated_dub_nothing_is_claimed(pause: float, dialogue: Samples, write: Write) -> None:
    report = check_sync(
        write(spoken("fr", range(6, 11), pause=pause), layout="mono", rate=RATE, name="sync_dub.wav"),
        write(dialogue, layout="mono", rate=RATE, name="sync_dx.wav"),
    )
    assert not report.determined and not report.certain
    assert (report.in_sync, report.offset_seconds, report.speed) == (None, None, None)
    assert report.summary.startswith("not determined: no place of the dub stands out")


def test_of_silence_nothing_is_claimed_and_what_is_no_sound_is_refused(
    dialogue: Samples, write: Write, folder: Path
) -> None:
    heard = write(dialogue, layout="mono", rate=RATE, name="sync_dx.wav")
    silent = write(np.zeros_like(dialogue), layout="mono", rate=RATE, name="silent.wav")
    short = write(dialogue[RATE : RATE + 100], layout="mono", rate=RATE, name="short.wav")
    assert check_sync(silent, heard).summary == "not determined: the dub is silent"
    assert check_sync(heard, silent).summary == "not determined: the original dialogue is silent"
    assert not check_sync(short, heard).determined and not check_sync(heard, short).determined
    with pytest.raises(BadInput):
        check_sync(folder / "missing.wav", heard)
    with pytest.raises(Cancelled):
        check_sync(heard, heard, cancelled=lambda: True)
