"""A deliverable with all that a person needs to decide on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import models as m
from db.connection import Database
from db.errors import NotFound
from db.findings import Figure, read_measurements
from db.notes import NoteFacts, notes_about
from db.verdicts import last_verdict


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided, when and why."""

    who: str
    at: datetime
    decision: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Sibling:
    """Another file that was made for the same language and spec."""

    deliverable_id: int
    state: str
    verdict: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DeliverableDetail:
    """A deliverable, its verdict with every check, its figures, and what people said."""

    deliverable_id: int
    version_id: int
    slug: str
    name: str
    version: str
    language: str
    spec_id: str
    spec_version: str
    spec_name: str
    spec_verified: bool
    container: str
    codec: str
    state: str
    sha256: str
    bytes: int
    file_name: str
    created_at: datetime
    due: date | None
    stale: tuple[str, ...]
    verdict: str | None
    judged_at: datetime | None
    checks: tuple[dict[str, Any], ...]
    measurement: dict[str, Figure]
    decisions: tuple[Decision, ...]
    notes: tuple[NoteFacts, ...]
    siblings: tuple[Sibling, ...]


class Review(Database):
    """What a decision is made on."""

    def deliverable(self, deliverable_id: int) -> DeliverableDetail:
        """The deliverable of this id; raises NotFound."""
        with self.read() as session:
            row = session.execute(
                select(m.Deliverable, m.MediaFile, m.Asset, m.Spec, m.Version, m.Title)
                .join(m.MediaFile, m.Deliverable.media_file_id == m.MediaFile.id)
                .join(m.Asset, m.MediaFile.asset_sha256 == m.Asset.sha256)
                .join(m.Spec, m.Deliverable.spec_id == m.Spec.id)
                .join(m.Version, m.Deliverable.version_id == m.Version.id)
                .join(m.Title, m.Version.title_id == m.Title.id)
                .where(m.Deliverable.id == deliverable_id)
            ).one_or_none()
            if row is None:
                raise NotFound("no such deliverable", str(deliverable_id), "find it on the board")
            made, file, asset, spec, version, title = row.tuple()
            judged = _judged(session, made.media_file_id, made.spec_id)
            slot = session.execute(select(m.Slot).filter_by(deliverable_id=made.id)).scalar_one_or_none()
            return DeliverableDetail(
                deliverable_id=made.id,
                version_id=version.id,
                slug=title.slug,
                name=title.name,
                version=version.label,
                language=made.language,
                spec_id=spec.spec_id,
                spec_version=spec.version,
                spec_name=str(spec.body.get("name") or spec.spec_id),
                spec_verified=spec.verified,
                container=made.container,
                codec=made.codec,
                state=made.state,
                sha256=asset.sha256,
                bytes=asset.bytes,
                file_name=file.origin_name or f"{title.slug}{asset.suffix}",
                created_at=made.created_at,
                due=slot.due if slot else None,
                stale=tuple((slot.stale or "").splitlines()) if slot else (),
                verdict=judged.verdict if judged else None,
                judged_at=judged.created_at if judged else None,
                checks=tuple(judged.items) if judged else (),
                measurement=read_measurements(session, media_file_id=made.media_file_id),
                decisions=_decisions(session, made.id),
                notes=tuple(notes_about(session, deliverable_id=made.id)),
                siblings=_siblings(session, made, spec.spec_id),
            )


def _judged(session: Session, media_file_id: int, spec_id: int) -> m.QcResult | None:
    found = select(m.QcResult).filter_by(media_file_id=media_file_id, spec_id=spec_id).order_by(m.QcResult.id.desc())
    return session.execute(found.limit(1)).scalar_one_or_none()


def _decisions(session: Session, deliverable_id: int) -> tuple[Decision, ...]:
    rows = session.scalars(select(m.Approval).filter_by(deliverable_id=deliverable_id).order_by(m.Approval.id.desc()))
    return tuple(Decision(row.who, row.decided_at, row.decision, row.note) for row in rows)


def _siblings(session: Session, made: m.Deliverable, spec_id: str) -> tuple[Sibling, ...]:
    """Latest first, whatever the spec's version was."""
    rows = session.execute(
        select(m.Deliverable, last_verdict())
        .join(m.Spec, m.Deliverable.spec_id == m.Spec.id)
        .where(
            m.Deliverable.version_id == made.version_id,
            m.Deliverable.language == made.language,
            m.Deliverable.container == made.container,
            m.Deliverable.codec == made.codec,
            m.Spec.spec_id == spec_id,
            m.Deliverable.id != made.id,
        )
        .order_by(m.Deliverable.id.desc())
    )
    return tuple(Sibling(row.id, row.state, verdict, row.created_at) for row, verdict in rows)
