"""Every spec, layout and kind of codec: what is conformed meets its spec once decoded, by our meter and by ffmpeg's."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from dubline.audio.layout import Layout
from dubline.audio.spans import Spans
from dubline.audio.wav import WavWriter
from dubline.loudness.conform import MAX_ROUNDS, Conformed, conform, unmet
from dubline.loudness.criterion import criterion
from dubline.loudness.gains import MAX_DIALOGUE_GAIN_DB, MAX_LIMITED_DB
from dubline.loudness.measurement import Measurement
from dubline.loudness.meter import Meter, measure_wav
from dubline.loudness.specs import Spec, get, list_specs
from dubline.media import ffmpeg
from dubline.media.decode import AudioDecoder
from dubline.media.encoding import encode_alone

RATE = 48_000
# Where meters may part: EBU Tech 3341 allows each 0.1 LU, and true peak +0.2 dB.
LOUDNESS_METERS, PEAK_METERS = 0.1, 0.2
LAYOUTS = ("stereo", "5.1")
CODECS = {"pcm_s24le": "mov", "aac": "mp4", "eac3": "mp4"}
REELS = ("hot", "quiet", "sparse", "silent")
MIXES = tuple(spec for spec in list_specs() if spec.material == "print_master")


@dataclass(frozen=True)
class Reel:
    """A print master, the dub as it lies in it, where the dub speaks, and the master's figures."""

    mix: Path
    dialogue: Path
    speech: Spans
    measured: Measurement


