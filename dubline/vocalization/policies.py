"""Disposition policies as versioned data: one YAML file each in ``policies/``, read into a checked, frozen model."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from dubline.versioned import Data, Shelf
from dubline.vocalization.events import LABELS, STEMS, Disposition, Event, Label, Stem

_FOLDER = Path(__file__).parent / "policies"

_PLACES = {"keep": "stays", "optional": "goes to the optional track", "remove": "goes to the DX guide"}


class Rule(Data):
    """What is done with events of one label, between limits of level over background (dB) and length (seconds).

    In the M&E ``keep`` leaves an event where it is, ``optional`` takes it to OPT, ``remove`` to the DX guide. What is
    found in the DX stem is in the DX guide already: there ``optional`` takes it to OPT and the others leave it.
    ``stem`` limits the rule to one of the two; ``basis`` says whether the policy's source states the rule or dubline
    chose it.
    """

    label: Label
    disposition: Disposition
    basis: Literal["stated", "chosen"]
    note: str = ""
    stem: Stem | None = None
    min_level_db: float | None = None
    max_level_db: float | None = None
    min_seconds: float | None = Field(default=None, ge=0)
    max_seconds: float | None = Field(default=None, ge=0)

    def fits(self, event: Event) -> bool:
        """Whether ``event`` has the label, is in the stem and lies within the limits, both ends inclusive."""
        return (
            event.label == self.label
            and self.stem in (None, event.stem)
            and _within(event.level_db, self.min_level_db, self.max_level_db)
            and _within(event.seconds, self.min_seconds, self.max_seconds)
        )

    @property
    def said(self) -> str:
        """The rule in words: its note, or what it is about."""
        return self.note or f"{self.label} {_PLACES[self.disposition]}"

    @property
    def limits(self) -> str:
        """What the rule asks beside the label, in words; empty where it asks nothing."""
        asked = (
            (f"in the {self.stem} stem", self.stem),
            (f"at least {self.min_level_db} dB", self.min_level_db),
            (f"at most {self.max_level_db} dB", self.max_level_db),
            (f"at least {self.min_seconds} s", self.min_seconds),
            (f"at most {self.max_seconds} s", self.max_seconds),
        )
        return ", ".join(text for text, limit in asked if limit is not None)

    @property
    def unlimited(self) -> bool:
        """Whether it fits every event of its label in its stem."""
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
        always = [rule for rule in self.rules if rule.unlimited]
        for stem in STEMS:
            missing = set(LABELS) - {rule.label for rule in always if rule.stem in (None, stem)}
            if missing:
                raise ValueError(f"no rule without limits for {', '.join(sorted(missing))} in the stem {stem}")
        return self

    def rule_for(self, event: Event) -> Rule:
        """The rule that decides what is done with ``event``."""
        return next(rule for rule in self.rules if rule.fits(event))


_SHELF = Shelf("policy", _FOLDER, Policy.model_validate)


def load(path: Path) -> Policy:
    """The policy in a YAML file; `BadInput` when it is not one or has a key that policies do not have."""
    return _SHELF.load(path)


def list_policies(added: Path | None = None) -> tuple[Policy, ...]:
    """Every policy that ships with dubline or lies in the studio's folder ``added``, by id."""
    return _SHELF.with_added(added)


def get(policy_id: str, added: Path | None = None) -> Policy:
    """The policy called ``policy_id``; `BadInput` names the near misses when there is none."""
    return _SHELF.get(policy_id, added)


def standing(added: Path | None = None) -> dict[str, str]:
    """By id: ``shipped``, ``added``, or which shipped version the studio's file overrides."""
    return _SHELF.standing(added)


def _within(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)
