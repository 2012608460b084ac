"""What is stale: deliverables that today's order, sources, program, models, specs and policies would make otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from db.errors import NotFound
from db.stale import DeliveredVersion, DesiredFile, Place, StaleDeliverable
from dubline.errors import BadInput, DublineError
from flows.preflight import plan_again
from flows.rehearse import rehearse
from tasks.context import means


@dataclass(frozen=True, slots=True)
class Incomparable:
    """A version of which nobody can say what it should be: why, in one line."""

    slug: str
    version: str
    why: str


@dataclass(frozen=True, slots=True)
class StaleVersion:
    """A version with its stale deliverables, and what its order would deliver today."""

    version: DeliveredVersion
    stale: tuple[StaleDeliverable, ...]
    desired: dict[Place, DesiredFile]


def find_stale() -> Iterator[StaleVersion | Incomparable]:
    """Every delivered version that is stale or cannot be compared, by title. Raises a `DbError` of the database."""
    for version in means().catalog.delivered_versions():
        try:
            desired = desired_of(version)
        except (DublineError, NotFound) as error:
            yield Incomparable(version.slug, version.version, str(error))
            continue
        stale = means().catalog.stale(version.version_id, desired)
        means().catalog.note_stale(version.version_id, stale)
        if stale:
            yield StaleVersion(version, tuple(stale), desired)


def desired_of(version: DeliveredVersion) -> dict[Place, DesiredFile]:
    """What the version's latest order would deliver today; raises what it would be refused with."""
    stored = means().catalog.latest_order(version.version_id)
    if stored is None:
        where = f"{version.slug}/{version.version}"
        raise BadInput("no order is kept of it", where, "run its order once more with `dubline localize`")
    return rehearse(plan_again(stored, means().settings), version.version_id)
