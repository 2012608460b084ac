"""The board's lines say what is wanted, made, judged and decided, at every moment, and are read in pages."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import event

from db.board import BoardQuery, BoardSlot, Sort
from db.desired import Reason
from db.orders import WantedFile
from db.stale import StaleDeliverable
from tests.db.conftest import Studio

FRENCH = WantedFile("fr-FR", "ebu-r128", "mov", "pcm_s24le", date(2026, 12, 24))
SPANISH = WantedFile("es-419", "web", "mp4", "aac")


def order(studio: Studio, version_id: int, *wanted: WantedFile) -> None:
    body = {"wanted": len(wanted), "languages": [one.language for one in wanted]}
    where = studio.folder / "order.yaml"
    studio.catalog.record_order(version_id, body, path=where, out=studio.folder, wanted=wanted)


def lines(studio: Studio) -> dict[tuple[str, str], BoardSlot]:
    return {
        (slot.language, slot.spec_id): slot
        for title in studio.catalog.board(BoardQuery()).titles
        for slot in title.slots
    }


def made(studio: Studio, version_id: int, content: bytes, *, verdict: str = "pass") -> int:
    mix = studio.master(b"mix of " + content)
    asset = studio.step(studio.run(version_id), "conform", {"mix": mix}, {"deliverable": content})
    return studio.catalog.record_deliverable(
        version_id,
        language="fr-FR",
        spec_id="ebu-r128",
        spec_version="1",
        spec_body={"target": -23.0},
        sha256=asset["deliverable"],
        path=studio.folder / "out" / "fr-FR.mov",
        container="mov",
        codec="pcm_s24le",
        verdict=verdict,
        checks=[],
        measurement={},
    )


def test_a_line_follows_its_file_from_order_to_approval(studio: Studio) -> None:
    version = studio.version()
    order(studio, version, FRENCH, SPANISH)
    place = ("fr-FR", "ebu-r128")
    assert {key: slot.state for key, slot in lines(studio).items()} == {place: "missing", ("es-419", "web"): "missing"}
    first = made(studio, version, b"first", verdict="fail")
    assert (lines(studio)[place].state, lines(studio)[place].verdict) == ("failed", "fail")
    second = made(studio, version, b"first and better")
    assert (lines(studio)[place].state, lines(studio)[place].deliverable_id) == ("candidate", second)
    studio.catalog.decide(second, "approved", who="ada")
    assert lines(studio)[place].state == "approved"
    studio.catalog.decide(second, "rejected", who="ada")
    assert lines(studio)[place].state == "rejected"
    studio.catalog.decide(second, "reopened", who="ada")
    assert lines(studio)[place].state == "candidate"
    assert first != second


def test_what_is_wanted_no_more_stays_while_there_is_a_file(studio: Studio) -> None:
    version = studio.version()
    order(studio, version, FRENCH, SPANISH)
    made(studio, version, b"french")
    order(studio, version, WantedFile("it-IT", "web", "mp4", "aac"))
    found = lines(studio)
    assert found.keys() == {("fr-FR", "ebu-r128"), ("it-IT", "web")}
    assert (found["fr-FR", "ebu-r128"].wanted, found["fr-FR", "ebu-r128"].due) == (False, None)


def test_a_line_that_goes_is_a_change(studio: Studio) -> None:
    version = studio.version()
    order(studio, version, FRENCH, SPANISH)
    before = studio.catalog.last_change()
    assert before is not None
    order(studio, version, FRENCH)
    after = studio.catalog.last_change()
    assert lines(studio).keys() == {("fr-FR", "ebu-r128")} and after is not None and after > before


def test_what_was_made_before_costs_no_questions(studio: Studio) -> None:
    """As many statements for a version of ten files as for one of two."""
    version, asked = studio.version(), []
    event.listen(studio.catalog.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))

    def questions(count: int) -> int:
        files = [made(studio, version, b"take %d of %d" % (k, count)) for k in range(count)]
        asked.clear()
        studio.catalog.title(str(version))
        studio.catalog.decide(files[-1], "approved", who="ada")
        studio.catalog.deliverable(files[-1])
        studio.catalog.decide(files[-1], "rejected", who="ada")
        return len(asked)

    assert questions(2) == questions(8)


def test_a_new_file_is_not_stale_any_more(studio: Studio) -> None:
    version = studio.version()
    file = made(studio, version, b"old")
    found = studio.catalog.title(str(version)).deliverables[0]
    stale = StaleDeliverable(
        deliverable_id=file, version_id=version, slug="glass-harbor", version="theatrical", language="fr-FR",
        spec_id="ebu-r128", container="mov", codec="pcm_s24le", state="candidate", verdict="pass", due=None,
        path=found.path, reasons=(Reason("model", "separate", "a", "b"), Reason("tool", "remux", "7", "8")),
    )  # fmt: skip
    studio.catalog.note_stale(version, [stale])
    (line,) = lines(studio).values()
    assert line.stale == "model (separate): a -> b\ntool (remux): 7 -> 8"
    before = studio.catalog.last_change()
    studio.catalog.note_stale(version, [stale])
    assert studio.catalog.last_change() == before
    studio.catalog.note_stale(version, [])
    assert [line.stale for line in lines(studio).values()] == [None]
    studio.catalog.note_stale(version, [replace(stale)])
    made(studio, version, b"new")
    assert [line.stale for line in lines(studio).values()] == [None]


def many(studio: Studio) -> None:
    """Twelve titles: with a day, with the same day, and without one."""
    for k in range(12):
        version = studio.version(slug=f"title-{k:02}")
        day = None if k % 4 == 3 else date(2026, 12, 1 + k // 2)
        order(studio, version, replace(FRENCH, due=day), *([SPANISH] if k % 2 else []))


@pytest.mark.parametrize("sort", ["due", "name", "changed"])
def test_pages_have_every_title_once(studio: Studio, sort: Sort) -> None:
    many(studio)
    pages = [studio.catalog.board(BoardQuery(sort=sort, page=k, size=5)) for k in (1, 2, 3, 4)]
    assert [len(page.titles) for page in pages] == [5, 5, 2, 0]
    assert [(page.total, page.pages) for page in pages] == [(12, 3)] * 4
    shown = [title for page in pages for title in page.titles]
    assert len({title.slug for title in shown}) == 12
    match sort:
        case "due":
            days = [title.due or date.max for title in shown]
            assert days == sorted(days)
        case "name":
            assert [title.name for title in shown] == sorted(title.name for title in shown)
        case "changed":
            assert shown[0].slug == "title-11"


def test_filters_narrow_titles_and_their_lines(studio: Studio) -> None:
    many(studio)
    studio.localize("title-00", b"other master")

    def found(**asked: object) -> dict[str, int]:
        page = studio.catalog.board(BoardQuery(size=50, **asked))  # type: ignore[arg-type]
        return {title.slug: len(title.slots) for title in page.titles}

    assert len(found()) == 12
    assert found(language="es-419") == {f"title-{k:02}": 1 for k in range(1, 12, 2)}
    assert found(state="candidate") == {"title-00": 1}
    assert found(search="TITLE-1") == {"title-10": 1, "title-11": 2}
    assert found(search="title_1") == {}
    assert found(due_before=date(2026, 12, 2)).keys() == {"title-00", "title-01"}
    assert found(spec="web", search="title-01") == {"title-01": 1}
    assert found(state="stale") == {} == found(state="stopped")


def test_what_runs_and_what_was_stopped_is_found(studio: Studio) -> None:
    many(studio)
    first = studio.catalog.title("title-00").summary.version_id
    second = studio.catalog.title("title-01").summary.version_id
    run = studio.run(first)
    studio.catalog.finish_run(studio.run(second), "failed", "out of sync")
    assert [title.slug for title in studio.catalog.board(BoardQuery(state="running")).titles] == ["title-00"]
    (stopped,) = studio.catalog.board(BoardQuery(state="stopped")).titles
    assert stopped.run is not None and (stopped.slug, stopped.run.error) == ("title-01", "out of sync")
    (at_work,) = studio.catalog.running()
    assert (at_work.run_id, at_work.slug, at_work.done, at_work.steps) == (run, "title-00", 0, ())
    summary = studio.catalog.board_summary(date(2026, 12, 3))
    assert (summary.states["missing"], summary.running, summary.overdue) == (18, 1, 3)
    assert summary.languages == ("es-419", "fr-FR")
