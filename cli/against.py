"""The spec a command judges by, and how its verdict is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cli.output import print_table
from dubline.loudness import specs
from dubline.loudness.specs import Spec
from dubline.loudness.verdict import Verdict
from tasks.settings import Settings


def wanted(spec_id: str) -> Spec:
    """The spec called ``spec_id``, the studio's own or one that ships; raises `BadInput`."""
    return specs.get(spec_id, Settings.load().specs_root)


def spec_facts(spec: Spec) -> Mapping[str, Any]:
    """Which spec it is, whether it was verified and whose it is, in JSON values."""
    standing = specs.standing(Settings.load().specs_root)[spec.id]
    return {"id": spec.id, "version": spec.version, "verified": spec.verified, "standing": standing}


def named(spec: Spec) -> str:
    """``web version 2, which is not verified``"""
    return f"{spec.id} version {spec.version}" + ("" if spec.verified else ", which is not verified")


def show_verdict(spec: Spec, verdict: Verdict) -> None:
    """The checks as a table under the spec's name, which says when it is unverified."""
    print_table(
        f"{verdict.verdict} against {named(spec)}",
        ("check", "value", "unit", "limit", "verdict", "note"),
        ((c.name, c.value, c.unit, c.limit, c.verdict, c.note) for c in verdict.checks),
    )
