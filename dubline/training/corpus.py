"""Recordings to train on: a folder with a ``manifest.csv``, decoded once into a pool of samples, split in two."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from dubline.errors import BadInput

RATE = 48_000
KINDS = ("speech", "music", "effects", "vocalizations")
# Every clip is stored with this peak: levels are drawn anew for each mixture, so the pool keeps 16 bits of resolution.
POOL_PEAK = 0.9
INT16_SCALE = 32_768.0
_TAKE = re.compile(r"([-_][a-h])?[-_]?\d*([-_][0-9a-f]{6})?$")

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording: what it is, whom it belongs to, and where its samples lie in the pool."""

    kind: str
    path: str
    source: str
    license: str
    language: str
    speaker: str
    label: str
    start: int
    frames: int

    @property
    def group(self) -> str:
        """The unit that never crosses a split: the speaker, or the recording for everything without one."""
        if self.speaker:
            return f"speaker:{self.speaker}"
        return f"recording:{self.source}/{_recording(self.path)}"


def _recording(path: str) -> str:
    """A recording's name without content hash, take letter and running number: its takes stay in one split."""
    return _TAKE.sub("", Path(path).stem.lower())


@dataclass(frozen=True)
class Corpus:
    """Clips and the pool of their samples, int16 mono at 48 kHz, mapped from disk."""

    clips: tuple[Clip, ...]
    pool: npt.NDArray[np.int16]

    def of(self, kind: str) -> list[Clip]:
        """The clips of one kind, in the manifest's order."""
        return [clip for clip in self.clips if clip.kind == kind]

    def with_clips(self, clips: Iterable[Clip]) -> Corpus:
        """The same pool seen through fewer clips."""
        return Corpus(tuple(clips), self.pool)

    def samples(self, clip: Clip, start: int = 0, frames: int | None = None) -> Samples:
        """``frames`` samples of ``clip`` from ``start`` on: ``(n,)`` float32, n smaller where the clip ends."""
        frames = clip.frames - start if frames is None else frames
        stop = min(start + frames, clip.frames)
        part = self.pool[clip.start + start : clip.start + stop]
        return part.astype(np.float32) / np.float32(INT16_SCALE)


def decode_mono(path: Path) -> Samples:
    """The whole file as mono 48 kHz float32 ``(n,)``, channels averaged. Raises ``BadInput`` if it cannot be read."""
    try:
        with av.open(str(path)) as container:
            resampler = av.AudioResampler(format="fltp", rate=RATE)
            parts = [
                np.asarray(out.to_ndarray(), dtype=np.float32).mean(axis=0)
                for frame in container.decode(audio=0)
                for out in resampler.resample(frame)
            ]
            parts += [np.asarray(out.to_ndarray(), dtype=np.float32).mean(axis=0) for out in resampler.resample(None)]
    except (av.FFmpegError, OSError, IndexError) as error:
        raise BadInput(f"cannot decode: {error}", str(path), "remove the file from the manifest") from error
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def read_manifest(folder: Path) -> list[dict[str, str]]:
    """The manifest's rows. Raises ``BadInput`` for a missing manifest, column or kind."""
    manifest = folder / "manifest.csv"
    if not manifest.is_file():
        raise BadInput("no manifest.csv", str(folder), "name a corpus folder that holds one")
    with manifest.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    needed = ("kind", "path", "source_repo", "license", "language", "speaker", "label")
    for number, row in enumerate(rows, start=2):
        missing = [name for name in needed if row.get(name) is None]
        if missing:
            raise BadInput(f"no column {missing[0]}", f"{manifest}, line {number}", "add the column")
        if row["kind"] not in KINDS:
            raise BadInput(f"unknown kind {row['kind']!r}", f"{manifest}, line {number}", f"use one of {KINDS}")
    return rows


def open_corpus(folder: Path, cache: Path) -> Corpus:
    """The corpus in ``folder``; decoded into ``cache`` on first use, mapped from there afterwards.

    The cache is keyed by the manifest's hash: a changed manifest is decoded again.
    """
    rows = read_manifest(folder)
    key = hashlib.sha256((folder / "manifest.csv").read_bytes()).hexdigest()[:16]
    index, pool = cache / f"{key}.json", cache / f"{key}.npy"
    if not (index.is_file() and pool.is_file()):
        _decode_all(folder, rows, index=index, pool=pool)
    clips = tuple(Clip(**entry) for entry in json.loads(index.read_text(encoding="utf-8")))
    return Corpus(clips, np.load(pool, mmap_mode="r"))


def _decode_all(folder: Path, rows: Sequence[dict[str, str]], *, index: Path, pool: Path) -> None:
    """Decode every row into one array and its index; the index appears last, so a cut-off run leaves no cache."""
    pool.parent.mkdir(parents=True, exist_ok=True)
    parts: list[npt.NDArray[np.int16]] = []
    entries: list[dict[str, Any]] = []
    start = 0
    for row in rows:
        samples = decode_mono(folder / row["path"])
        peak = float(np.abs(samples).max(initial=0.0))
        if peak == 0.0:
            continue
        parts.append(np.round(samples * (POOL_PEAK / peak * (INT16_SCALE - 1))).astype(np.int16))
        entries.append(asdict(_clip(row, start, len(samples))))
        start += len(samples)
    if not parts:
        raise BadInput("no sound in any file", str(folder), "name a corpus folder with recordings")
    temporary = pool.with_name(f"{pool.stem}.part.npy")
    np.save(temporary, np.concatenate(parts))
    temporary.replace(pool)
    temporary = index.with_suffix(".part")
    temporary.write_text(json.dumps(entries), encoding="utf-8")
    temporary.replace(index)


def _clip(row: dict[str, str], start: int, frames: int) -> Clip:
    return Clip(
        kind=row["kind"],
        path=row["path"],
        source=row["source_repo"],
        license=row["license"],
        language=row["language"],
        speaker=row["speaker"],
        label=row["label"],
        start=start,
        frames=frames,
    )


@dataclass(frozen=True, slots=True)
class Holdout:
    """What training never hears: whole languages, and a share of the remaining groups chosen by their hash."""

    languages: tuple[str, ...] = ("hu", "th", "mr", "gd", "so")
    share: float = 0.06


def split(corpus: Corpus, holdout: Holdout) -> tuple[Corpus, Corpus]:
    """Training and validation parts that share no speaker, recording or held-out language.

    A group is held out as a whole when any of its clips is in a held-out language or its hash falls below the share.
    """
    groups = {
        clip.group for clip in corpus.clips if clip.language in holdout.languages or _hash(clip.group) < holdout.share
    }
    held = [clip for clip in corpus.clips if clip.group in groups]
    kept = [clip for clip in corpus.clips if clip.group not in groups]
    return corpus.with_clips(kept), corpus.with_clips(held)


def _hash(name: str) -> float:
    """A number in [0, 1) that depends on nothing but the name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") / 2**64
