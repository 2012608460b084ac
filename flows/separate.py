"""The GPU stage: a flow of its own, so that a studio can place it on another pool than the rest."""

from __future__ import annotations

from prefect import flow

from tasks.separate import separate
from tasks.step import RunRef, StepResult


@flow(name="separate", flow_run_name="separate {run.title}", validate_parameters=False, persist_result=False)
def separate_stems(run: RunRef, ov_mix: str, model: str) -> StepResult:
    """Separate one title's OV mix (an asset id) into DX, MX, FX and M&E."""
    return separate.submit(run, ov_mix=ov_mix, model=model).result()
