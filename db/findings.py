"""Figures, events and verdicts about steps and files."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from db import models as m
from db.connection import Database
from db.errors import NotFound

Figure = float | int | bool | str | None
_LARGEST_EXACT = 2**53  # beyond it a double skips integers
_EVENT_FIELDS = (
    "start_seconds",
    "end_seconds",
    "channels",
    "label",
    "score",
    "level_db",
    "disposition",
    "action",
    "decided_by",
    "stem",
)

# Asked of every step of every title that is looked through at night: built once.
_FIGURES = select(m.Measurement.name, m.Measurement.kind, m.Measurement.value, m.Measurement.text).order_by(
    m.Measurement.id
)
_OF_STEP = _FIGURES.where(m.Measurement.step_id == bindparam("owner"), m.Measurement.media_file_id.is_(None))
_OF_FILE = _FIGURES.where(m.Measurement.media_file_id == bindparam("owner"), m.Measurement.step_id.is_(None))


class Findings(Database):
    """What was heard and measured."""

    def record_events(self, version_id: int, events_sha256: str, events: Sequence[Mapping[str, Any]]) -> int:
        """Write the events of one events file (an asset of this version) as rows; returns how many there are.

        Each has at least the fields of an event (``start_seconds, end_seconds, channels, label, score,
        level_db, disposition, action``), and as known ``stem``, ``decided_by`` and ``id``; others are left to the file.
        A file already written stays as it is, unless it was written without ids.
        """
        with self.write() as session:
            file_id = session.execute(
                select(m.MediaFile.id).filter_by(version_id=version_id, asset_sha256=events_sha256)
            ).scalar()
            if file_id is None:
                raise NotFound("no such events file", events_sha256, "finish the step that made it first")
            known = session.execute(select(m.VocalEvent.event_id).filter_by(media_file_id=file_id)).scalars().all()
            if known and None not in known:
                return len(known)
            session.execute(delete(m.VocalEvent).filter_by(media_file_id=file_id))
            session.add_all(
                m.VocalEvent(
                    media_file_id=file_id,
                    event_id=event.get("id"),
                    **{name: event.get(name) for name in _EVENT_FIELDS},
                )
                for event in events
            )
            return len(events)


def keep_measurements(
    session: Session,
    figures: Mapping[str, Figure],
    *,
    step_id: int | None = None,
    media_file_id: int | None = None,
) -> None:
    """Write figures of a step or a file, in place of earlier ones; None is kept as "undefined".

    Raises ValueError for NaN or infinity.
    """
    session.execute(delete(m.Measurement).filter_by(step_id=step_id, media_file_id=media_file_id))
    session.add_all(
        m.Measurement(step_id=step_id, media_file_id=media_file_id, name=name, **_columns(name, figure))
        for name, figure in figures.items()
    )


def read_measurements(
    session: Session, *, step_id: int | None = None, media_file_id: int | None = None
) -> dict[str, Figure]:
    """Figures of a step as a whole, or of a file, by name."""
    question, owner = (_OF_FILE, media_file_id) if step_id is None else (_OF_STEP, step_id)
    rows = session.execute(question, {"owner": owner}).tuples()
    return {name: _figure(kind, value, text) for name, kind, value, text in rows}


def _columns(name: str, figure: Figure) -> dict[str, Any]:
    match figure:
        case None:
            return {"kind": "undefined"}
        case str():
            return {"kind": "text", "text": figure}
        case bool():
            return {"kind": "flag", "value": float(figure)}
        case int() if abs(figure) <= _LARGEST_EXACT:
            return {"kind": "integer", "value": float(figure)}
        case float() if math.isfinite(figure):
            return {"kind": "number", "value": figure}
    raise ValueError(f"measurement {name} is {figure}; an undefined one is None")


def _figure(kind: str, value: float | None, text: str | None) -> Figure:
    if value is None:
        return text
    match kind:
        case "flag":
            return bool(value)
        case "integer":
            return int(value)
    return value
