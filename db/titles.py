"""Titles and their versions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from db import models as m
from db.connection import Database, insert_new
from db.errors import Conflict, NotFound
from db.verdicts import last_verdict

KEPT_STATES = ("approved", "delivered")
# What the audio was conformed to: a different value is a different cut.
_CUT = ("fps_num", "fps_den", "drop_frame", "som_timecode", "duration_frames")
# More digits are no id: SQL's integers end there.
_ID_DIGITS = 10


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


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run of a version; ``executed`` and ``cached`` count its completed steps."""

    run_id: int
    trigger: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    host: str
    executed: int
    cached: int
    error: str | None


@dataclass(frozen=True, slots=True)
class DeliverableSummary:
    """One deliverable of a version with its last verdict."""

    deliverable_id: int
    language: str
    spec_id: str
    spec_version: str
    container: str
    codec: str
    state: str
    verdict: str | None
    sha256: str
    path: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TitleDetail:
    """A version of a title, its cut, its runs (latest first) and its deliverables."""

    summary: TitleSummary
    eidr: str | None
    fps: tuple[int, int] | None
    drop_frame: bool | None
    som_timecode: str | None
    duration_frames: int | None
    runs: tuple[RunSummary, ...]
    deliverables: tuple[DeliverableSummary, ...]


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

    def title(self, named: str) -> TitleDetail:
        """One version, by its title's slug (the newest version), ``slug/label`` or the version's id.

        Raises NotFound.
        """
        with self.read() as session:
            version, title = _find_version(session, named)
            return TitleDetail(
                summary=_summary(session, version, title),
                eidr=title.eidr,
                fps=(version.fps_num, version.fps_den) if version.fps_num and version.fps_den else None,
                drop_frame=version.drop_frame,
                som_timecode=version.som_timecode,
                duration_frames=version.duration_frames,
                runs=tuple(_runs(session, version.id)),
                deliverables=tuple(_deliverables(session, version.id)),
            )


def _find_version(session: Session, named: str) -> tuple[m.Version, m.Title]:
    slug, _, label = named.partition("/")
    meanings = [
        m.Title.slug == named,
        (m.Title.slug == slug) & (m.Version.label == label),
        m.Version.id == (int(named) if named.isdecimal() and len(named) < _ID_DIGITS else 0),
    ]
    query = select(m.Version, m.Title).join(m.Title, m.Version.title_id == m.Title.id).order_by(m.Version.id.desc())
    for meaning in meanings:
        row = session.execute(query.where(meaning).limit(1)).first()
        if row is not None:
            return row.tuple()
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


def _runs(session: Session, version_id: int) -> list[RunSummary]:
    counted = (
        select(
            m.Step.run_id,
            func.sum(case((m.Step.cache_hit, 0), else_=1)).label("executed"),
            func.sum(case((m.Step.cache_hit, 1), else_=0)).label("cached"),
        )
        .where(m.Step.state == "completed")
        .group_by(m.Step.run_id)
        .subquery()
    )
    rows = session.execute(
        select(m.Run, counted.c.executed, counted.c.cached)
        .outerjoin(counted, counted.c.run_id == m.Run.id)
        .where(m.Run.version_id == version_id)
        .order_by(m.Run.id.desc())
    )
    return [
        RunSummary(
            run_id=run.id,
            trigger=run.trigger,
            state=run.state,
            started_at=run.started_at,
            ended_at=run.ended_at,
            host=run.host,
            executed=executed or 0,
            cached=cached or 0,
            error=run.error,
        )
        for run, executed, cached in rows
    ]


def _deliverables(session: Session, version_id: int) -> list[DeliverableSummary]:
    rows = session.execute(
        select(m.Deliverable, m.MediaFile.asset_sha256, m.Spec, last_verdict())
        .join(m.MediaFile, m.Deliverable.media_file_id == m.MediaFile.id)
        .join(m.Spec, m.Deliverable.spec_id == m.Spec.id)
        .where(m.Deliverable.version_id == version_id)
        .order_by(m.Deliverable.language, m.Spec.spec_id, m.Deliverable.id)
    )
    return [
        DeliverableSummary(
            deliverable_id=row.id,
            language=row.language,
            spec_id=spec.spec_id,
            spec_version=spec.version,
            container=row.container,
            codec=row.codec,
            state=row.state,
            verdict=verdict,
            sha256=sha256,
            path=row.path,
            created_at=row.created_at,
        )
        for row, sha256, spec, verdict in rows
    ]
