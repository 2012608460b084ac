"""Take the events out of the M&E and rebuild what they covered."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from db.recipes import ModelFacts
from dubline.repair.clean import clean as clean_me
from dubline.separation import registry
from dubline.vocalization.edits import read_edits
from dubline.vocalization.events import read_events
from dubline.vocalization.policies import Policy
from dubline.vocalization.rules import DetectionRules
from tasks.context import Means
from tasks.detect import classifier_facts
from tasks.separate import separator_facts
from tasks.step import Made, Work, step


def _weights(params: Mapping[str, Any], using: Means) -> list[ModelFacts]:
    """The separator that takes voices out, and the classifier that listens whether they are."""
    return [*separator_facts(params, using), *classifier_facts(params, using)]


@step("clean", version=4, tools=("torch", "soxr", "silero-vad"), weights=_weights, uses_device=True)
def clean(
    work: Work,
    me: Path,
    dx: Path,
    events: Path,
    edits: Path | None = None,
    *,
    policy: dict[str, Any],
    rules: dict[str, Any],
    model: str,
) -> Made:
    """Write the filled M&E, OPT and the DX guide; M&E before filling + OPT + DX guide = OV mix."""
    report = clean_me(
        me,
        events=read_events(events),
        dialogue=dx,
        policy=Policy.model_validate(policy),
        edits=None if edits is None else read_edits(edits),
        network=registry.load(model, work.models_root, device=work.device).network,
        rules=DetectionRules.model_validate(rules),
        out_dir=work.scratch,
        progress=work.progress,
        cancelled=work.cancelled,
    )
    files = {
        "me_filled": "me.wav",
        "optional": "optional.wav",
        "dx_guide": "dx_guide.wav",
        "decided": "events.parquet",
        "report": "report.json",
    }
    values = {"null_error_dbfs": report.null_error_dbfs, "remaining": len(report.remaining)}
    return Made({role: work.scratch / name for role, name in files.items()}, values)
