"""Disposition policies as versioned data: one YAML file each in ``policies/``, read into a checked, frozen model."""

from __future__ import annotations

import difflib
import functools
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from dubline.errors import BadInput
from dubline.vocalization.events import LABELS, Disposition, Event, Label

_FOLDER = Path(__file__).parent / "policies"

# How alike a mistyped id must be to be offered.
_NEAR = 0.5


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Rule(_Data):
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


class Policy(_Data):
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

    def digest(self) -> str:
        """The sha256 of the policy's content: the same data gives the same digest on every machine."""
        body = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(body.encode()).hexdigest()

    def disposition(self, event: Event) -> Disposition:
        """What is to be done with ``event``."""
        return next(rule.disposition for rule in self.rules if rule.fits(event))


def load(path: Path) -> Policy:
    """The policy in a YAML file; `BadInput` when it is not one or has a key that policies do not have."""
    try:
        return Policy.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput("the policy cannot be read", str(path), f"give a YAML file ({error})") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "top level"
        raise BadInput(f"the policy is not valid at {key}", str(path), f"correct it: {first['msg']}") from error


@functools.cache
def list_policies() -> tuple[Policy, ...]:
    """Every policy that ships with dubline, by id."""
    return tuple(sorted((load(path) for path in _FOLDER.glob("*.yaml")), key=lambda policy: policy.id))


def get(policy_id: str) -> Policy:
    """The policy called ``policy_id``; `BadInput` names the near misses when there is none."""
    by_id = {policy.id: policy for policy in list_policies()}
    if policy_id in by_id:
        return by_id[policy_id]
    near = difflib.get_close_matches(policy_id, by_id, cutoff=_NEAR) or list(by_id)
    raise BadInput(f"unknown policy '{policy_id}'", "policy", f"use one of {', '.join(near)}")


def dispose(events: list[Event], policy: Policy) -> list[Event]:
    """``events`` with the disposition ``policy`` gives each by label, level and length."""
    return [replace(event, disposition=policy.disposition(event)) for event in events]


def _within(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)
