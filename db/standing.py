"""What stands delivered, with the steps behind it: to be kept as it is, or to be compared with what comes after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import models as m
from db.connection import Database
from db.history import makers, run_that_made
from db.stale import Place, current_deliverables, last_check
from db.titles import KEPT_STATES


@dataclass(frozen=True, slots=True)
class Standing:
    """A current deliverable: its state and spec, and the recipes by which it was written, conformed and checked.

    ``reported`` is the recipe that gave the report of its M&E, None where the run that made it is forgotten.
    """

    deliverable_id: int
    sha256: str
    kept: bool
    spec: dict[str, Any]
    written: str
    conformed: tuple[str, ...]
    checked: str
    check_inputs: Mapping[str, str | Sequence[str]]
    check_params: Mapping[str, Any]
    reported: str | None


class Standings(Database):
    """What is delivered now."""

    def standing(self, version_id: int, *, check: str, report: str) -> dict[Place, Standing]:
        """A version's current deliverables by place; ``check`` and ``report`` are the stages of these steps.

        Left out is one whose check is no longer in the catalog.
        """
        with self.read() as session:
            found = {
                place: _standing(session, rows[-1], place[1], check, report)
                for place, rows in current_deliverables(session, version_id).items()
            }
            return {place: one for place, one in found.items() if one is not None}


def _standing(session: Session, row: m.Deliverable, spec_id: str, check: str, report: str) -> Standing | None:
    sha256 = session.get_one(m.MediaFile, row.media_file_id).asset_sha256
    run_id = run_that_made(session, sha256, row.version_id)
    checked = last_check(session, row.version_id, sha256, run_id, spec_id, check)
    if checked is None:
        return None

    def maker(used: str, role: str) -> str:
        return makers(session, used, run_id, role=role, spec_id=spec_id)[0][0].recipe_key

    return Standing(
        deliverable_id=row.id,
        sha256=sha256,
        kept=row.state in KEPT_STATES,
        spec=session.get_one(m.Spec, row.spec_id).body,
        written=maker(checked.inputs["deliverables"][0], "deliverable"),
        conformed=tuple(maker(used, "conformed") for used in checked.inputs["references"]),
        checked=checked.key,
        check_inputs=checked.inputs,
        check_params=checked.params,
        reported=session.execute(
            select(m.Step.recipe_key)
            .join(m.Recipe, m.Step.recipe_key == m.Recipe.key)
            .where(m.Step.run_id == run_id, m.Recipe.stage == report, m.Step.state == "completed")
            .limit(1)
        ).scalar(),
    )
