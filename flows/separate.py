"""The GPU stage: a flow of its own, run in the GPU pool or here, and what becomes of its parts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from prefect import flow

from dubline.separation.compute import DEFAULT_PRECISION
from flows.pool import separate_in_pool
from tasks.join import join
from tasks.rehearsal import rehearsal
from tasks.separate import separate
from tasks.settings import Settings
from tasks.step import RunRef, StepResult

# What a crash may cost, and the least that is worth a start on another machine. It decides where the parts begin, never
# what they sound like.
PART_SECONDS = 480


@flow(name="separate", flow_run_name="separate {run.title}", persist_result=False)
def separate_parts(run: RunRef, ov_mix: str, parts: dict[str, dict[str, Any]]) -> list[StepResult]:
    """Separate parts of one title's OV mix (an asset id), given by name and as parameters of the step `separate`."""
    return [separate.submit(run, name, ov_mix=ov_mix, **part).result() for name, part in parts.items()]


def separate_stems(run: RunRef, ov: StepResult, model: str) -> StepResult:
    """DX, MX, FX and M&E of a title's OV mix: the same bytes wherever, and by however many, its parts are made.

    What a pool made is answered from the catalog when the parts are asked for here.
    """
    settings, ov_mix = Settings.load(), ov["ov_mix"]
    # What every title is made with by default is no part of a recipe.
    chosen = {} if settings.precision == DEFAULT_PRECISION else {"precision": settings.precision}
    parts = {
        name: {"model": model, "frames": frames, **chosen}
        for name, frames in parts_of(int(str(ov.values["frames"])), int(str(ov.values["rate"]))).items()
    }
    if rehearsal() is None:
        separate_in_pool(run, settings.gpu_pool, ov_mix, parts)
        made = separate_parts(run, ov_mix, parts)
    else:
        made = separate_parts.fn(run, ov_mix, parts)
    joined = join.submit(run, ov_mix=ov_mix, dx=[one["dx"] for one in made], mx=[one["mx"] for one in made]).result()
    return replace(joined, models=made[0].models)


def parts_of(frames: int, rate: int) -> dict[str, list[int]]:
    """The parts of a title by name: first frame and the one after the last, on a grid no number of workers moves."""
    length = PART_SECONDS * rate
    count = max(-(-frames // length), 1)
    if count == 1:
        return {"": [0, frames]}
    return {f"part {k + 1} of {count}": [k * length, min((k + 1) * length, frames)] for k in range(count)}
