"""The recordings a data set is made of, from a corpus or plain folders, each in one split for good."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import soundfile
import soxr

from dubline.errors import BadInput
from dubline.training.corpus import RATE, Clip, Corpus, Holdout, Samples, decode_mono, read_manifest, split
from dubline.training.datasets.presets import SPLITS, Split

_AUDIO = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a", ".aac", ".aif", ".aiff"})
# The end of a recording that is shorter than this is not a piece of its own (Divide and Remaster v3, music).
_SHORTEST_PIECE_SECONDS = 5.0
# Containers of codecs with loss, as libsndfile calls them.
_LOSSY = frozenset({"OGG", "MPEG"})
# What a resampler looks ahead, generously.
_MARGIN_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Source:
    """One recording: its kind, the file as the user named it, whom it belongs to and which split it is in."""

    kind: str
    file: str
    language: str
    speaker: str
    license: str
    group: str
    split: Split


@dataclass(frozen=True, slots=True)
class Piece:
    """At most ``longest`` samples of a file at 48 kHz from sample ``start`` on, or all of it."""

    file: str
    language: str = ""
    start: int = 0
    longest: int | None = None

    @property
    def frames(self) -> int:
        """Its length in samples, from the file's header; `BadInput` when the file cannot be read."""
        left = max(_frames(self.file) - self.start, 0)
        return left if self.longest is None else min(left, self.longest)

    def samples(self, offset: int = 0, frames: int | None = None) -> Samples:
        """``frames`` samples from ``offset`` of the piece on: mono 48 kHz float32 ``(n,)``."""
        first = self.start + offset
        return _read(Path(self.file), first, first + (self.frames - offset if frames is None else frames))


@cache
def _frames(file: str) -> int:
    """Length of a file at 48 kHz."""
    try:
        about = soundfile.info(file)
    except (soundfile.LibsndfileError, OSError):
        return len(decode_mono(Path(file)))
    return int(about.frames) * RATE // int(about.samplerate)


def _read(path: Path, start: int, stop: int) -> Samples:
    """Samples ``start`` to ``stop`` at 48 kHz, channels averaged: always those the whole file would give.

    So only files without loss at 48 kHz are entered in the middle: a codec's state, and a resampler's phase, are what
    came before. libsndfile decodes ten times as fast as PyAV frame by frame; what it cannot read PyAV decodes.
    """
    try:
        with soundfile.SoundFile(path) as file:
            rate = file.samplerate
            entered = start if rate == RATE and file.format not in _LOSSY else 0
            file.seek(entered)
            last = stop if rate == RATE else stop * rate // RATE + round(_MARGIN_SECONDS * rate)
            block = file.read(max(last - entered, 0), dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError):
        return decode_mono(path)[start:stop]
    mono: Samples = block.mean(axis=1)
    if rate != RATE:
        mono = soxr.resample(mono, rate, RATE, quality="VHQ")
    return mono[start - entered : stop - entered]


def from_corpus(folder: Path, holdout: Holdout | None = None) -> tuple[Source, ...]:
    """The recordings of a folder with a ``manifest.csv``. Raises `BadInput` where it has none or it is not valid."""
    clips = [
        Clip(
            kind=row["kind"],
            path=str(folder / row["path"]),
            source=row["source_repo"],
            license=row["license"],
            language=row["language"],
            speaker=row["speaker"],
            label=row["label"],
            start=0,
            frames=0,
        )
        for row in read_manifest(folder)
    ]
    return _divided(clips, holdout or Holdout())


def from_folders(
    *, speech: Mapping[str, Sequence[Path]], music: Sequence[Path], effects: Sequence[Path]
) -> tuple[Source, ...]:
    """The recordings in plain folders, speech by language; a sub-folder of speech is a speaker.

    Folders named train, val and test inside one of them are taken as its splits; other recordings are divided as
    those of a corpus are. Raises `BadInput` for a folder without recordings.
    """
    named = [("speech", language, folder) for language, folders in speech.items() for folder in folders]
    named += [("music", "", folder) for folder in music] + [("effects", "", folder) for folder in effects]
    free: list[Clip] = []
    placed: list[Source] = []
    for kind, language, folder in named:
        for part in SPLITS:
            placed += [_source(clip, part) for clip in _clips(kind, language, folder / part)]
        if not any((folder / part).is_dir() for part in SPLITS):
            clips = _clips(kind, language, folder)
            if not clips:
                raise BadInput(f"no {kind} recordings", str(folder), "name a folder with audio files")
            free += clips
    return tuple(sorted((*placed, *_divided(free, Holdout(languages=()))), key=_order))


def _clips(kind: str, language: str, folder: Path) -> list[Clip]:
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _AUDIO) if folder.is_dir() else []
    return [
        Clip(
            kind=kind,
            path=str(file),
            source=str(folder),
            license="",
            language=language,
            speaker=_speaker(file.relative_to(folder), language) if kind == "speech" else "",
            label=kind,
            start=0,
            frames=0,
        )
        for file in files
    ]


def _speaker(file: Path, language: str) -> str:
    return f"{language}/{file.parts[0]}" if len(file.parts) > 1 else ""


def _divided(clips: Sequence[Clip], holdout: Holdout) -> tuple[Source, ...]:
    """Training is what `corpus.split` leaves; what it holds out goes to validation and test by turns, kind by kind."""
    _, held = split(Corpus(tuple(clips), np.zeros(0, np.int16)), holdout)
    parts: dict[str, Split] = {}
    turns: Counter[str] = Counter()
    # Sorted by their hash, so that neighbors in a folder do not decide who is met in which split.
    for clip in sorted(held.clips, key=lambda clip: hashlib.sha256(clip.group.encode()).digest()):
        if clip.group not in parts:
            parts[clip.group] = "val" if turns[clip.kind] % 2 == 0 else "test"
            turns[clip.kind] += 1
    return tuple(sorted((_source(clip, parts.get(clip.group, "train")) for clip in clips), key=_order))


def _source(clip: Clip, part: Split) -> Source:
    return Source(clip.kind, clip.path, clip.language, clip.speaker, clip.license, clip.group, part)


def _order(source: Source) -> tuple[str, str]:
    return source.kind, source.file


def pieces(sources: Iterable[Source], longest_seconds: float | None) -> list[Piece]:
    """What can be drawn from ``sources``: whole files, or files cut into pieces of at most ``longest_seconds``."""
    if longest_seconds is None:
        return [Piece(source.file, source.language) for source in sources]
    return [piece for source in sources for piece in _cut(source, round(longest_seconds * RATE))]


def _cut(source: Source, frames: int) -> list[Piece]:
    total = _frames(source.file)
    starts = [start for start in range(0, total, frames) if total - start >= _SHORTEST_PIECE_SECONDS * RATE] or [0]
    return [Piece(source.file, source.language, start, frames) for start in starts]
