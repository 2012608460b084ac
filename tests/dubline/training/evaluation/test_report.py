"""Summaries of figures whose statistics are known."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dubline.quality.separation import FIGURES
from dubline.training.evaluation.report import groups, markdown, summarize, write_report
from dubline.training.evaluation.scores import mix_system


def row(number: int, system: str = "model", **known: Any) -> dict[str, Any]:
    blank: dict[str, Any] = dict.fromkeys(FIGURES)
    traits = {"background": "music", "language": "hu", "label": None, "layout": "mono"}
    place = {"set": "items", "item": str(number), "system": system, "ordinary": True, "oracle": False}
    return {**place, **traits, "rate": 48_000, "frames": 10, **blank, **known}


@pytest.fixture
def table() -> pa.Table:
    """Eleven items at inputs of -10, -8, ... 10 dB, improved by 0, 1, ... 10 dB; a call of which 12 dB are left."""
    items = [
        row(k, input_si_sdr=2.0 * k - 10, si_sdr_improvement=float(k), background=("music", "effects")[k % 2])
        for k in range(11)
    ]
    mixes = [row(k, "mix", input_si_sdr=2.0 * k - 10, si_sdr_improvement=0.0) for k in range(11)]
    calls = {"set": "vocalizations", "ordinary": False, "language": None, "label": "laughter", "leakage": -12.0}
    return pa.Table.from_pylist([*items, *mixes, row(11, **calls)])


def figures(table: pa.Table, by: str, group: str, system: str = "model") -> dict[str, Any]:
    (found,) = (e for e in summarize(groups(table)) if (e["by"], e["group"], e["system"]) == (by, group, system))
    return {"items": found["items"], **found["figures"]}


def test_a_set_has_count_median_percentiles_mean_and_deviation(table: pa.Table) -> None:
    found = figures(table, "set", "items")
    assert found["items"] == 11
    assert found["si_sdr_improvement"] == {
        "count": 11, "median": 5.0, "p10": 1.0, "p90": 9.0, "mean": 5.0, "std": 3.1623
    }  # fmt: skip
    # Figures no item has are left out.
    assert set(found) == {"items", "input_si_sdr", "si_sdr_improvement"}


def test_an_edge_of_a_level_belongs_to_the_level_above_it(table: pa.Table) -> None:
    counts = {group.name: group.items for group in groups(table) if group.by == "input level"}
    # -10 -8 -6 | -4 -2 | 0 2 4 | 6 8 10
    assert counts == {"under -5 dB": 3, "-5 to 0 dB": 2, "0 to 5 dB": 3, "over 5 dB": 3}


def test_items_are_told_apart_by_what_differs_among_them(table: pa.Table) -> None:
    kinds = {(group.by, group.name) for group in groups(table)}
    assert ("background", "effects") in kinds
    assert ("label", "laughter") in kinds
    # One language and one layout are no comparison.
    assert not {"language", "layout"} & {by for by, _ in kinds}
    assert figures(table, "label", "laughter")["leakage"]["median"] == -12.0


def test_the_page_shows_the_medians(table: pa.Table) -> None:
    page = markdown(groups(table), [mix_system()], {"seed": 7})
    assert "seed 7" in page
    assert "| mix | 0.00 ± 0.00 | 0.00 (0.00 to 0.00) |" in page
    assert "| laughter | 1 | - |" in page
    for figure in FIGURES:
        assert f"| {figure} | {FIGURES[figure]} |" in page


def test_five_files_whose_bytes_depend_on_the_figures_alone(table: pa.Table, tmp_path: Path) -> None:
    digests = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        summary = write_report(tmp_path / name, table, [mix_system()], {"seed": 7})
        digests.append({p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in (tmp_path / name).iterdir()})
        assert json.loads((tmp_path / name / "summary.json").read_text()) == summary
    assert digests[0] == digests[1]
    assert set(digests[0]) == {
        "items.parquet", "summary.json", "report.md", "improvement_by_level.png", "improvement_by_group.png"
    }  # fmt: skip
    assert pq.read_table(tmp_path / "one" / "items.parquet").equals(table)


def test_a_report_of_silence_has_no_figures_and_no_fault(tmp_path: Path) -> None:
    summary = write_report(tmp_path, pa.Table.from_pylist([row(0)]), [mix_system()], {})
    assert [entry["figures"] for entry in summary["groups"] if entry["by"] == "set"] == [{}]
