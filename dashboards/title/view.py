"""Everything the title page draws at first, in one object."""

from __future__ import annotations

from typing import Any

from dashboards.desk import Desk
from dashboards.title.deliverables import deliverable_row
from dashboards.title.documents import read_json
from dashboards.title.edits import edit_row
from dashboards.title.events import events_of
from dashboards.title.notes import note_rows
from dashboards.title.tracks import thumbnails_of, tracks_of
from db.stages import StageMade
from db.titles import TitleDetail
from dubline.audio.layout import Layout
from dubline.vocalization.events import DISPOSITIONS, LABELS

_STAGES = ("tiles", "thumbnails", "clean", "measure")


def steps_shown(desk: Desk, version_id: int) -> tuple[int | None, list[StageMade]]:
    """The run that the page shows, the latest whose tiles are made, and its steps; without one, nothing."""
    run_id = desk.catalog.latest_run_with(version_id, "tiles")
    return run_id, [] if run_id is None else desk.catalog.made_in(run_id, _STAGES)


def title_view(desk: Desk, detail: TitleDetail) -> dict[str, Any]:
    """The title page's data: the cut, tracks, thumbnails, events, edits, deliverables, and what an edit makes stale."""
    summary = detail.summary
    run_id, made = steps_shown(desk, summary.version_id)
    events = events_of(desk, made)
    specs = desk.catalog.spec_bodies(summary.version_id)
    return {
        "slug": summary.slug,
        "name": summary.name,
        "version": summary.version,
        "version_id": summary.version_id,
        "run_id": run_id,
        "seconds": seconds_of(desk, detail, made),
        "fps": detail.fps,
        "drop_frame": bool(detail.drop_frame),
        "timecode": detail.som_timecode,
        "channels": list(Layout.parse(events.layout).tags),
        "labels": list(LABELS),
        "dispositions": list(DISPOSITIONS),
        "tracks": tracks_of(desk, made),
        "thumbnails": thumbnails_of(desk, made),
        "events": events.events,
        "dropped": events.dropped,
        "remaining": events.remaining,
        "edits": [edit_row(one) for one in desk.catalog.edits(summary.version_id, standing=True)],
        "notes": note_rows(desk, summary.version_id),
        "stale": None if run_id is None else stale_row(desk, run_id),
        "deliverables": [
            deliverable_row(one, specs.get((one.spec_id, one.spec_version)))
            for one in detail.deliverables
            if one.state != "superseded"
        ],
    }


def stale_row(desk: Desk, run_id: int) -> dict[str, Any]:
    """What an edit makes stale: the cleaning and all that follows from it in this run."""
    following = desk.catalog.following(run_id, "clean")
    return {
        "stages": following.stages,
        "seconds": round(following.seconds, 1),
        "deliverables": list(following.deliverables),
    }


def seconds_of(desk: Desk, detail: TitleDetail, made: list[StageMade]) -> float:
    """How long the film is: as its tracks are; without any, as its picture is, as far as it is known."""
    shown = next((step for step in made if step.stage == "tiles"), None)
    if shown is not None:
        index = read_json(desk, shown.outputs["index"])
        return float(index["frames"] / index["rate"])
    if detail.fps and detail.duration_frames:
        return detail.duration_frames * detail.fps[1] / detail.fps[0]
    return 0.0
