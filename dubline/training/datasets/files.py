"""The folders and files of a Divide and Remaster v3 data set, written whole or not at all.

::

    audio/{variant}/{split}/{000000}/{track}.wav           24-bit PCM
    npy32/{variant}/{split}/{000000}/{track}.npy           (1, frames) float32, what Bandit's loader maps
    manifest/{variant}/{split}/{000000}/{submix}.csv       one row per event
    audio_metadata/{variant}/{split}/{000000}.csv          one row per track
    precompute/{split}.csv                                 what the variants of an item share
    sources.csv, dataset.json                              recordings with split and license; preset, seed, length
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dubline.audio.layout import Layout
from dubline.audio.wav import WavWriter
from dubline.errors import BadInput
from dubline.loudness.clip import integrated_loudness, true_peak_db
from dubline.training.corpus import RATE, Samples
from dubline.training.datasets.events import Submix
from dubline.training.datasets.presets import Split
from dubline.training.datasets.sources import Source

EVENT_COLUMNS = (
    "file", "start_sample", "length_sample", "segment_start_sample", "start_seconds", "length_seconds", "end_seconds",
    "lufs", "submix_lufs", "submix_lufs_target",
)  # fmt: skip
TRACK_COLUMNS = ("track", "loudness_integrated", "true_peak", "naive_peak")
LEVEL_COLUMNS = ("idx", "speech_lufs", "master_lufs", "speech_segments")
SOURCE_COLUMNS = ("file", "kind", "language", "speaker", "license", "split")

# Where items are written before they are moved to their place; what a killed run left there is of no use.
WORK_FOLDER = ".partial"


def item_folder(out: Path, kind: str, variant: str, split: Split, index: int) -> Path:
    """Folder of one item: ``kind`` is audio, npy32 or manifest."""
    return out / kind / variant / split / f"{index:06d}"


def complete(out: Path, variant: str, split: Split, index: int, *, npy: bool) -> bool:
    """Whether the item is there with all its files: its audio folder is the last to appear."""
    kinds = ("audio", "npy32") if npy else ("audio",)
    return all(item_folder(out, kind, variant, split, index).is_dir() for kind in kinds)


def write_item(
    out: Path,
    variant: str,
    split: Split,
    index: int,
    tracks: Mapping[str, Samples],
    submixes: Mapping[str, Submix],
    *,
    npy: bool,
) -> None:
    """Write all files of one item beside the data set and move them into it, the audio folder last."""
    work = out / WORK_FOLDER / f"{variant}-{split}-{index:06d}"
    shutil.rmtree(work, ignore_errors=True)
    kinds = ("manifest",) * bool(submixes) + ("npy32",) * npy + ("audio",)
    for kind in kinds:
        (work / kind).mkdir(parents=True)
    for name, submix in submixes.items():
        _write_table(work / "manifest" / f"{name}.csv", EVENT_COLUMNS, _event_rows(submix))
    for name, samples in tracks.items():
        with WavWriter(
            work / "audio" / f"{name}.wav", rate=RATE, layout=Layout.parse("mono"), sample_format="s24"
        ) as wav:
            wav.write(samples[:, None])
        if npy:
            np.save(work / "npy32" / f"{name}.npy", samples[None])
    metadata = item_folder(out, "audio_metadata", variant, split, index).with_suffix(".csv")
    metadata.parent.mkdir(parents=True, exist_ok=True)
    _write_table(work / metadata.name, TRACK_COLUMNS, (_track_row(name, track) for name, track in tracks.items()))
    (work / metadata.name).replace(metadata)
    for kind in kinds:
        folder = item_folder(out, kind, variant, split, index)
        folder.parent.mkdir(parents=True, exist_ok=True)
        # A run that was killed between two moves left this one done, with the same bytes.
        if not folder.is_dir():
            (work / kind).rename(folder)
    shutil.rmtree(work)


def _event_rows(submix: Submix) -> list[tuple[object, ...]]:
    return [
        (
            event.file,
            event.start,
            event.length,
            event.offset,
            event.start / RATE,
            event.length / RATE,
            (event.start + event.length) / RATE,
            event.lufs,
            submix.lufs,
            submix.target_lufs,
        )
        for event in submix.events
    ]


def _track_row(name: str, samples: Samples) -> tuple[object, ...]:
    peak = float(np.abs(samples).max(initial=0.0))
    naive = float(20 * np.log10(peak)) if peak > 0 else None
    return name, integrated_loudness(samples, RATE), true_peak_db(samples, RATE), naive


def write_sources(out: Path, sources: Sequence[Source]) -> None:
    """Write the list of recordings: who may use the data set is decided by their licenses."""
    rows = ((s.file, s.kind, s.language, s.speaker, s.license, s.split) for s in sources)
    _replace_table(out / "sources.csv", SOURCE_COLUMNS, rows)


def write_levels(out: Path, split: Split, rows: Iterable[Sequence[object]]) -> None:
    """Write the levels that all variants share, one row per item."""
    _replace_table(out / "precompute" / f"{split}.csv", LEVEL_COLUMNS, rows)


def claim(out: Path, record: Mapping[str, object]) -> None:
    """Make ``out`` the data set that ``record`` describes; `BadInput` when it already is another one."""
    path = out / "dataset.json"
    body = json.dumps(record, indent=2, sort_keys=True) + "\n"
    if was := read_record(out):
        changed = [name for name in record if was.get(name) != json.loads(body)[name]]
        if changed:
            raise BadInput(
                f"the data set there was made with another {changed[0]}", str(out), "name another folder for this one"
            )
        return
    out.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    temporary.write_text(body, encoding="utf-8")
    temporary.replace(path)


def read_record(out: Path) -> dict[str, Any]:
    """What `claim` wrote there; empty where nothing did."""
    path = out / "dataset.json"
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return record


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of one of the tables."""
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def _replace_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    _write_table(temporary, columns, rows)
    temporary.replace(path)


def _write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
