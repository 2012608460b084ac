"""A title is registered as often as it is ordered and stays one title."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from db.catalog import Catalog
from db.errors import Conflict, NotFound

if TYPE_CHECKING:
    from conftest import Studio

ORDER: dict[str, Any] = {
    "slug": "glass-harbor",
    "name": "Glass Harbor",
    "original_language": "en",
    "eidr": "10.5240/F592-58D1-A4D9-E968-5435-L",
    "version_label": "theatrical",
    "fps": (24000, 1001),
    "drop_frame": False,
    "som_timecode": "01:00:00:00",
    "duration_frames": 1440,
}


def test_the_same_order_registers_the_same_version(catalog: Catalog) -> None:
    assert catalog.register_title(**ORDER) == catalog.register_title(**ORDER)
    assert len(catalog.titles()) == 1


def test_what_is_not_said_is_not_forgotten(catalog: Catalog) -> None:
    catalog.register_title(**ORDER)
    catalog.register_title(
        slug="glass-harbor", name="Glass Harbour", original_language=None, version_label="theatrical"
    )
    detail = catalog.title("glass-harbor")
    assert (detail.summary.name, detail.summary.original_language) == ("Glass Harbour", "en")
    assert (detail.eidr, detail.fps, detail.drop_frame) == (ORDER["eidr"], (24000, 1001), False)
    assert (detail.som_timecode, detail.duration_frames) == ("01:00:00:00", 1440)


def test_another_cut_is_another_version_of_the_same_title(catalog: Catalog) -> None:
    first = catalog.register_title(**ORDER)
    second = catalog.register_title(**(ORDER | {"version_label": "director's cut", "duration_frames": 1500}))
    assert first != second
    assert {title.slug for title in catalog.titles()} == {"glass-harbor"}
    assert catalog.title("glass-harbor").summary.version_id == second
    assert catalog.title("glass-harbor/theatrical").summary.version_id == first
    assert catalog.title(str(first)).summary.version_id == first


def test_a_cut_may_be_corrected_until_something_made_for_it_is_approved(studio: Studio) -> None:
    deliverable = studio.localize()
    cut: dict[str, Any] = {
        "slug": "glass-harbor",
        "name": "Glass-Harbor",
        "original_language": "en",
        "version_label": "theatrical",
        "fps": (24, 1),
    }
    studio.catalog.register_title(**cut, duration_frames=241)
    studio.catalog.decide(deliverable, "approved", who="producer")
    studio.catalog.register_title(**cut, duration_frames=241)
    with pytest.raises(Conflict, match="duration_frames 241 -> 242") as error:
        studio.catalog.register_title(**cut, duration_frames=242)
    assert error.value.exit_code == 3
    assert studio.catalog.title("glass-harbor").duration_frames == 241


def test_a_title_tells_its_runs_and_deliverables(studio: Studio) -> None:
    first = studio.localize()
    assert studio.localize() == first
    studio.catalog.finish_run(studio.run(studio.version()), "failed", "no disk")
    detail = studio.catalog.title("glass-harbor")
    assert [(run.state, run.executed, run.cached, run.error) for run in detail.runs] == [
        ("failed", 0, 0, "no disk"),
        ("completed", 0, 4, None),
        ("completed", 4, 0, None),
    ]
    (delivered,) = detail.deliverables
    assert (delivered.deliverable_id, delivered.language, delivered.spec_id) == (first, "fr-FR", "ebu-r128")
    assert (delivered.state, delivered.verdict) == ("candidate", "pass")
    assert detail.summary.runs == 3
    assert detail.summary.last_run_state == "failed"
    assert detail.summary.deliverables == {"candidate": 1}


@pytest.mark.parametrize("named", ["nowhere", "glass-harbor/unknown", "99", "9" * 40, ""])
def test_an_unknown_title_is_named(catalog: Catalog, named: str) -> None:
    catalog.register_title(**ORDER)
    with pytest.raises(NotFound, match="no such title") as error:
        catalog.title(named)
    assert error.value.exit_code == 3
