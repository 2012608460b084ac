"""Build a data set: items side by side in worker processes, each whole or not there, the same bytes by any number."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from dubline.errors import BadInput, Cancelled, EnvironmentFault
from dubline.process import die_with_parent
from dubline.training.corpus import RATE
from dubline.training.datasets.dnr import TRACKS, item_levels, render_background, render_item
from dubline.training.datasets.files import (
    WORK_FOLDER,
    claim,
    complete,
    read_table,
    write_item,
    write_levels,
    write_sources,
)
from dubline.training.datasets.pools import open_pools
from dubline.training.datasets.presets import Preset, Split
from dubline.training.datasets.sources import Source
from dubline.training.mixtures.scenes import open_scenes, render_scenes

# The one variant of a preset made of scenes: it has all languages.
SCENES_VARIANT = "product"
_WORD_BYTES, _FLOAT_BYTES = 3, 4


@dataclass(frozen=True)
class Plan:
    """What to build: ``items`` items of ``seconds`` for every variant, in ``split`` of the data set at ``out``.

    ``where`` names the recordings in errors; ``corpus`` is the folder whose manifest they came from, if they did.
    """

    preset: Preset
    sources: tuple[Source, ...]
    split: Split
    variants: tuple[str, ...]
    items: int
    seconds: float
    seed: int
    out: Path
    where: str
    corpus: Path | None = None
    npy: bool = False
    # Where the decoded corpus of a preset made of scenes is kept; beside the items where not given.
    cache: Path | None = None

    @property
    def frames(self) -> int:
        """Length of an item in samples."""
        return round(self.seconds * RATE)

    def missing(self, index: int) -> tuple[str, ...]:
        """The variants that item ``index`` does not yet have."""
        return tuple(v for v in self.variants if not complete(self.out, v, self.split, index, npy=self.npy))


def build(
    plan: Plan,
    *,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> int:
    """Make the items that are missing; gives their number.

    Raises `BadInput` for recordings that do not make the preset, for a folder that holds another data set, and
    `EnvironmentFault` where another build is at work in it or the disk is too small; `Cancelled` when asked.
    """
    # Opened before any item is written: what is wrong with the recordings is known at once.
    renderer(plan)
    claim(plan.out, _record(plan))
    with _alone(plan.out):
        todo = [index for index in range(plan.items) if plan.missing(index)]
        _require_space(plan, sum(len(plan.missing(index)) for index in todo))
        write_sources(plan.out, plan.sources)
        _write_levels(plan)
        for done, _ in enumerate(_finished(plan, todo, workers), start=1):
            if cancelled is not None and cancelled():
                raise Cancelled("building was stopped", str(plan.out), "run the same command again to go on")
            if progress is not None:
                progress(done, len(todo))
    return len(todo)


def renderer(plan: Plan) -> Callable[[int], None]:
    """Writes the missing variants of an item, given its number."""
    if plan.preset.scenes is not None:
        return _scene_renderer(plan)
    rules = plan.preset.dnr
    assert rules is not None
    pools = open_pools(rules, plan.sources, plan.split, variants=plan.variants, where=plan.where)

    def render(index: int) -> None:
        shared = {"seed": plan.seed, "index": index, "frames": plan.frames}
        background = render_background(rules, pools, split=plan.split, **shared)
        for variant in plan.missing(index):
            item = render_item(rules, pools, background, split=plan.split, variant=variant, **shared)
            write_item(plan.out, variant, plan.split, index, item.tracks, item.submixes, npy=plan.npy)

    return render


def _scene_renderer(plan: Plan) -> Callable[[int], None]:
    if plan.corpus is None or plan.preset.scenes is None:
        raise BadInput(f"{plan.preset.id} needs a corpus", plan.where, "name a folder with a manifest.csv")
    if plan.variants != (SCENES_VARIANT,):
        raise BadInput(f"{plan.preset.id} has one variant", plan.where, f"ask for {SCENES_VARIANT}, or for none")
    scenes = open_scenes(
        plan.preset.scenes, plan.corpus, plan.cache or plan.out / ".cache", plan.sources, plan.split, seed=plan.seed
    )

    def render(index: int) -> None:
        tracks = render_scenes(scenes, split=plan.split, index=index, frames=plan.frames)
        write_item(plan.out, SCENES_VARIANT, plan.split, index, tracks, {}, npy=plan.npy)

    return render


def _record(plan: Plan) -> dict[str, object]:
    listed = "\n".join(f"{s.kind} {s.file} {s.language} {s.speaker} {s.split}" for s in plan.sources)
    return {
        "preset": plan.preset.id,
        "preset_version": plan.preset.version,
        "preset_digest": plan.preset.digest(),
        "seed": plan.seed,
        "seconds": plan.seconds,
        "sources": hashlib.sha256(listed.encode()).hexdigest(),
    }


def _write_levels(plan: Plan) -> None:
    """The table of shared levels; it never gets shorter than an earlier, larger build made it."""
    rules = plan.preset.dnr
    if rules is None:
        return
    path = plan.out / "precompute" / f"{plan.split}.csv"
    items = max(plan.items, len(read_table(path)) if path.is_file() else 0)
    rows = ((i, *item_levels(rules, seed=plan.seed, split=plan.split, index=i)) for i in range(items))
    write_levels(plan.out, plan.split, rows)


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Keep other builds out of ``out``, and sweep what a killed one left half-written."""
    with (out / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise EnvironmentFault("another build is at work", str(out), "wait for it, or stop it") from error
        shutil.rmtree(out / WORK_FOLDER, ignore_errors=True)
        try:
            yield
        finally:
            shutil.rmtree(out / WORK_FOLDER, ignore_errors=True)


def _require_space(plan: Plan, items: int) -> None:
    per_sample = _WORD_BYTES + (_FLOAT_BYTES if plan.npy else 0)
    needed = items * plan.frames * per_sample * len(TRACKS)
    free = shutil.disk_usage(plan.out).free
    if needed > free:
        raise EnvironmentFault(
            f"the data set needs {needed / 1e9:.0f} GB and {free / 1e9:.0f} GB are free",
            str(plan.out),
            "free space, or build fewer items",
        )


def _finished(plan: Plan, todo: list[int], workers: int) -> Iterator[int]:
    """The numbers of ``todo`` as they are done, here for one worker, else in as many processes."""
    if workers <= 1 or len(todo) <= 1:
        render = renderer(plan)
        for index in todo:
            render(index)
            yield index
        return
    # Spawned, not forked: the parent may hold threads of numerical libraries.
    pool = ProcessPoolExecutor(
        min(workers, len(todo)), mp_context=get_context("spawn"), initializer=_begin, initargs=(plan,)
    )
    waiting = iter(todo)
    running: set[Future[int]] = {pool.submit(_render, index) for index in islice(waiting, 2 * workers)}
    try:
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
            running |= {pool.submit(_render, index) for index in islice(waiting, len(done))}
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


# What a worker process does with a number: set once as it starts, since the plan may list a hundred thousand files.
_work: list[Callable[[int], None]] = []


def _begin(plan: Plan) -> None:
    die_with_parent()
    # An interrupt reaches the whole group; the parent says it in one line.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _work[:] = [renderer(plan)]


def _render(index: int) -> int:
    _work[0](index)
    return index
