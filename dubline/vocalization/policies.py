"""Disposition policies as versioned data: one YAML file each in ``policies/``, read into a checked, frozen model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from dubline.versioned import Data, Shelf
from dubline.vocalization.events import LABELS, Disposition, Event, Label

_FOLDER = Path(__file__).parent / "policies"


class Rule(Data):
    """What is done with events of one label, between limits of level over background (dB) and length (seconds).

    ``basis`` says whether the policy's source states the rule or dubline chose it.
    """

    label: Label
    disposition: Disposition
    basis: Literal["stated", "chosen"]
    note: str = ""
    min_level_db: float | None = None
    max_level_db: float | None = None
    min_seconds: float | None = Field(default=None, ge=0)
    max_seconds: float | None = Field(default=None, ge=0)

    def fits(self, event: Event) -> bool:
        """Whether ``event`` has the label and lies within the limits, both ends inclusive."""
        return (
            event.label == self.label
            and _within(event.level_db, self.min_level_db, self.max_level_db)
            and _within(event.seconds, self.min_seconds, self.max_seconds)
        )

    @property
    def unlimited(self) -> bool:
        """Whether it fits every event of its label."""
        return (self.min_level_db, self.max_level_db, self.min_seconds, self.max_seconds) == (None,) * 4


class Policy(Data):
    """Which voices leave an M&E, and to where. The first rule that fits an event decides."""

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    version: int = Field(ge=1)
    name: str
    source: str
    verified: bool
    rules: tuple[Rule, ...]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        missing = set(LABELS) - {rule.label for rule in self.rules if rule.unlimited}
        if missing:
            raise ValueError(f"no rule without limits for {', '.join(sorted(missing))}")
        return self

    def disposition(self, event: Event) -> Disposition:
        """What is to be done with ``event``."""
        return next(rule.disposition for rule in self.rules if rule.fits(event))


_SHELF = Shelf("policy", _FOLDER, Policy.model_validate)


def load(path: Path) -> Policy:
    """The policy in a YAML file; `BadInput` when it is not one or has a key that policies do not have."""
    return _SHELF.load(path)


def list_policies() -> tuple[Policy, ...]:
    """Every policy that ships with dubline, by id."""
    return _SHELF.all


def get(policy_id: str) -> Policy:
    """The policy called ``policy_id``; `BadInput` names the near misses when there is none."""
    return _SHELF.get(policy_id)


def dispose(events: list[Event], policy: Policy) -> list[Event]:
    """``events`` with the disposition ``policy`` gives each by label, level and length."""
    return [replace(event, disposition=policy.disposition(event)) for event in events]


def _within(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)
