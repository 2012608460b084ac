"""A model card for what a run has trained, to be completed by hand and handed to ``dubline models add``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from dubline.separation.registry import Licenses, ModelCard
from dubline.training.checkpoint import write_whole


def write_draft(path: Path, name: str, about: dict[str, Any], sources: list[dict[str, Any]]) -> None:
    """Write the card of a checkpoint that says ``about`` of itself; figures are left to `dubline evaluate`."""
    licenses = sorted({license for source in sources for license in source.get("licenses", [])})
    minutes = round(about["seconds"] / 60, 1)
    base = about["run"]["from"]
    card = ModelCard(
        id=card_id(name),
        version="1",
        summary=f"{about['architecture']} trained {minutes} minutes" + (f" from {base['model']}" if base else ""),
        architecture=about["architecture"],
        config=about["config"],
        licenses=Licenses(
            code="Apache-2.0", weights=f"yours to choose; trained on {', '.join(licenses) or 'what sources say'}"
        ),
        sources=sources,
        training={
            "seed": about["seed"],
            "steps": about["step"],
            "minutes": minutes,
            "hours_heard": about["hours_heard"],
            "si_sdr_improvement_in_validation": about["best"],
            "code": about["code"],
            **{key: about["run"][key] for key in ("material", "from") if about["run"][key]},
        },
    )
    body = {key: value for key, value in card.model_dump().items() if value}
    text = yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=120)
    write_whole(path, lambda part: part.write_text(text, encoding="utf-8"))


def card_id(name: str) -> str:
    """``name`` as a card may be called: lower-case letters, digits, dots and dashes."""
    return re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-.") or "model"
