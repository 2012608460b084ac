"""Separation in a work pool: its parts shared out over the pool's live workers, and made again where one crashed."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from prefect.logging import get_run_logger

from dubline.errors import EnvironmentFault
from flows.dispatch import NobodyThereError, dispatch, live_workers
from tasks.context import means
from tasks.progress import StepProgress, tell
from tasks.separate import separate
from tasks.settings import AUTO, NONE
from tasks.step import RunRef

# Where ``auto`` looks for workers.
GPU_POOL = "gpu"

# A part that takes its process down each time does not do so by accident.
ROUNDS = 3

Parts = Mapping[str, Mapping[str, Any]]


def separate_in_pool(run: RunRef, wanted: str, ov_mix: str, parts: Parts) -> None:
    """Have the parts that the catalog does not have yet made in the pool the setting GPU_POOL names.

    ``auto`` leaves them to this process where no worker of the pool `gpu` lives, ``none`` always; with a pool's name
    they wait for a worker there. Raises what the parts raise, `EnvironmentFault` when they crash time and again or the
    pool makes something else than was asked for, `Cancelled`.
    """
    logger, insist = get_run_logger(), wanted not in (AUTO, NONE)
    pool = wanted if insist else GPU_POOL
    for _ in range(ROUNDS):
        todo = _missing(ov_mix, parts)
        _tell(parts, todo)
        if not todo:
            return
        workers = live_workers(pool) if wanted != NONE else 0
        if not workers and not insist:
            logger.info("separation here, on %s", means().device)
            return
        shares = share_out(todo, workers)
        logger.info("separation in pool %s: %d parts in %d shares", pool, len(todo), len(shares))
        asked = [
            {"run": asdict(run), "ov_mix": ov_mix, "parts": {name: dict(parts[name]) for name in share}}
            for share in shares
        ]
        try:
            crashed = dispatch(
                run, "separate", pool, asked, insist=insist, meanwhile=lambda: _tell(parts, _missing(ov_mix, parts))
            )
        except NobodyThereError:
            logger.warning("nobody is left in pool %s: separation here, on %s", pool, means().device)
            return
        if not crashed and _missing(ov_mix, parts):
            raise EnvironmentFault(
                "the pool separated by another recipe than this machine would",
                f"pool {pool}",
                "run the same version of dubline, with the same models and settings, on all machines",
            )
    if _missing(ov_mix, parts):
        raise EnvironmentFault(
            f"separation crashed {ROUNDS} times", f"pool {pool}", "see the workers' logs; memory is the usual cause"
        )


def share_out(parts: Sequence[str], workers: int) -> list[Sequence[str]]:
    """Consecutive parts for each of so many workers (at least one), as even as can be; nobody gets none."""
    count = min(max(workers, 1), len(parts))
    edges = [k * len(parts) // count for k in range(count + 1)]
    return [parts[start:stop] for start, stop in itertools.pairwise(edges)]


def _tell(parts: Parts, missing: Sequence[str]) -> None:
    """Who watches sees all parts from the start, wherever they are made."""
    for name in parts:
        tell(StepProgress("separate", name, float(name not in missing), "running"))


def _missing(ov_mix: str, parts: Parts) -> list[str]:
    using = means()
    keys = {name: separate.recipe({"ov_mix": ov_mix}, part, using).key for name, part in parts.items()}
    return [name for name, key in keys.items() if using.catalog.find_outputs(key) is None]
