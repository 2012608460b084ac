"""The board's lines, kept true by whoever changes what they are derived from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import models as m
from db.models.base import now
from db.verdicts import last_decision, last_verdict

Place = tuple[str, str, str, str]  # language, spec id, container, codec


@dataclass(slots=True)
class _Line:
    wanted: bool = False
    due: date | None = None
    deliverable_id: int | None = None
    state: str = "missing"
    verdict: str | None = None


def refresh_slots(session: Session, version_id: int) -> None:
    """Bring the lines of a version to what is wanted, made, judged and decided, in the caller's transaction."""
    session.flush()
    # Two who refresh at once would both find a line missing: the version's row lets them in one by one.
    session.get_one(m.Version, version_id, with_for_update={"key_share": True})
    lines = _lines(session, version_id)
    rows = {_place(row): row for row in session.scalars(select(m.Slot).filter_by(version_id=version_id))}
    gone = rows.keys() - lines.keys()
    for place in gone:
        session.delete(rows[place])
    for place, line in lines.items():
        row = rows.get(place)
        if row is None:
            language, spec_id, container, codec = place
            row = m.Slot(
                version_id=version_id, language=language, spec_id=spec_id, container=container, codec=codec, stale=None
            )
            session.add(row)
        # A line that goes shows in those that stay: whoever follows the board looks for the latest change.
        elif not gone and (row.wanted, row.due, row.deliverable_id, row.state, row.verdict) == (
            line.wanted, line.due, line.deliverable_id, line.state, line.verdict,
        ):  # fmt: skip
            continue
        if row.deliverable_id != line.deliverable_id:
            row.stale = None
        row.wanted, row.due, row.deliverable_id = line.wanted, line.due, line.deliverable_id
        row.state, row.verdict, row.changed_at = line.state, line.verdict, now()


def _lines(session: Session, version_id: int) -> dict[Place, _Line]:
    lines = {
        _place(row): _Line(wanted=True, due=row.due)
        for row in session.scalars(select(m.Wanted).filter_by(version_id=version_id))
    }
    made = session.execute(
        select(m.Deliverable, m.Spec.spec_id, last_verdict(), last_decision())
        .join(m.Spec, m.Deliverable.spec_id == m.Spec.id)
        .where(m.Deliverable.version_id == version_id)
        .order_by(m.Deliverable.state != "superseded", m.Deliverable.id)  # the last one speaks
    )
    for row, spec_id, verdict, decision in made:
        state = _state(row.state, verdict, decision)
        if state is not None:
            line = lines.setdefault((row.language, spec_id, row.container, row.codec), _Line())
            line.deliverable_id, line.state, line.verdict = row.id, state, verdict
    return lines


def _state(state: str, verdict: str | None, decision: str | None) -> str | None:
    """A line's state by that of a file; None where the file has nothing to say."""
    if state == "superseded":
        return "rejected" if decision == "rejected" else None
    return "failed" if (state, verdict) == ("candidate", "fail") else state


def _place(row: m.Wanted | m.Slot) -> Place:
    return row.language, row.spec_id, row.container, row.codec
