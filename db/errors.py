"""What can go wrong in the catalog and the store: what, where, how to mend it, and the command's exit code."""

from __future__ import annotations

from typing import ClassVar


class DbError(Exception):
    """The catalog, the store or their disk does not do what was asked; shown as ``WHAT (WHERE): HOW TO MEND IT``."""

    exit_code: ClassVar[int] = 5

    def __init__(self, what: str, where: str, mend: str) -> None:
        super().__init__(what, where, mend)
        self.what = what
        self.where = where
        self.mend = mend

    def __str__(self) -> str:
        # One line whatever the parts carry: database drivers answer in several.
        return " ".join(f"{self.what} ({self.where}): {self.mend}".split())


class NotFound(DbError):
    """The catalog knows nothing by that name, id, hash or path."""

    exit_code = 3


class Corrupt(DbError):
    """Stored bytes are not what their name says."""


class Conflict(DbError):
    """What is asked contradicts what the catalog must keep."""

    exit_code = 3


class TitleBusy(DbError):
    """Another live run holds this version of the title."""


class LockLost(DbError):
    """The title is no longer this run's: another took it over, or nobody could say so for longer than the lease."""


class RunEnded(DbError):
    """The run was ended meanwhile, by itself or by one that took its title over: nothing more is written for it."""
