"""Real media for the tests: a second or two of test picture and noise, made by ffmpeg."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import lfilter

from dubline.audio.layout import Layout
from dubline.audio.wav import Block, WavReader, WavWriter
from dubline.media import ffmpeg

RATE = 48000
# Not a whole number of AAC, AC-3, Opus or picture frames: what is cut or padded shows.
FRAMES = 76_923

Film = Callable[..., Path]


@pytest.fixture(scope="session")
def noise() -> Callable[..., Block]:
    """Colored noise, ``(frames, channels)``: the same for the same seed, sharp under correlation, kind to codecs."""

    def make(frames: int = FRAMES, *, channels: int = 2, seed: int = 0) -> Block:
        white = np.random.default_rng(seed).standard_normal((frames, channels)) * 0.05
        return np.asarray(lfilter([0.3], [1, -0.7], white, axis=0), dtype=np.float32)

    return make


@pytest.fixture(scope="session")
def wav(noise: Callable[..., Block]) -> Callable[..., Path]:
    """Writes noise as a float WAV."""

    def make(path: Path, *, layout: str = "stereo", rate: int = RATE, frames: int = FRAMES, seed: int = 0) -> Path:
        shape = Layout.parse(layout)
        with WavWriter(path, rate=rate, layout=shape) as writer:
            writer.write(noise(frames, channels=shape.channels, seed=seed))
        return path

    return make


@pytest.fixture(scope="session")
def film(wav: Callable[..., Path]) -> Film:
    """Writes a film: 1.6 s of ``testsrc2`` and noise, in the container its name says."""

    def make(
        path: Path,
        *,
        picture: tuple[str, ...] = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-pix_fmt", "yuv420p"),
        sound: tuple[str, ...] = ("-c:a", "pcm_s24le"),
        frame_rate: str = "25",
        more: tuple[str, ...] = (),
        inputs: tuple[str, ...] = (),
        size: str = "128x72",
        **tone: object,
    ) -> Path:
        source = wav(path.with_name(path.name + ".source.wav"), **tone)
        video = f"testsrc2=s={size}:r={frame_rate}:d=1.6"
        head = ["-y", "-f", "lavfi", "-i", video, "-f", "wav", "-i", f"file:{source}", *inputs]
        ffmpeg.run([*head, "-map", "0:v", "-map", "1:a", *picture, *sound, *more, f"file:{path}"])
        return path

    return make


@pytest.fixture(scope="session")
def lag() -> Callable[[Block, Block], int]:
    """Samples by which ``late`` trails ``early`` (one channel each), at the peak of their cross-correlation."""

    def measure(late: Block, early: Block) -> int:
        size = 1 << (len(late) + len(early)).bit_length()
        spectrum = np.fft.rfft(late, size) * np.conj(np.fft.rfft(early, size))
        peak = int(np.argmax(np.fft.irfft(spectrum, size)))
        return peak if peak < size // 2 else peak - size

    return measure


@pytest.fixture(scope="session")
def samples() -> Callable[[Path], Block]:
    """All samples of a WAV."""

    def read(path: Path) -> Block:
        with WavReader(path) as reader:
            return reader.read()

    return read
