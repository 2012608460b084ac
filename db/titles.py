"""Titles and their versions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import models as m
from db.connection import Database, insert_new
from db.errors import Conflict, NotFound

KEPT_STATES = ("approved", "delivered")
# What the audio was conformed to: a different value is a different cut.
_CUT = ("fps_num", "fps_den", "drop_frame", "som_timecode", "duration_frames")


@dataclass(frozen=True, slots=True)
class TitleSummary:
    """A version of a title in a list: its names, how often it ran, its deliverables by state."""

    version_id: int
    slug: str
    name: str
    version: str
    original_language: str | None
    runs: int
    last_run_state: str | None
    last_run_at: datetime | None
    deliverables: dict[str, int]


class Titles(Database):
    """What the catalog knows of titles."""

    def register_title(
        self,
        *,
        slug: str,
        name: str,
        original_language: str | None,
        eidr: str | None = None,
        version_label: str,
        fps: tuple[int, int] | None = None,
        drop_frame: bool | None = None,
        som_timecode: str | None = None,
        duration_frames: int | None = None,
    ) -> int:
        """Write a title and one version of it, or bring them up to date; returns the version's id.

        ``fps`` is a fraction (24000, 1001); None leaves a known fact as it is. Raises Conflict when facts of the
        cut change under a deliverable that is approved or delivered: that is another version.
        """
        facts = {
            "fps_num": fps[0] if fps else None,
            "fps_den": fps[1] if fps else None,
            "drop_frame": drop_frame,
            "som_timecode": som_timecode,
            "duration_frames": duration_frames,
        }
        with self.write() as session:
            title = _title(session, slug=slug, name=name)
            _update(title, {"name": name, "original_language": original_language, "eidr": eidr})
            insert_new(session, m.Version, [{"title_id": title.id, "label": version_label}])
            version = session.execute(select(m.Version).filter_by(title_id=title.id, label=version_label)).scalar_one()
            _refuse_recut(session, version, facts, f"{slug} {version_label}")
            _update(version, facts)
            return version.id

    def titles(self) -> list[TitleSummary]:
        """Every version of every title, by name."""
        with self.read() as session:
            found = session.execute(
                select(m.Version, m.Title).join(m.Title, m.Version.title_id == m.Title.id).order_by(m.Title.slug)
            ).all()
            return [_summary(session, version, title) for version, title in found]


def find_version(session: Session, named: str) -> tuple[m.Version, m.Title]:
    """A version by its title's slug, by ``slug/label`` or by its id; raises NotFound."""
    slug, _, label = named.partition("/")
    query = select(m.Version, m.Title).join(m.Title, m.Version.title_id == m.Title.id)
    for condition in (
        (m.Title.slug == named,),
        (m.Title.slug == slug, m.Version.label == label),
        (m.Version.id == (int(named) if named.isdecimal() else -1),),
    ):
        rows = session.execute(query.where(*condition).order_by(m.Version.id.desc())).all()
        if rows:
            return rows[0].tuple()
    raise NotFound("no such title", named, "list them with `dubline catalog titles`")


def _title(session: Session, *, slug: str, name: str) -> m.Title:
    insert_new(session, m.Title, [{"slug": slug, "name": name}])
    return session.execute(select(m.Title).filter_by(slug=slug)).scalar_one()


def _update(row: m.Title | m.Version, facts: dict[str, Any]) -> None:
    for name, value in facts.items():
        if value is not None:
            setattr(row, name, value)


def _refuse_recut(session: Session, version: m.Version, facts: dict[str, Any], where: str) -> None:
    """Refuse to change a cut's facts once something made for it is approved."""
    changed = [
        name
        for name in _CUT
        if facts[name] is not None and getattr(version, name) is not None and facts[name] != getattr(version, name)
    ]
    if not changed:
        return
    kept = session.execute(
        select(m.Deliverable.id).where(m.Deliverable.version_id == version.id, m.Deliverable.state.in_(KEPT_STATES))
    ).first()
    if kept:
        told = ", ".join(f"{name} {getattr(version, name)} -> {facts[name]}" for name in changed)
        raise Conflict(
            f"the cut changed under an approved deliverable: {told}",
            where,
            "give the new cut its own version label in the order",
        )


def _summary(session: Session, version: m.Version, title: m.Title) -> TitleSummary:
    runs = session.execute(
        select(m.Run.state, m.Run.started_at).filter_by(version_id=version.id).order_by(m.Run.id.desc())
    ).all()
    states: dict[str, int] = {}
    for state in session.execute(select(m.Deliverable.state).filter_by(version_id=version.id)).scalars():
        states[state] = states.get(state, 0) + 1
    return TitleSummary(
        version_id=version.id,
        slug=title.slug,
        name=title.name,
        version=version.label,
        original_language=title.original_language,
        runs=len(runs),
        last_run_state=runs[0].state if runs else None,
        last_run_at=runs[0].started_at if runs else None,
        deliverables=states,
    )
