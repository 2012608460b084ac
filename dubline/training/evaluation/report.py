"""What an evaluation found, summarised: JSON for programs, Markdown and pictures for people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from dubline.quality.ratios import Distribution, distribution
from dubline.quality.separation import FIGURES
from dubline.training.evaluation.pictures import picture_by_group, picture_by_level
from dubline.training.evaluation.scores import System

ITEMS_FILE, SUMMARY_FILE, REPORT_FILE = "items.parquet", "summary.json", "report.md"
LEVEL_PICTURE, GROUP_PICTURE = "improvement_by_level.png", "improvement_by_group.png"

# Upper edge of an input level in dB SI-SDR, and what the items under it are called.
LEVELS = ((-5.0, "under -5 dB"), (0.0, "-5 to 0 dB"), (5.0, "0 to 5 dB"), (float("inf"), "over 5 dB"))
_HEADLINE = "si_sdr_improvement"
# Figure -> its column where there is room for a few.
COLUMNS = {
    _HEADLINE: "SI-SDRi",
    "si_sir_improvement": "SI-SIRi",
    "snr": "SNR dialogue",
    "me_snr": "SNR M&E",
    "leakage": "leakage",
    "speech_left": "speech left",
    "energy_change": "energy change",
}
# A call is judged by what is left of it.
_FIGURE_BY = {"label": "leakage"}
_PLACES = {"speech_left": 3, "speech_in_mix": 3, "speech_in_me": 3}

Row = dict[str, Any]


@dataclass(frozen=True)
class Group:
    """Items summarised together: those of the set, background, language, ... (``by``) called ``name``."""

    by: str
    name: str
    rows: Sequence[Row]

    def figure(self, system: str, figure: str) -> Distribution | None:
        """Statistics of one figure of one system, None where no item has it."""
        rows = (row for row in self.rows if row["system"] == system)
        return distribution(row[figure] for row in rows if row[figure] is not None)

    @property
    def items(self) -> int:
        """How many items there are."""
        return len({(row["set"], row["item"]) for row in self.rows})


def groups(table: pa.Table) -> list[Group]:
    """The sets of ``table`` (what `evaluate` gave), and its ordinary items told apart in every way known of them.

    Of other sets only those whose items have labels are told apart, by label.
    """
    rows = table.to_pylist()
    found = [Group("set", name, part) for name, part in _parts(rows, [row["set"] for row in rows])]
    ordinary = [row for row in rows if row["ordinary"]]
    levels = [_level(row["input_si_sdr"]) for row in ordinary]
    order = {name: k for k, (_, name) in enumerate(LEVELS)}
    by_level = sorted(_parts(ordinary, levels), key=lambda part: order[part[0]])
    found += [Group("input level", name, part) for name, part in by_level]
    for by in ("background", "language", "layout"):
        parts = sorted(_parts(ordinary, [row[by] for row in ordinary]))
        if len(parts) > 1:
            found += [Group(by, name, part) for name, part in parts]
    found += [Group("label", name, part) for name, part in sorted(_parts(rows, [row["label"] for row in rows]))]
    return found


def summarize(found: Sequence[Group]) -> list[dict[str, Any]]:
    """One entry per group and system: items and statistics of every figure that says something of them."""
    entries = []
    for group in found:
        for system in dict.fromkeys(row["system"] for row in group.rows):
            figures = {name: _rounded(group.figure(system, name)) for name in FIGURES}
            known = {name: value for name, value in figures.items() if value is not None}
            entries.append(
                {"by": group.by, "group": group.name, "system": system, "items": group.items, "figures": known}
            )
    return entries


def write_report(folder: Path, table: pa.Table, systems: Sequence[System], settings: Mapping[str, Any]) -> Row:
    """Write all five files of an evaluation into ``folder`` and return what ``summary.json`` holds.

    ``settings`` say what was evaluated on and how (folder, items, seconds, seed), as they stand at the report's top.
    """
    found = groups(table)
    summary: Row = {
        "dubline": version("dubline"),
        "settings": dict(settings),
        "systems": [{"name": system.name, **system.about} for system in systems],
        "groups": summarize(found),
    }
    pq.write_table(table, folder / ITEMS_FILE)
    text = json.dumps(summary, indent=2, ensure_ascii=False) + "\n"
    (folder / SUMMARY_FILE).write_text(text, encoding="utf-8")
    (folder / REPORT_FILE).write_text(markdown(found, systems, settings), encoding="utf-8")
    picture_by_level(folder / LEVEL_PICTURE, table.to_pylist())
    picture_by_group(folder / GROUP_PICTURE, {f"{group.by}: {group.name}": group.rows for group in found})
    return summary


def markdown(found: Sequence[Group], systems: Sequence[System], settings: Mapping[str, Any]) -> str:
    """The report as a page of tables: figures are median (10 to 90 percentile), in dB where nothing else is said."""
    names = [system.name for system in systems]
    parts = ["# Evaluation of separation", ", ".join(f"{key} {value}" for key, value in settings.items())]
    parts.append(
        _table(("system", "version", "sha256", "what it is"), [[s.name, *_identity(s.about)] for s in systems])
    )
    for group in (group for group in found if group.by == "set"):
        parts += [f"## {group.name}, {group.items} items", _headline(group, names)]
    parts.append(f"![SI-SDRi over input level]({LEVEL_PICTURE})")
    for by in dict.fromkeys(group.by for group in found if group.by != "set"):
        figure = _FIGURE_BY.get(by, _HEADLINE)
        table = _by(by, figure, [group for group in found if group.by == by], names)
        parts += [f"## {COLUMNS[figure]} by {by}", table]
    parts.append(f"![SI-SDRi of every group]({GROUP_PICTURE})")
    for group in (group for group in found if group.by == "set"):
        rows = [[name, *(_cell(group.figure(system, name), name) for system in names)] for name in FIGURES]
        said = [row for row in rows if any(cell != "-" for cell in row[1:])]
        parts += [f"## Every figure: {group.name}", _table(("figure", *names), said)]
    parts += ["## What the figures say", _table(("figure", "meaning"), [[*item] for item in FIGURES.items()])]
    return "\n\n".join(parts) + "\n"


def _headline(group: Group, systems: Sequence[str]) -> str:
    rows = []
    for system in systems:
        found = group.figure(system, _HEADLINE)
        mean = f"{_number(found.mean)} ± {_number(found.std)}" if found else "-"
        rows.append([system, mean, *(_cell(group.figure(system, name), name) for name in COLUMNS)])
    return _table(("system", "SI-SDRi mean ± std", *COLUMNS.values()), rows)


def _by(by: str, figure: str, found: Sequence[Group], systems: Sequence[str]) -> str:
    rows = [
        [group.name, str(group.items), *(_cell(group.figure(system, figure), figure) for system in systems)]
        for group in found
    ]
    return _table((by, "items", *systems), rows)


def _cell(found: Distribution | None, figure: str) -> str:
    if found is None:
        return "-"
    median, low, high = (_number(value, _PLACES.get(figure, 2)) for value in (found.median, found.p10, found.p90))
    return f"{median} ({low} to {high})"


def _number(value: float, places: int = 2) -> str:
    # Adding zero makes a zero of a negative zero.
    return f"{round(value, places) + 0.0:.{places}f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _identity(about: Mapping[str, Any]) -> list[str]:
    return [str(about.get("version", "")), str(about.get("sha256", ""))[:12], str(about.get("summary", ""))]


def _parts(rows: Sequence[Row], names: Sequence[str | None]) -> list[tuple[str, list[Row]]]:
    """``rows`` by their names, in order of appearance; those without one are in no part."""
    parts: dict[str, list[Row]] = {}
    for row, name in zip(rows, names, strict=True):
        if name:
            parts.setdefault(name, []).append(row)
    return list(parts.items())


def _level(decibels: float | None) -> str | None:
    return None if decibels is None else next(name for edge, name in LEVELS if decibels < edge)


def _rounded(found: Distribution | None) -> dict[str, float] | None:
    return None if found is None else {name: round(value, 4) for name, value in asdict(found).items()}
