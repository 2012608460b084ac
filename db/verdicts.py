"""What was said last of a deliverable, by its check and by a person, as columns of a query over `Deliverable`."""

from __future__ import annotations

from sqlalchemy import ScalarSelect, select

from db import models as m


def last_verdict() -> ScalarSelect[str]:
    """How it was last judged against its spec."""
    return (
        select(m.QcResult.verdict)
        .where(m.QcResult.media_file_id == m.Deliverable.media_file_id, m.QcResult.spec_id == m.Deliverable.spec_id)
        .order_by(m.QcResult.id.desc())
        .limit(1)
        .scalar_subquery()
    )


def last_decision() -> ScalarSelect[str]:
    """What a person decided about it last."""
    return (
        select(m.Approval.decision)
        .where(m.Approval.deliverable_id == m.Deliverable.id)
        .order_by(m.Approval.id.desc())
        .limit(1)
        .scalar_subquery()
    )
