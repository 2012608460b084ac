"""A long title out of the sample: the same minute again and again, by stream copy, for benches."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from dubline.audio.wav import WavReader, WavWriter
from dubline.media import ffmpeg
from samples.script import DUB_START, RATE, SECONDS, START_TIMECODE


def build_long(sample_dir: Path, out: Path, minutes: int, *, order: str = "order.yaml") -> Path:
    """Loop the sample in ``sample_dir`` (what `samples.build.build` wrote) to ``minutes`` and return its order.

    ``out`` gets the master of ``order``, both dubs at matching length and the order itself, under the
    sample's names. The picture and the sound are copied, not encoded: an hour takes seconds.
    """
    out.mkdir(parents=True, exist_ok=True)
    text = (sample_dir / order).read_text(encoding="utf-8")
    master = "master_5.1.mov" if "master_5.1.mov" in text else "master.mov"
    seconds = minutes * 60
    with tempfile.TemporaryDirectory(dir=out) as scratch:
        rounds = Path(scratch) / "rounds.txt"
        rounds.write_text(_rounds(sample_dir / master, minutes), encoding="utf-8")
        ffmpeg.run([
            "-y", "-f", "concat", "-safe", "0", "-i", str(rounds), "-i", str(sample_dir / master),
            "-map", "0:v", "-map", "0:a", "-map", "0:s", "-map_metadata", "1", "-map_chapters", "1", "-c", "copy",
            "-timecode", START_TIMECODE, "-fflags", "+bitexact", str(out / master),
        ])  # fmt: skip
    for language, start in DUB_START.items():
        name = f"dub_{language}.wav"
        _loop_dub(sample_dir / name, out / name, start=start, seconds=seconds)
    (out / order).write_text(text, encoding="utf-8")
    return out / order


def _rounds(master: Path, minutes: int) -> str:
    """A list for ffmpeg's concat demuxer.

    It says each round's length: without it the reordered frames at the end would open a gap of two frames.
    """
    path = str(master.resolve()).replace("'", r"'\''")
    return "ffconcat version 1.0\n" + f"file '{path}'\nduration {SECONDS}\n" * minutes


def _loop_dub(source: Path, out: Path, *, start: float, seconds: int) -> None:
    """Repeat a dub at the film's pace: every round but the first begins with the silence the dub leaves out."""
    with WavReader(source) as reader:
        film = reader.read()
        lead = round(start * RATE)
        with WavWriter(out, rate=RATE, layout=reader.layout, sample_format="s24") as writer:
            writer.write(film)
            for _ in range(1, seconds // SECONDS):
                writer.write(np.zeros((lead, reader.layout.channels), np.float32))
                writer.write(film)
