"""What is in a data set or a corpus: hours, languages, speakers, bandwidth, and levels against the preset's table."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.fft

from dubline.errors import BadInput
from dubline.training.corpus import KINDS, RATE, read_manifest
from dubline.training.datasets import presets
from dubline.training.datasets.files import read_record, read_table
from dubline.training.datasets.items import STEMS, ItemFolder, splits, variants
from dubline.training.datasets.presets import SUBMIXES
from dubline.training.datasets.sources import Piece, from_corpus

Floats = npt.NDArray[np.float64]

# Items whose spectra are looked at: enough for a median, soon done.
_LISTENED = 20
# A stem reaches as high as its long-term spectrum stays within this of its strongest bin.
_REACH_DB = 70.0
_WINDOW = 4096


@dataclass(frozen=True, slots=True)
class Spread:
    """A distribution in few numbers."""

    count: int
    mean: float
    deviation: float
    p10: float
    median: float
    p90: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread | None:
        """The spread of ``values``; None where there are none."""
        if not len(values):
            return None
        low, middle, high = np.percentile(values, (10, 50, 90))
        return cls(len(values), float(np.mean(values)), float(np.std(values)), float(low), float(middle), float(high))


@dataclass(frozen=True)
class Report:
    """Everything a report says. ``values`` are the numbers behind its distributions, by table and row."""

    title: str
    facts: Mapping[str, object]
    tables: Mapping[str, Sequence[Mapping[str, object]]]
    values: Mapping[str, Mapping[str, Sequence[float]]]
    preset: presets.Preset | None = None

    def to_json(self) -> dict[str, Any]:
        """Facts and tables, and the spread of every distribution."""
        spreads = {
            name: {row: asdict(spread) for row, values in rows.items() if (spread := Spread.of(values))}
            for name, rows in self.values.items()
        }
        return {"title": self.title, **self.facts, **self.tables, "distributions": spreads}


def report(folder: Path) -> Report:
    """The report of a corpus, a built data set, or another folder in one of its layouts; `BadInput` for neither."""
    if (folder / "manifest.csv").is_file():
        return _corpus(folder)
    if variants(folder):
        return _dataset(folder)
    raise BadInput("neither a corpus nor a data set", str(folder), "name a folder with a manifest.csv, or a built one")


def _corpus(folder: Path) -> Report:
    rows = read_manifest(folder)
    sources = from_corpus(folder)
    if not rows:
        raise BadInput("the manifest lists nothing", str(folder), "name a corpus folder with recordings")
    split_of = {source.file: source.split for source in sources}
    seconds = {row["path"]: _seconds(folder, row) for row in rows}
    kinds = [
        {
            "kind": kind,
            "files": len(of_kind),
            "hours": sum(seconds[row["path"]] for row in of_kind) / 3600,
            "speakers": len({row["speaker"] for row in of_kind if row["speaker"]}),
            **{split: sum(split_of[str(folder / row["path"])] == split for row in of_kind) for split in presets.SPLITS},
        }
        for kind in KINDS
        if (of_kind := [row for row in rows if row["kind"] == kind])
    ]
    speech = [row for row in rows if row["kind"] == "speech"]
    bandwidth: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        if row.get("bandwidth_khz"):
            bandwidth[row["kind"]].append(float(row["bandwidth_khz"]))
    lengths = {kind: [seconds[row["path"]] for row in rows if row["kind"] == kind] for kind in KINDS}
    return Report(
        title=folder.name,
        facts={
            "hours": sum(seconds.values()) / 3600,
            "languages": len({row["language"] for row in speech}),
            "speakers": len({row["speaker"] for row in rows if row["speaker"]}),
        },
        tables={
            "recordings": kinds,
            "speech by language": _by_language(
                (row["language"], row["speaker"], seconds[row["path"]]) for row in speech
            ),
            "licenses": _counted("license", (row["license"] for row in rows)),
        },
        values={"bandwidth, kHz": bandwidth, "length, s": {kind: values for kind, values in lengths.items() if values}},
    )


def _seconds(folder: Path, row: Mapping[str, str]) -> float:
    return float(row["seconds"]) if row.get("seconds") else Piece(str(folder / row["path"])).frames / RATE


def _dataset(folder: Path) -> Report:
    record = read_record(folder)
    preset = presets.find(str(record["preset_digest"])) if record else None
    data = {split: ItemFolder(folder, split) for split in splits(folder)}
    if not data:
        raise BadInput("a data set without items", str(folder), "build some")
    lengths = {split: one.stems(0).shape[1] / one.rate for split, one in data.items()}
    counts = [
        {
            "split": split,
            "variant": variant,
            "items": one.variant_of.count(variant),
            "hours": one.variant_of.count(variant) * lengths[split] / 3600,
        }
        for split, one in data.items()
        for variant in sorted(set(one.variant_of))
    ]
    used = _events(folder)
    return Report(
        title=folder.name,
        facts={
            "preset": f"{record['preset']} {record['preset_version']}" if record else "unknown",
            "seed": record.get("seed") if record else None,
            "hours": sum(float(str(row["hours"])) for row in counts),
            "languages": len({language for language, *_ in used}),
            "speakers": len({speaker for _, speaker, _ in used if speaker}),
        },
        tables={
            "items": counts,
            "speech by language": _by_language(used),
            "licenses": _counted("license", (row["license"] for row in _sources(folder).values())),
        },
        values={
            "loudness before mastering, LUFS": _drawn(folder, "submix_lufs"),
            "events per item": _event_counts(folder),
            "loudness as delivered, LUFS": _measured(folder, "loudness_integrated"),
            "true peak as delivered, dBTP": _measured(folder, "true_peak"),
            "bandwidth, kHz": _bandwidths(data.values()),
        },
        preset=preset,
    )


def _sources(folder: Path) -> dict[str, dict[str, str]]:
    path = folder / "sources.csv"
    return {row["file"]: row for row in read_table(path)} if path.is_file() else {}


def _events(folder: Path) -> list[tuple[str, str, float]]:
    """Language, speaker and seconds of every speech event of the data set."""
    known = _sources(folder)
    rows = (row for path in sorted(folder.glob("manifest/*/*/*/speech.csv")) for row in read_table(path))
    return [
        (source["language"], source["speaker"], float(row["length_seconds"]))
        for row in rows
        if (source := known.get(row["file"]))
    ]


def _manifests(folder: Path, submix: str) -> list[list[dict[str, str]]]:
    """The manifests of one submix, one per item: background is the same in all variants and counts once."""
    found = {}
    for path in sorted(folder.glob(f"manifest/*/*/*/{submix}.csv")):
        variant, split, item = path.parts[-4:-1]
        found[variant if submix == "speech" else "", split, item] = path
    return [read_table(path) for path in found.values()]


def _drawn(folder: Path, column: str) -> dict[str, list[float]]:
    values = {name: [float(rows[0][column]) for rows in _manifests(folder, name) if rows] for name in SUBMIXES}
    return {name: found for name, found in values.items() if found}


def _event_counts(folder: Path) -> dict[str, list[float]]:
    values = {name: [float(len(rows)) for rows in _manifests(folder, name)] for name in SUBMIXES}
    return {name: found for name, found in values.items() if found}


def _measured(folder: Path, column: str) -> dict[str, list[float]]:
    values: dict[str, list[float]] = defaultdict(list)
    for path in sorted(folder.glob("audio_metadata/*/*/*.csv")):
        for row in read_table(path):
            if row[column]:
                values[row["track"]].append(float(row[column]))
    return values


def _bandwidths(data: Iterable[ItemFolder]) -> dict[str, list[float]]:
    values: dict[str, list[float]] = defaultdict(list)
    for one in data:
        for k in np.unique(np.linspace(0, len(one) - 1, min(_LISTENED, len(one))).astype(int)):
            for stem, samples in zip(STEMS, one.stems(int(k)), strict=True):
                if samples.any():
                    values[stem].append(bandwidth_hz(samples, one.rate) / 1000)
    return values


def bandwidth_hz(samples: npt.NDArray[np.float32], rate: int) -> float:
    """The highest frequency at which the long-term spectrum of ``(frames,)`` is within 70 dB of its maximum."""
    size = min(_WINDOW, len(samples))
    windows = samples[: len(samples) // size * size].reshape(-1, size) * np.hanning(size).astype(np.float32)
    power = np.square(np.abs(scipy.fft.rfft(windows, axis=1))).mean(axis=0)
    highest = np.flatnonzero(power >= power.max() * 10 ** (-_REACH_DB / 10))[-1]
    return float(highest * rate / size)


def _by_language(events: Iterable[tuple[str, str, float]]) -> list[dict[str, object]]:
    spoken: dict[str, list[float]] = defaultdict(list)
    speakers: dict[str, set[str]] = defaultdict(set)
    for language, speaker, seconds in events:
        spoken[language].append(seconds)
        speakers[language] |= {speaker} - {""}
    return [
        {
            "language": language or "unknown",
            "hours": sum(lengths) / 3600,
            "utterances": len(lengths),
            "speakers": len(speakers[language]),
        }
        for language, lengths in sorted(spoken.items(), key=lambda item: (-sum(item[1]), item[0]))
    ]


def _counted(name: str, values: Iterable[str]) -> list[dict[str, object]]:
    return [{name: value or "unknown", "recordings": number} for value, number in Counter(values).most_common()]
