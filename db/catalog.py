"""The catalog: what is known of titles, files, steps and deliverables, in one database."""

from __future__ import annotations

from typing import Self

from db.audit import Audits
from db.backup import Backup
from db.board import Board
from db.connection import use_wal
from db.costs import Costs
from db.deliverables import Deliverables
from db.edits import Edits
from db.files import Files
from db.findings import Findings
from db.garbage import Garbage
from db.lineage import Lineage
from db.locks import Locks
from db.notes import Notes
from db.orders import Orders
from db.people import People
from db.reports import Reports
from db.review import Review
from db.runs import Runs
from db.schema import migrate
from db.stages import Stages
from db.stale import Stale
from db.standing import Standings
from db.titles import Titles
from db.verification import Verification


class Catalog(
    Titles,
    Orders,
    Files,
    Runs,
    Findings,
    Deliverables,
    Locks,
    Lineage,
    Stale,
    Standings,
    Costs,
    Verification,
    Garbage,
    Backup,
    Board,
    Review,
    Reports,
    People,
    Audits,
    Edits,
    Stages,
    Notes,
):
    """An open catalog; each base holds the questions and commands about one noun."""

    @classmethod
    def open(cls, url: str) -> Self:
        """Open the catalog at a SQLAlchemy URL, made or upgraded where needed.

        Raises DbError when it cannot be reached or written, or comes from a newer dubline.
        """
        catalog = cls(url)
        if catalog.is_sqlite:
            use_wal(catalog)
        migrate(catalog)
        return catalog
