"""Who did what at the review desk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db import models as m
from db.connection import Database
from db.models.base import now
from db.recipes import plain


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that somebody did."""

    audit_id: int
    at: datetime
    who: str
    role: str
    action: str
    object_kind: str
    object_id: str
    detail: dict[str, Any]
    address: str


class Audits(Database):
    """What was done, latest first."""

    def audit(
        self, *, before: int | None = None, limit: int = 100, who: str = "", action: str = ""
    ) -> list[AuditEntry]:
        """Entries older than ``before`` (an entry's id), by whom and of which action where given."""
        query = select(m.Audit).order_by(m.Audit.id.desc()).limit(limit)
        if before is not None:
            query = query.where(m.Audit.id < before)
        if who:
            query = query.where(m.Audit.who == who)
        if action:
            query = query.where(m.Audit.action == action)
        with self.read() as session:
            return [_entry(row) for row in session.scalars(query)]

    def count_since(self, action: str, within: timedelta, *, who: str | None = None, address: str | None = None) -> int:
        """How often ``action`` was written in the last ``within``, by this name or from this address."""
        query = select(func.count()).select_from(m.Audit).where(m.Audit.action == action, m.Audit.at > now() - within)
        if who is not None:
            query = query.where(m.Audit.who == who)
        if address is not None:
            query = query.where(m.Audit.address == address)
        with self.read() as session:
            return int(session.execute(query).scalar_one())


def record_audit(
    session: Session,
    *,
    who: str,
    role: str,
    action: str,
    kind: str,
    object_id: object,
    address: str,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write what somebody does, in the transaction that does it."""
    session.add(
        m.Audit(
            who=who,
            role=role,
            action=action,
            object_kind=kind,
            object_id=str(object_id),
            detail=plain(dict(detail or {})),
            address=address,
        )
    )


def _entry(row: m.Audit) -> AuditEntry:
    return AuditEntry(
        row.id, row.at, row.who, row.role, row.action, row.object_kind, row.object_id, row.detail, row.address
    )
