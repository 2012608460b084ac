"""Somebody who came in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dashboards.settings import Role

# Each may do what those before it may.
RANKS: dict[str, int] = {"viewer": 1, "reviewer": 2, "admin": 3}


def printable(name: str) -> str:
    """The name, if it is letters that show; ValueError for one that no person has and PostgreSQL may refuse."""
    if not name.isprintable():
        raise ValueError("a name is letters that show")
    return name


@dataclass(frozen=True, slots=True)
class Person:
    """Name, role, from where, and how: by a session, by a reverse proxy's word, or at the desk's own machine."""

    name: str
    role: Role
    address: str
    by: Literal["session", "proxy", "machine"]

    def may(self, role: str) -> bool:
        """Whether this person's role is at least ``role``."""
        return RANKS[self.role] >= RANKS[role]
