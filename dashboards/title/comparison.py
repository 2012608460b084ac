"""Two files that were made for one language and spec, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import HTTPException

from dashboards.desk import Desk
from dashboards.title.tracks import tracks_of
from db.review import DeliverableDetail
from db.titles import DeliverableSummary, TitleDetail


@dataclass(frozen=True, slots=True)
class Slot:
    """A language and a spec in one form, with every file that was made for it, the latest first."""

    name: str
    files: tuple[DeliverableSummary, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure or a verdict of both."""

    name: str
    first: str
    second: str
    difference: str

    @property
    def differs(self) -> bool:
        """Whether both are not the same."""
        return self.first != self.second


def slots_of(detail: TitleDetail) -> list[Slot]:
    """Every slot of a version with two files or more."""
    found: dict[tuple[str, ...], list[DeliverableSummary]] = {}
    for one in detail.deliverables:
        found.setdefault((one.language, one.spec_id, one.container, one.codec), []).append(one)
    return [
        Slot(" ".join(place), tuple(sorted(files, key=lambda one: -one.deliverable_id)))
        for place, files in found.items()
        if len(files) > 1
    ]


def chosen_pair(slots: list[Slot], first: int | None, second: int | None) -> tuple[int, int] | None:
    """The files to compare: those asked for, else the first slot's latest with the one before. 404 for strangers."""
    if first is None and second is None:
        return (slots[0].files[1].deliverable_id, slots[0].files[0].deliverable_id) if slots else None
    for slot in slots:
        ids = [one.deliverable_id for one in slot.files]
        if first in ids and (second in ids or second is None):
            other = second if second is not None else next(one for one in ids if one != first)
            return first, other
    raise HTTPException(404, "These are not two files that were made for one language and spec of this title.")


def pair_of(desk: Desk, first: int, second: int) -> tuple[DeliverableDetail, DeliverableDetail]:
    """Both deliverables; 404 where they were not made for one language and spec of one version."""
    one, other = desk.catalog.deliverable(first), desk.catalog.deliverable(second)
    if _place(one) != _place(other):
        raise HTTPException(404, "These two were not made for one language and spec of one title.")
    return one, other


def figures_of(first: DeliverableDetail, second: DeliverableDetail) -> list[Figure]:
    """Every figure that was measured of both, with the difference of numbers."""
    names = [name for name in first.measurement if name in second.measurement]
    return [_figure(name, first.measurement[name], second.measurement[name]) for name in names]


def checks_of(first: DeliverableDetail, second: DeliverableDetail) -> list[Figure]:
    """Every check that was made of one of them, with both verdicts."""
    said = [{str(check.get("name")): check for check in one.checks} for one in (first, second)]
    names = dict.fromkeys([*said[0], *said[1]])
    return [Figure(name, _verdict(said[0].get(name)), _verdict(said[1].get(name)), "") for name in names]


def sound_of(desk: Desk, made: DeliverableDetail) -> dict[str, Any] | None:
    """The full mix that a file was made from, as the tiles of its run show it; None where it has none."""
    run_id = desk.catalog.run_of_deliverable(made.deliverable_id)
    if run_id is None:
        return None
    tracks = tracks_of(desk, desk.catalog.made_in(run_id, ["tiles"]))
    return next((one for one in tracks if one["track"] == "mix" and one["language"] == made.language), None)


def _place(one: DeliverableDetail) -> tuple[int, str, str, str, str]:
    return one.version_id, one.language, one.spec_id, one.container, one.codec


def _figure(name: str, first: Any, second: Any) -> Figure:
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in (first, second))
    return Figure(name, _said(first), _said(second), f"{second - first:+.2f}" if numbers else "")


def _said(value: Any) -> str:
    if value is None:
        return "undefined"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _verdict(check: dict[str, Any] | None) -> str:
    return "not checked" if check is None else str(check.get("verdict"))
