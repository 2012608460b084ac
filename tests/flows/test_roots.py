"""An order reaches what the studio's folders hold, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from dubline.errors import BadInput
from flows.preflight import preflight
from flows.roots import check_inside
from tasks.settings import Settings


@pytest.fixture
def studio(tmp_path: Path) -> Path:
    (tmp_path / "studio" / "masters").mkdir(parents=True)
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").write_text("key")
    (tmp_path / "studio" / "link").symlink_to(tmp_path / "secret")
    return tmp_path / "studio"


@pytest.mark.parametrize("name", ["masters/a.mov", "masters/../b.mov", "out/not/yet/there", "."])
def test_what_lies_inside_may_be_named(name: str, studio: Path) -> None:
    check_inside([studio / name], [studio], where="order")


@pytest.mark.parametrize("name", ["../secret/key", "masters/../../secret/key", "link/key", "link", "..", "../studio-2"])
def test_no_way_leads_out(name: str, studio: Path) -> None:
    with pytest.raises(BadInput, match="outside the folders"):
        check_inside([studio / name], [studio / "masters", studio], where="order")


def test_without_roots_nothing_is_refused(studio: Path) -> None:
    check_inside([Path("/etc/hosts")], [], where="order")


def test_an_order_from_outside_its_material_and_its_output_are_refused(
    home: Path, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = sample / "order.yaml"
    monkeypatch.setenv("DUBLINE_ROOTS", f"{sample}:{tmp_path / 'out'}")
    preflight(order, tmp_path / "out" / "here", Settings.load())
    with pytest.raises(BadInput, match="outside the folders"):
        preflight(order, tmp_path / "elsewhere", Settings.load())
    moved = tmp_path / "out" / "order.yaml"
    moved.parent.mkdir(exist_ok=True)
    moved.write_text(order.read_text().replace("dub_fr.wav", "/etc/hosts"))
    with pytest.raises(BadInput, match="outside the folders"):
        preflight(moved, tmp_path / "out", Settings.load())
