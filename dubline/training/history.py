"""What a run has logged: rows of figures in CSV files, cut back to the checkpoint a run goes on from."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from pathlib import Path

from dubline.training.checkpoint import write_whole

Row = dict[str, float]


def append(path: Path, row: Mapping[str, float]) -> None:
    """Add ``row`` to the file, under its header; the first row makes the header."""
    columns = _columns(path) or list(row)
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, columns, extrasaction="ignore")
        if new:
            writer.writeheader()
        writer.writerow(row)


def _columns(path: Path) -> list[str]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as lines:
        return next(csv.reader(lines), [])


def rows(path: Path) -> list[Row]:
    """The complete rows of the file, none where there is no file; a killed run may have left half a row."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as lines:
        return [
            {name: _number(value) for name, value in row.items()}
            for row in csv.DictReader(lines)
            if None not in row and None not in row.values()
        ]


def cut(path: Path, step: int) -> None:
    """Forget the rows after ``step``: their steps are made again."""
    kept = [row for row in rows(path) if row["step"] <= step]
    if not kept:
        path.unlink(missing_ok=True)
        return
    write_whole(path, lambda part: _write(part, kept))


def _write(path: Path, kept: list[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, list(kept[0]))
        writer.writeheader()
        writer.writerows(kept)


def _number(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        return math.nan
