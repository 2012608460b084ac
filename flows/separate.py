"""The GPU stage: a flow of its own, so that a studio can place it on another pool than the rest."""

from __future__ import annotations

from prefect import flow

from dubline.separation.compute import DEFAULT_PRECISION
from tasks.separate import separate
from tasks.settings import Settings
from tasks.step import RunRef, StepResult


@flow(name="separate", flow_run_name="separate {run.title}", validate_parameters=False, persist_result=False)
def separate_stems(run: RunRef, ov_mix: str, model: str) -> StepResult:
    """Separate one title's OV mix (an asset id) into DX, MX, FX and M&E."""
    settings = Settings.load()
    # What every title is made with by default is no part of a recipe.
    chosen = {} if settings.precision == DEFAULT_PRECISION else {"precision": settings.precision}
    return separate.submit(run, ov_mix=ov_mix, model=model, **chosen).result()
