"""A deliverable is stale when today would make it otherwise, for exactly the reasons that are so."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from db.stale import Reason, StageNow

if TYPE_CHECKING:
    from conftest import Studio

STAGES = {
    "demux": StageNow(1, frozenset(), {"ffmpeg": "7"}),
    "separate": StageNow(1, frozenset({"b" * 64}), {}),
    "mix": StageNow(1, frozenset(), {}),
    "conform": StageNow(1, frozenset(), {}),
}
SPECS = {"ebu-r128": "1", "web": "3"}


def stale(
    studio: Studio, specs: Mapping[str, str] = SPECS, changed: Mapping[str, StageNow | None] | None = None
) -> dict[str, list[Reason]]:
    stages: dict[str, StageNow | None] = {**STAGES, **(changed or {})}

    def today(stage: str, params: Mapping[str, Any]) -> StageNow | None:
        assert params == {"stage": stage}
        return stages[stage]

    return {found.slug: list(found.reasons) for found in studio.catalog.stale(today, specs_now=specs)}


def test_nothing_is_stale_while_nothing_changed(studio: Studio) -> None:
    studio.localize()
    assert stale(studio) == {}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"mix": StageNow(2, frozenset(), {})}, Reason("stage", "mix", "1", "2")),
        ({"separate": StageNow(1, frozenset({"c" * 64}), {})}, Reason("model", "separate", "b" * 12, "c" * 12)),
        ({"separate": StageNow(1, frozenset(), {})}, Reason("model", "separate", "b" * 12, "none")),
        ({"demux": StageNow(1, frozenset(), {"ffmpeg": "8"})}, Reason("tool", "demux", "ffmpeg 7", "ffmpeg 8")),
        ({"mix": StageNow(1, frozenset(), {"soxr": "1"})}, Reason("tool", "mix", "soxr unused", "soxr 1")),
    ],
)
def test_a_change_anywhere_behind_a_deliverable_is_told(
    studio: Studio, changed: dict[str, StageNow], reason: Reason
) -> None:
    studio.localize()
    studio.localize("other", b"other master")
    assert stale(studio, changed=changed) == {"glass-harbor": [reason], "other": [reason]}


def test_a_new_spec_makes_its_own_deliverables_stale(studio: Studio) -> None:
    studio.localize()
    assert stale(studio, {"ebu-r128": "1", "web": "4"}) == {}
    told = stale(studio, {"ebu-r128": "2"})["glass-harbor"]
    assert {(reason.kind, reason.was, reason.now) for reason in told} == {("spec", "ebu-r128 1", "ebu-r128 2")}


def test_what_was_made_again_is_stale_no_more(studio: Studio) -> None:
    studio.localize()
    assert stale(studio, {"ebu-r128": "2"})
    studio.localize(spec_version="2")
    assert stale(studio, {"ebu-r128": "2"}) == {}


def test_of_a_stage_nothing_is_known_of_nothing_is_said(studio: Studio) -> None:
    studio.localize()
    assert stale(studio, changed={"mix": None}) == {}


def test_an_approved_deliverable_is_listed_with_its_state(studio: Studio) -> None:
    deliverable = studio.localize()
    studio.catalog.decide(deliverable, "approved", who="producer")
    (found,) = studio.catalog.stale(lambda _, __: None, specs_now={"ebu-r128": "2"})
    assert (found.deliverable_id, found.state, found.language, found.version) == (
        deliverable,
        "approved",
        "fr-FR",
        "theatrical",
    )


def test_a_new_spec_leaves_deliverables_of_other_specs_alone_even_where_they_share_bytes(studio: Studio) -> None:
    delivered = studio.two_specs()
    found = studio.catalog.stale(lambda _, __: None, specs_now={"web": "2", "hulu": "1"})
    assert [one.deliverable_id for one in found] == [delivered["web"]]
    conform = StageNow(2, frozenset(), {})
    found = studio.catalog.stale(lambda stage, _: conform if stage == "conform" else None, specs_now={})
    assert [[reason.stage for reason in one.reasons] for one in found] == [["conform"], ["conform"]]


def test_a_master_whose_bytes_changed_makes_its_own_title_stale(studio: Studio) -> None:
    studio.localize()
    studio.localize("other", b"other master")
    was, now = (hashlib.sha256(content).hexdigest()[:12] for content in (b"master", b"recut!"))
    studio.write("glass-harbor.mov", b"recut!")
    told = {"glass-harbor": [Reason("source", "ingest", f"glass-harbor.mov {was}", f"glass-harbor.mov {now}")]}
    assert stale(studio) == told
    # A run that took the new file in and then failed changes nothing of that.
    studio.master(b"recut!", version_id=studio.version(), name="glass-harbor.mov")
    assert stale(studio) == told
    studio.localize(master=b"recut!")
    assert stale(studio) == {}


def test_a_master_touched_copied_or_moved_away_has_not_changed(studio: Studio) -> None:
    studio.localize()
    master = studio.folder / "glass-harbor.mov"
    os.utime(master, (1, 1))
    assert stale(studio) == {}
    studio.master(name="archive/glass-harbor.mov")
    master.unlink()
    assert stale(studio) == {}
    studio.write("glass-harbor.mov", b"another film by that name")
    assert stale(studio) == {}
