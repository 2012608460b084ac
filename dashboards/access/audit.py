"""Writing down what a person does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from dashboards.access.person import Person
from db.audit import record_audit


def audit(
    session: Session, person: Person, action: str, kind: str, object_id: object, detail: Mapping[str, Any] | None = None
) -> None:
    """Write, in the transaction that does it, that ``person`` does ``action`` to the object of this kind and id."""
    record_audit(
        session,
        who=person.name,
        role=person.role,
        action=action,
        kind=kind,
        object_id=object_id,
        address=person.address,
        detail=detail,
    )
