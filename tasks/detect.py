"""Find what of the voice stayed behind in the M&E, and what in the DX stem is no language."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from db.recipes import ModelFacts
from dubline.vocalization import classifier
from dubline.vocalization.detect import detect as detect_events
from dubline.vocalization.events import write_events
from dubline.vocalization.rules import DetectionRules
from tasks.context import Means
from tasks.step import Made, Work, step


def classifier_facts(params: Mapping[str, Any], using: Means) -> list[ModelFacts]:
    """The event classifier: whoever listens by it is made anew when it changes."""
    card = classifier.card()
    facts = ModelFacts(
        id=card.id, name=card.summary, version=card.version, sha256=card.sha256, licence=card.licenses["weights"]
    )
    return [facts]


@step("detect", version=2, tools=("torch", "silero-vad", "soxr"), weights=classifier_facts)
def detect(work: Work, me: Path, dx: Path, *, rules: dict[str, Any]) -> Made:
    """List the vocalizations of the M&E as events, with the DX stem as context, and those of the stem itself."""
    events = detect_events(
        me,
        dialogue=dx,
        rules=DetectionRules.model_validate(rules),
        progress=work.progress,
        cancelled=work.cancelled,
    )
    out = work.scratch / "events.parquet"
    write_events(events, out)
    return Made({"events": out}, {"events": len(events)})
