"""People of the review desk and their sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from db import models as m
from db.connection import Database
from db.errors import Conflict, NotFound
from db.models.base import now


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """A person as the desk needs to know them."""

    person_id: int
    name: str
    role: str
    password_hash: str | None
    disabled: bool
    created_at: datetime


class People(Database):
    """Who may come in."""

    def people(self) -> list[PersonFacts]:
        """Everybody, disabled or not, by name."""
        with self.read() as session:
            return [_facts(row) for row in session.scalars(select(m.Person).order_by(m.Person.name))]

    def person(self, name: str) -> PersonFacts | None:
        """The person of this name, None for nobody."""
        with self.read() as session:
            row = session.execute(select(m.Person).filter_by(name=name)).scalar_one_or_none()
            return None if row is None else _facts(row)

    def open_session(self, token_hash: str, *, person_id: int | None, address: str, lasts: timedelta) -> None:
        """Write a session; sessions that are over go at the same time."""
        with self.write() as session:
            session.execute(delete(m.DeskSession).where(m.DeskSession.expires_at < now()))
            session.add(
                m.DeskSession(token_hash=token_hash, person_id=person_id, address=address, expires_at=now() + lasts)
            )

    def session_owner(self, token_hash: str) -> tuple[bool, PersonFacts | None]:
        """Whether there is such a session now, and whose; None is whoever sits at the machine of the desk."""
        with self.read() as session:
            row = session.execute(
                select(m.DeskSession, m.Person)
                .outerjoin(m.Person, m.DeskSession.person_id == m.Person.id)
                .where(m.DeskSession.token_hash == token_hash, m.DeskSession.expires_at > now())
            ).one_or_none()
            if row is None or (row[1] is not None and row[1].disabled):
                return False, None
            return True, None if row[1] is None else _facts(row[1])

    def close_session(self, token_hash: str) -> None:
        """End a session, if there is one."""
        with self.write() as session:
            session.execute(delete(m.DeskSession).filter_by(token_hash=token_hash))


def add_person(session: Session, name: str, *, role: str, password_hash: str | None) -> int:
    """Write a new person; returns the row's id. Raises Conflict for a name already taken."""
    if session.execute(select(m.Person.id).filter_by(name=name)).first():
        raise Conflict("there is such a person already", name, "choose another name, or change that person")
    row = m.Person(name=name, role=role, password_hash=password_hash)
    session.add(row)
    session.flush()
    return row.id


def change_person(
    session: Session,
    name: str,
    *,
    role: str | None = None,
    password_hash: str | None = None,
    disabled: bool | None = None,
) -> int:
    """Change what is given, and end the person's sessions; returns the row's id. Raises NotFound, and Conflict where
    no admin would be left."""
    # All of them, in one order: of two admins who put each other out at once one is told.
    admins = session.scalars(select(m.Person).filter_by(role="admin").order_by(m.Person.id).with_for_update()).all()
    row = session.execute(select(m.Person).filter_by(name=name).with_for_update()).scalar_one_or_none()
    if row is None:
        raise NotFound("no such person", name, "list them with `dubline review people list`")
    leaves = row in admins and (disabled or role not in (None, "admin"))
    if leaves and all(one is row or one.disabled for one in admins):
        raise Conflict("no admin would be left", name, "make somebody else an admin first")
    row.role = role or row.role
    row.password_hash = password_hash or row.password_hash
    row.disabled = row.disabled if disabled is None else disabled
    session.execute(delete(m.DeskSession).filter_by(person_id=row.id))
    return row.id


def _facts(row: m.Person) -> PersonFacts:
    return PersonFacts(row.id, row.name, row.role, row.password_hash, row.disabled, row.created_at)
