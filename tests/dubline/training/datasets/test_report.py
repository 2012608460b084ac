"""Reports tell what is in a corpus and in a data set, in numbers and against the published table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dubline.errors import BadInput
from dubline.training.datasets import presets
from dubline.training.datasets.build import Plan, build
from dubline.training.datasets.files import read_table
from dubline.training.datasets.pages import markdown, write_report
from dubline.training.datasets.report import Report, Spread, bandwidth_hz, report
from dubline.training.datasets.sources import from_corpus


@pytest.fixture(scope="module")
def built(corpus_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    plan = Plan(
        preset=presets.get("dnr-v3"),
        sources=from_corpus(corpus_folder),
        split="train",
        variants=("multi", "en"),
        items=2,
        seconds=6.0,
        seed=1,
        out=tmp_path_factory.mktemp("data") / "set",
        where="corpus",
    )
    build(plan)
    return plan.out


def test_a_corpus_is_counted(corpus_folder: Path) -> None:
    found = report(corpus_folder).to_json()
    # Eight utterances of 1.5 s, six tracks of 4 s, ten effects of 2.5 s, four calls of 0.6 s.
    assert found["hours"] == pytest.approx((12 + 24 + 25 + 2.4) / 3600)
    assert (found["languages"], found["speakers"]) == (4, 8)
    assert {row["kind"]: row["files"] for row in found["recordings"]} == {
        "speech": 8, "music": 6, "effects": 10, "vocalizations": 4
    }  # fmt: skip
    assert [row["hours"] for row in found["speech by language"]] == pytest.approx([3 / 3600] * 4)


def test_a_data_set_is_counted_and_its_background_once(built: Path) -> None:
    found = report(built).to_json()
    assert found["hours"] == pytest.approx(4 * 6 / 3600)
    assert found["preset"] == f"dnr-v3 {presets.get('dnr-v3').version}"
    before = found["distributions"]["loudness before mastering, LUFS"]
    assert before["speech"]["count"] == 4 and before["music"]["count"] == 2
    rows = [read_table(built / f"manifest/multi/train/{index:06d}/music.csv")[0] for index in range(2)]
    assert before["music"]["mean"] == pytest.approx(np.mean([float(row["submix_lufs"]) for row in rows]))
    assert found["distributions"]["loudness as delivered, LUFS"]["mixture"]["count"] == 4


def test_the_page_sets_the_published_table_beside_what_is_there(built: Path, tmp_path: Path) -> None:
    page, picture = write_report(report(built), tmp_path)
    text = page.read_text()
    assert "| speech | -27 ± 4 | 4 |" in text and "| sfx_bg | -40 ± 6 |" in text and "| mixture | -27 ± 1 |" in text
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_same_data_give_the_same_bytes(tmp_path: Path) -> None:
    small = Report("small", {"hours": 1.0}, {}, {"length, s": {"speech": [1.0, 2.0, 4.0], "music": []}})
    written = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        written.append([path.read_bytes() for path in write_report(small, tmp_path / name)])
    assert written[0] == written[1]


def test_without_a_shipped_preset_there_is_no_published_column(built: Path) -> None:
    assert "published" not in markdown(replace(report(built), preset=None))


def test_bandwidth_is_where_the_spectrum_ends() -> None:
    rng = np.random.default_rng(1)
    spectrum = np.fft.rfft(rng.standard_normal(96_000))
    spectrum[int(len(spectrum) / 3) :] = 0
    assert bandwidth_hz(np.fft.irfft(spectrum).astype(np.float32), 48_000) == pytest.approx(8_000, abs=150)


def test_spread_of_known_numbers() -> None:
    assert Spread.of([1.0, 2.0, 3.0, 4.0, 5.0]) == Spread(5, 3.0, pytest.approx(np.sqrt(2)), 1.4, 3.0, 4.6)
    assert Spread.of([]) is None


def test_a_folder_that_is_neither_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="neither"):
        report(tmp_path)
    (tmp_path / "audio/multi/train").mkdir(parents=True)
    with pytest.raises(BadInput, match="without items"):
        report(tmp_path)
