"""Bring a print master to its delivery spec by one linear gain, or leave it alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dubline.loudness.conform import apply_gain, plan_gain
from dubline.loudness.measurement import Measurement
from dubline.loudness.specs import Spec
from tasks.step import Made, Work, step


@step("conform", version=1)
def conform(
    work: Work, print_master: Path, measurement: Path, *, spec: dict[str, Any], peak_allowance_db: float
) -> Made:
    """One linear gain on the print master where its measurement lies outside the spec's tolerance."""
    measured = Measurement.from_json(json.loads(measurement.read_text(encoding="utf-8")))
    plan = plan_gain(measured, Spec.model_validate(spec), peak_allowance_db=peak_allowance_db)
    out = print_master
    if plan.gain_db != 0.0:
        out = work.scratch / "conformed.wav"
        apply_gain(print_master, out, plan.gain_db)
    return Made({"conformed": out}, {"gain_db": plan.gain_db, "reason": plan.reason, "reachable": plan.reachable})
