"""Build *Glass Harbor*: masters, dubs, true stems and orders, the same bytes on every run.

``python -m samples.build DIR`` or `build`.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dubline.audio.layout import Layout
from dubline.audio.wav import WavWriter
from dubline.media import ffmpeg
from samples import stamp
from samples.dialogue import dialogue, dub
from samples.effects import effects
from samples.music import music
from samples.picture import render
from samples.script import LINES, RATE, SCENES, SECONDS, START_TIMECODE
from samples.stems import STEREO, SURROUND, fold, quantize

# Layout -> name of the master, of the order, and of the folder of its true stems.
_NAMES = {
    "stereo": ("master.mov", "order.yaml", "stems"),
    "5.1": ("master_5.1.mov", "order_5.1.yaml", "stems_5.1"),
}
_BLOCK = 16_384
_STEMS = {"dialogue": dialogue, "music": music, "effects": effects}

ORDER = """\
title: {{id: glass-harbor, name: Glass Harbor, version: theatrical, eidr: null}}
master: {{path: {master}, audio_stream: 0, language: en}}
dubs:
  - {{language: fr-FR, dialogue: dub_fr.wav}}
  - {{language: es-419, dialogue: dub_es.wav, start: "00:00:02:12"}}
deliver:
  - {{spec: ebu-r128, container: mov, codec: pcm_s24le}}
  - {{spec: netflix-nearfield, container: mp4, codec: aac}}
options: {{model: default, policy: netflix, include_optional: false, keep_original: true}}
"""


def build(out_dir: Path, *, layouts: Sequence[str] = ("stereo", "5.1"), seconds: float = SECONDS) -> Path:
    """Write the sample title into ``out_dir`` and return its stereo order (or the first layout's).

    ``layouts`` picks the masters. ``seconds`` cuts the film short (at least 4, at most 60, whole frames):
    six seconds hold a title, a line and a laugh. A folder that already holds just this is left alone.
    """
    if not 4 <= seconds <= SECONDS:
        raise ValueError(f"the film can be 4 to {SECONDS} seconds long, not {seconds}")
    out_dir.mkdir(parents=True, exist_ok=True)
    frames = round(seconds * RATE)
    order = out_dir / _NAMES[layouts[0]][1]
    wanted = stamp.recipe(layouts, frames)
    if stamp.holds(out_dir, wanted):
        return order
    with tempfile.TemporaryDirectory(dir=out_dir) as scratch:
        files = _build_masters(out_dir, Path(scratch), layouts=layouts, frames=frames)
    for language in ("fr", "es"):
        files.append(out_dir / f"dub_{language}.wav")
        _write_wav(files[-1], dub(language, frames)[:, np.newaxis], Layout.parse("mono"))
    for layout in layouts:
        master, name, _ = _NAMES[layout]
        files.append(out_dir / name)
        files[-1].write_text(ORDER.format(master=master), encoding="utf-8")
    stamp.write(out_dir, wanted, files)
    return order


def _build_masters(out_dir: Path, scratch: Path, *, layouts: Sequence[str], frames: int) -> list[Path]:
    seconds = frames / RATE
    picture = scratch / "picture.mov"
    render(picture, seconds=seconds)
    (scratch / "subtitles.srt").write_text(_subtitles(seconds), encoding="utf-8")
    (scratch / "chapters.txt").write_text(_chapters(seconds), encoding="utf-8")
    surround = {name: make(frames) for name, make in _STEMS.items()}
    files = []
    for layout in layouts:
        master, _, folder = _NAMES[layout]
        stems = {name: quantize(fold(stem) if layout == "stereo" else stem) for name, stem in surround.items()}
        (out_dir / folder).mkdir(exist_ok=True)
        tagged = STEREO if layout == "stereo" else SURROUND
        for name, stem in stems.items():
            files.append(out_dir / folder / f"{name}.wav")
            _write_wav(files[-1], stem, tagged)
        _write_wav(scratch / "mix.wav", sum(stems.values(), start=np.zeros_like(stems["music"])), tagged)
        files.append(out_dir / master)
        _mux(scratch, files[-1])
    return files


def _mux(scratch: Path, master: Path) -> None:
    parts = [scratch / name for name in ("picture.mov", "mix.wav", "subtitles.srt", "chapters.txt")]
    ffmpeg.run([
        "-y", *(argument for part in parts for argument in ("-i", str(part))),
        "-map", "0:v", "-map", "1:a", "-map", "2:s", "-map_metadata", "3", "-map_chapters", "3",
        "-c:v", "copy", "-c:a", "pcm_s24le", "-c:s", "mov_text",
        "-metadata:s:a:0", "language=eng", "-metadata:s:s:0", "language=eng",
        "-timecode", START_TIMECODE, "-fflags", "+bitexact", str(master),
    ])  # fmt: skip


def _write_wav(path: Path, samples: npt.NDArray[np.floating], layout: Layout) -> None:
    with WavWriter(path, rate=RATE, layout=layout, sample_format="s24") as writer:
        for start in range(0, len(samples), _BLOCK):
            writer.write(samples[start : start + _BLOCK].astype(np.float32))


def _subtitles(seconds: float) -> str:
    """The English lines as SubRip."""
    shown = [line for line in LINES if line.start + 1.0 < seconds]
    return "\n".join(
        f"{number}\n{_clock(line.start)} --> {_clock(min(line.start + 3.0, seconds))}\n{line.text['en']}\n"
        for number, line in enumerate(shown, start=1)
    )


def _clock(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"00:{minutes:02d}:{rest // 1000:02d},{rest % 1000:03d}"


def _chapters(seconds: float) -> str:
    """The scenes as ffmpeg's metadata file."""
    shown = [scene for scene in SCENES if scene.start < seconds]
    return ";FFMETADATA1\n" + "".join(
        f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={scene.start * 1000:.0f}\nEND={min(scene.end, seconds) * 1000:.0f}\n"
        f"title={scene.name}\n"
        for scene in shown
    )


if __name__ == "__main__":
    build(Path(sys.argv[1]))