def reel(folder: Path, kind: str, layout: str, *, seconds: int = 20, seed: int = 0) -> Reel:
    """Half speech (one part in twenty: sparse) over music and effects with bangs, much too loud or too soft."""
    shape, frames = Layout.parse(layout), seconds * RATE
    rng = np.random.default_rng(seed)
    speech = Spans(((0.5, 1.5),) if kind == "sparse" else tuple((at + 0.25, at + 2.25) for at in range(0, seconds, 4)))
    spoken = np.zeros((frames, shape.channels))
    voice = sosfilt(butter(2, (150, 4000), "bandpass", fs=RATE, output="sos"), rng.standard_normal(frames))
    syllables = 0.3 + np.abs(np.sin(2 * np.pi * 2.5 * np.arange(frames) / RATE))
    inside = speech.covers(np.arange(frames) / RATE)
    for column in (shape.center,) if shape.center is not None else (0, 1):
        spoken[:, column] = np.where(inside, (0.05 if kind == "sparse" else 0.15) * voice * syllables, 0.0)
    rest = 0.04 * sosfilt(butter(1, 1500, fs=RATE, output="sos"), rng.standard_normal((frames, shape.channels)), axis=0)
    for at in range(RATE, frames - RATE, 5 * RATE):
        bang = np.exp(-np.arange(RATE // 4) / 1500)[:, None] * rng.standard_normal((RATE // 4, shape.channels))
        rest[at : at + len(bang)] += (0.04 if kind == "sparse" else 0.1) * bang
    level = {"hot": 3.0, "quiet": 0.05, "sparse": 0.5, "silent": 0.0}[kind]
    dialogue = (level * spoken).astype(np.float32)
    mixed = (level * rest).astype(np.float32) + dialogue
    files = [folder / f"{name}-{kind}-{layout}.wav" for name in ("mix", "dx")]
    for path, sound in zip(files, (mixed, dialogue), strict=True):
        with WavWriter(path, rate=RATE, layout=shape) as writer:
            writer.write(sound)
    return Reel(*files, speech, measure_wav(files[0], speech=speech)[0])


@pytest.fixture(scope="module")
def reels(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Reel]:
    """Each reel is made and measured once."""
    folder = tmp_path_factory.mktemp("reels")
    return cache(lambda kind, layout: reel(folder, kind, layout))


def decoded(path: Path, speech: Spans) -> Measurement:
    """The delivered sound as our meter hears it."""
    with AudioDecoder(path) as decoder:
        meter = Meter(decoder.rate, decoder.layout)
        for block in decoder.blocks():
            meter.process(block)
    return meter.measurement(speech)


@dataclass(frozen=True)
class Heard:
    """ffmpeg's figures of a file."""

    integrated: float
    short_term: float
    true_peak: float


def by_ffmpeg(path: Path, folder: Path, *, speech: Spans | None = None) -> Heard:
    """What ffmpeg's ebur128 hears in a file, or in its speech alone."""
    said = folder / "said.txt"
    keep = "+".join(f"between(t\\,{start}\\,{end})" for start, end in speech.items) if speech else "1"
    # Speech is on the grid of the smaller frames.
    graph = f"asetnsamples=480,aselect={keep},asetpts=N/SR/TB,ebur128=peak=true:metadata=1,ametadata=print:file={said}"
    ffmpeg.run(["-y", "-i", f"file:{path}", "-map", "a:0", "-af", graph, "-f", "null", "-"])
    text = said.read_text()
    peaks = [float(peak) for peak in re.findall(r"true_peaks_ch\d+=([\d.]+)", text)]
    loudest = [float(value) for value in re.findall(r"r128\.S=(-?[\d.]+)", text)]
    whole = [float(value) for value in re.findall(r"r128\.I=(-?[\d.]+)", text)]
    return Heard(whole[-1], max(loudest), 20 * float(np.log10(max(*peaks, 1e-9))))


def delivered(made: Conformed, folder: Path, codec: str) -> Path:
    """The conformed mix in its container."""
    container = CODECS[codec]
    out = folder / f"delivered.{container}"
    encode_alone(made.path, out, container=container, codec=codec)
    return out


def conformed(source: Reel, folder: Path, spec: Spec, codec: str) -> Conformed:
    return conform(
        source.mix,
        folder,
        spec,
        measured=source.measured,
        speech=source.speech,
        dialogue=source.dialogue,
        codec=codec,
        container=CODECS[codec],
    )


def check(spec: Spec, source: Reel, codec: str, folder: Path) -> tuple[float, float, float]:
    """Conform a reel and judge its deliverable: dB over the peak limit by ffmpeg and by us, LU between the two."""
    made = conformed(source, folder, spec, codec)
    assert made.reachable, made.reason
    assert abs(made.dialogue_gain_db) <= MAX_DIALOGUE_GAIN_DB and made.limited_db <= MAX_LIMITED_DB
    assert made.rounds <= MAX_ROUNDS
    file = delivered(made, folder, codec)
    ours = decoded(file, source.speech)
    assert not unmet(ours, spec), made.reason
    if source.measured.true_peak_dbtp is None:
        # Some decoders dither.
        assert made.path == source.mix and (ours.true_peak_dbtp or -200.0) < -90.0
        return (0.0, 0.0, 0.0)
    found = criterion(ours, spec)
    heard = by_ffmpeg(file, folder)
    assert heard.true_peak <= spec.max_true_peak_dbtp + PEAK_METERS
    if spec.max_short_term_lufs is not None:
        assert heard.short_term <= spec.max_short_term_lufs + LOUDNESS_METERS
    loudness = 0.0
    # ffmpeg has a relative gate, which BS.1770-1 has not, but inside speech there is nothing to gate.
    ungated = found is not None and (found.limit.gate, found.limit.algorithm) == ("programme", "bs1770-1")
    if found is not None and found.value is not None and not ungated:
        speech = source.speech if found.limit.gate == "dialogue" else None
        theirs = by_ffmpeg(file, folder, speech=speech).integrated
        low, high = found.limit.target_lufs - found.limit.tol_low, found.limit.target_lufs + found.limit.tol_high
        assert low - LOUDNESS_METERS <= theirs <= high + LOUDNESS_METERS
        loudness = theirs - found.value
    return (heard.true_peak - spec.max_true_peak_dbtp, (ours.true_peak_dbtp or 0.0) - spec.max_true_peak_dbtp, loudness)


@pytest.mark.slow
@pytest.mark.parametrize("kind", REELS)
@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("spec", MIXES, ids=lambda spec: spec.id)
def test_what_is_conformed_meets_its_spec_decoded(
    spec: Spec, layout: str, codec: str, kind: str, reels: Callable[[str, str], Reel], tmp_path: Path
) -> None:
    check(spec, reels(kind, layout), codec, tmp_path)


@pytest.mark.parametrize(
    ("spec", "layout", "codec", "kind"),
    [
        ("ebu-r128", "stereo", "aac", "hot"),
        ("web", "stereo", "eac3", "quiet"),
        ("netflix-nearfield", "5.1", "pcm_s24le", "sparse"),
    ],
)
def test_some_of_them(
    spec: str, layout: str, codec: str, kind: str, reels: Callable[[str, str], Reel], tmp_path: Path
) -> None:
    check(get(spec), reels(kind, layout), codec, tmp_path)
