"""Many short titles out of the sample, no two of which sound alike, for benches of a whole studio."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dubline.audio.layout import Layout
from dubline.audio.wav import WavReader, WavWriter
from dubline.media import ffmpeg
from samples.picture import render
from samples.script import FPS, RATE, SECONDS, START_TIMECODE
from samples.stems import STEREO

# Under what a spec hears, above silence: it tells apart what a pause would make equal.
_ROOM_TONE = 10.0 ** (-75.0 / 20.0)

_ORDER = """\
title: {{id: {id}, name: Short {number}, version: theatrical, eidr: null}}
master: {{path: master.mov, audio_stream: 0, language: en}}
dubs:
  - {{language: fr-FR, dialogue: dub_fr.wav}}
  - {{language: es-419, dialogue: dub_es.wav}}
deliver:
  - {{spec: ebu-r128, container: mov, codec: pcm_s24le}}
  - {{spec: netflix-nearfield, container: mp4, codec: aac}}
"""


def build_many(sample_dir: Path, out: Path, count: int, *, seconds: int = 3) -> Iterator[Path]:
    """Cut ``count`` titles of ``seconds`` out of the whole sample film in ``sample_dir``; yields their orders.

    Title k is a window of the film that begins where no other does, over a room tone of its own, with the dubs' same
    window: every recipe of every title is its own. The picture, made once, is the same in all.
    """
    out.mkdir(parents=True, exist_ok=True)
    picture = out / "picture.mov"
    render(picture, seconds=seconds)
    for number in range(count):
        folder = out / f"short-{number:04d}"
        folder.mkdir(exist_ok=True)
        start = round((SECONDS - seconds) * FPS * number / count) * RATE // FPS
        _master(sample_dir / "stems", folder / "master.mov", picture, start, seconds * RATE, seed=3 * number)
        for seed, dub in enumerate(("dub_fr.wav", "dub_es.wav"), start=3 * number + 1):
            _cut([sample_dir / dub], folder / dub, start, seconds * RATE, layout=Layout.parse("mono"), seed=seed)
        (folder / "order.yaml").write_text(_ORDER.format(id=folder.name, number=number), encoding="utf-8")
        yield folder / "order.yaml"


def _master(stems: Path, out: Path, picture: Path, start: int, frames: int, *, seed: int) -> None:
    mix = out.with_name("mix.wav")
    _cut(sorted(stems.glob("*.wav")), mix, start, frames, layout=STEREO, seed=seed)
    ffmpeg.run([
        "-y", "-i", str(picture), "-i", str(mix), "-map", "0:v", "-map", "1:a", "-c", "copy",
        "-metadata:s:a:0", "language=eng", "-timecode", START_TIMECODE, "-fflags", "+bitexact", str(out),
    ])  # fmt: skip
    mix.unlink()


def _cut(sources: list[Path], out: Path, start: int, frames: int, *, layout: Layout, seed: int) -> None:
    """The same window of all ``sources``, summed; where one ends early, silence."""
    noise = np.random.default_rng(seed).standard_normal((frames, layout.channels))
    sum_ = _ROOM_TONE * noise
    for source in sources:
        with WavReader(source) as reader:
            window = reader.read()[start : start + frames]
        sum_[: len(window)] += window
    with WavWriter(out, rate=RATE, layout=layout, sample_format="s24") as writer:
        writer.write(sum_.astype(np.float32))
