"""Publishing: whole or not at all, idempotent, and never over an approved deliverable."""

from __future__ import annotations

import hashlib
import os
import resource
import socket
from pathlib import Path

import pytest

from dubline.errors import MACHINE_ERRORS, EnvironmentFault
from tasks.context import means
from tasks.publish import Publication, leave_only, publish
from tasks.scratch import sweep

put = publish.fn


@pytest.fixture
def asset(home: Path, tmp_path: Path) -> str:
    """Bytes in the store, known to the catalog as the deliverable of a step would be."""
    return made(tmp_path, "first bytes")


def made(tmp_path: Path, text: str, *, name: str = "made.txt") -> str:
    """An asset of ``text``."""
    path = tmp_path / name
    path.write_text(text)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    state = path.stat()
    using = means()
    using.catalog.register_external(path, sha256, state.st_size, (state.st_size, state.st_mtime_ns, state.st_ino))
    return sha256


def test_a_file_appears_whole_and_a_second_time_is_left_alone(asset: str, tmp_path: Path) -> None:
    files = [Publication("fr-FR/film.mov", asset)]
    places = put(tmp_path / "out", files)
    assert places["fr-FR/film.mov"].read_text() == "first bytes"
    before = places["fr-FR/film.mov"].stat().st_mtime_ns
    assert put(tmp_path / "out", files) == places
    assert places["fr-FR/film.mov"].stat().st_mtime_ns == before
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["fr-FR"]


def test_a_copy_that_cannot_be_finished_leaves_nothing(home: Path, tmp_path: Path) -> None:
    """A file-size limit stops the copy in its midst, as a disk that fills up does."""
    files = [
        Publication("a.txt", made(tmp_path, "short", name="short.txt")),
        Publication("b.txt", made(tmp_path, "x" * 2_000_000, name="long.txt")),
    ]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
    try:
        with pytest.raises(OSError) as full:
            put(tmp_path / "out", files)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert full.value.errno in MACHINE_ERRORS
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []
    assert put(tmp_path / "out", files)["b.txt"].stat().st_size == 2_000_000


def test_what_somebody_changed_is_put_right(asset: str, tmp_path: Path) -> None:
    place = put(tmp_path / "out", [Publication("film.mov", asset)])["film.mov"]
    place.write_text("scribbled over")
    put(tmp_path / "out", [Publication("film.mov", asset)])
    assert place.read_text() == "first bytes"


@pytest.mark.parametrize("decisions", [["approved"], ["approved", "delivered"]])
def test_an_approved_deliverable_is_never_overwritten(asset: str, tmp_path: Path, decisions: list[str]) -> None:
    using = means()
    version = using.catalog.register_title(slug="t", name="T", original_language="en", version_label="v")
    place = put(tmp_path / "out", [Publication("film.mov", asset)])["film.mov"]
    deliverable = using.catalog.record_deliverable(
        version, language="fr-FR", spec_id="web", spec_version="1", spec_body={"id": "web"}, sha256=asset, path=place,
        container="mov", codec="aac", verdict="pass", checks=[], measurement={},
    )  # fmt: skip
    for decision in decisions:
        using.catalog.decide(deliverable, decision, who="a producer")
    other = made(tmp_path, "other bytes")
    candidate = put(tmp_path / "out", [Publication("film.mov", other)])["film.mov"]
    assert place.read_text() == "first bytes"
    assert candidate.name == f"film.candidate-{other[:8]}.mov"
    assert candidate.read_text() == "other bytes"


def test_a_set_of_files_is_kept_as_a_whole(asset: str, tmp_path: Path) -> None:
    """One channel made anew: the approved set stays, the new one lies beside it with the list that fits it."""
    using = means()
    version = using.catalog.register_title(slug="t", name="T", original_language="en", version_label="v")
    listing, other_listing = (made(tmp_path, name, name=name) for name in ("list one", "list two"))

    def files(listed: str, left: str) -> list[Publication]:
        names = {"fr/set/set.L.wav": left, "fr/set/set.R.wav": asset, "fr/set/set.sha256": listed}
        return [Publication(name, sha256, "fr/set/set.sha256") for name, sha256 in names.items()]

    first = put(tmp_path / "out", files(listing, asset))
    deliverable = using.catalog.record_deliverable(
        version, language="fr-FR", spec_id="web", spec_version="1", spec_body={"id": "web"}, sha256=listing,
        path=first["fr/set/set.sha256"], container="wav", codec="pcm_s24le", verdict="pass", checks=[], measurement={},
    )  # fmt: skip
    using.catalog.decide(deliverable, "approved", who="a producer")
    assert put(tmp_path / "out", files(listing, asset)) == first
    second = put(tmp_path / "out", files(other_listing, made(tmp_path, "another left", name="left")))
    assert {path.parent for path in second.values()} == {tmp_path / f"out/fr/set.candidate-{other_listing[:8]}"}
    assert second["fr/set/set.L.wav"].read_text() == "another left"
    assert first["fr/set/set.L.wav"].read_text() == "first bytes"


def test_bytes_the_store_has_lost_are_not_published(asset: str, tmp_path: Path) -> None:
    (tmp_path / "made.txt").write_text("not what was hashed")
    with pytest.raises(EnvironmentFault, match="differs"):
        put(tmp_path / "out", [Publication("film.mov", asset)])
    assert list((tmp_path / "out").iterdir()) == []


def test_what_a_dead_process_left_is_swept_and_a_living_one_s_is_not(tmp_path: Path) -> None:

    dead, living = (tmp_path / f"{socket.gethostname()}-{pid}-abc" for pid in (2**22 + 1, os.getpid()))
    other_host = tmp_path / "elsewhere-1-abc"
    for folder in (dead, living, other_host):
        folder.mkdir()
    sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {living.name, other_host.name}


def test_what_an_earlier_run_left_goes_and_what_is_published_stays(asset: str, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    kept = put(folder, [Publication("qc/clips/one.mp3", asset), Publication("qc/report.html", asset)])
    old = folder / "qc" / "clips" / "old.mp3"
    old.write_text("of an event that is none any more")
    leave_only(old.parent, {*kept.values()})
    assert not old.exists()
    assert all(path.is_file() for path in kept.values())
    leave_only(folder / "none", set())


def test_what_is_laid_beside_takes_nothing_s_place(asset: str, tmp_path: Path) -> None:
    """What stands stays, approved or not; the same bytes need no second place."""
    put(tmp_path / "out", [Publication("film.mov", asset)])
    other = made(tmp_path, "other bytes", name="other.txt")
    for _ in range(2):
        found = put(tmp_path / "out", [Publication("film.mov", other), Publication("new.mov", other)], beside=True)
        assert {name: path.name for name, path in found.items()} == {
            "film.mov": f"film.candidate-{other[:8]}.mov",
            "new.mov": "new.mov",
        }
    assert (tmp_path / "out" / "film.mov").read_text() == "first bytes"
    again = put(tmp_path / "out", [Publication("film.mov", asset)], beside=True)
    assert again["film.mov"].name == "film.mov"
