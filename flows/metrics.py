"""The figures of catalog and Prefect as Prometheus reads them, asked for when it asks.

In `flows` because it needs both; `cli/metrics.py` serves it.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from contextvars import copy_context
from pathlib import Path
from typing import Generic, TypeVar

import httpx
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from db.catalog import Catalog
from db.errors import DbError
from db.figures import BOUNDS, Figures, StepFigures, StudioFigures
from flows.server import studio_url
from flows.watch import Studio, look

log = logging.getLogger(__name__)

# Prometheus gives up after ten seconds; a source that takes longer than this counts as away.
_WAIT_SECONDS = 5.0

# What a run ended with, by the exit code of the command it would have been.
CLASSES = {1: "bug", 3: "bad_input", 4: "check_failed", 5: "environment", 130: "cancelled"}

T = TypeVar("T")


class Source(Generic[T]):
    """Something asked in a thread of its own, so that who does not answer keeps nobody waiting."""

    def __init__(self, name: str, ask: Callable[[], T]) -> None:
        self._name = name
        self._ask = ask
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"ask-{name}")
        self._asked: Future[T] | None = None
        self._was_up = True

    def answer(self, seconds: float = _WAIT_SECONDS) -> T | None:
        """What it answers; None where it is away or takes longer. A late answer is not kept: it would be old."""
        late = self._asked
        if late is not None and not late.done():
            return None
        # Which Prefect server is meant is part of the context, and a thread starts with an empty one.
        self._asked = self._thread.submit(copy_context().run, self._ask)
        try:
            answer = self._asked.result(seconds)
        except (DbError, httpx.HTTPError, OSError, TooSlow) as error:
            if self._was_up:
                log.warning("%s does not answer: %s", self._name, error or type(error).__name__)
            self._was_up = False
            return None
        self._was_up = True
        return answer


class StudioCollector(Collector):
    """Collects from the catalog at ``catalog_url`` and from the Prefect server noted in ``prefect_home``."""

    def __init__(self, catalog_url: str, prefect_home: Path) -> None:
        self._lock = threading.Lock()
        self._catalog_url = catalog_url
        self._figures: Figures | None = None
        self._prefect_home = prefect_home
        self.catalog = Source("the catalog", self._ask_catalog)
        self.prefect = Source("the Prefect server", self._ask_prefect)

    def collect(self) -> Iterator[Metric]:
        """All families, those of a source that is away without samples but for the one that says so."""
        with self._lock:
            figures, studio = self.catalog.answer(), self.prefect.answer()
        yield _gauge("dubline_catalog_up", "Whether the catalog answers.", {(): float(figures is not None)})
        yield _gauge("dubline_prefect_up", "Whether the Prefect server answers.", {(): float(studio is not None)})
        if figures is not None:
            yield from of_catalog(figures)
        if studio is not None:
            yield from of_prefect(studio)

    def _ask_catalog(self) -> StudioFigures:
        if self._figures is None:
            Catalog.open(self._catalog_url).close()  # made or upgraded where needed, as by any command
            self._figures = Figures(self._catalog_url)
        return self._figures.figures()

    def _ask_prefect(self) -> Studio:
        url = studio_url(self._prefect_home)
        if url is None:
            raise httpx.ConnectError("no server is known")
        return look(url)


def of_prefect(studio: Studio) -> Iterator[Metric]:
    """Depth of each queue and workers of each pool."""
    where = ("pool", "queue")
    waiting = {(queue.pool, queue.name): queue.waiting for queue in studio.queues}
    running = {(queue.pool, queue.name): queue.running for queue in studio.queues}
    yield _gauge("dubline_queue_depth", "Runs that wait for a worker.", waiting, where)
    yield _gauge("dubline_queue_running", "Runs at work.", running, where)
    workers = {(pool,): number for pool, number in studio.workers.items()}
    yield _gauge("dubline_workers", "Workers heard of lately.", workers, ("pool",))


def of_catalog(figures: StudioFigures) -> Iterator[Metric]:
    """Runs, failures, steps, devices, verdicts and bytes."""
    runs: Counter[tuple[str, ...]] = Counter()
    for (state, _), number in figures.runs.items():
        runs[(state,)] += number
    yield _gauge("dubline_titles", "Titles in the catalog.", {(): figures.titles})
    yield _gauge("dubline_runs", "Runs of titles, by state.", runs, ("state",))
    yield _counter("dubline_failures", "What went wrong, by class.", failures(figures), ("class",))
    yield from _of_steps(figures.steps)
    titles = {(one.title, one.device): one.seconds for one in figures.newest_titles}
    yield _gauge(
        "dubline_title_device_seconds",
        "Seconds that a title's steps had a device, of the titles of the newest runs.",
        titles,
        ("title", "device"),
    )
    verdicts = {(verdict,): number for verdict, number in figures.verdicts.items()}
    yield _counter("dubline_delivery_checks", "Deliverables checked, by verdict.", verdicts, ("verdict",))
    states = {(state,): number for state, number in figures.deliverables.items()}
    yield _gauge("dubline_deliverables", "Deliverables, by state.", states, ("state",))
    yield _gauge("dubline_store_bytes", "Bytes of the assets in the store.", {(): figures.store_bytes})
    yield _gauge("dubline_store_assets", "Assets in the store.", {(): figures.store_assets})


def failures(figures: StudioFigures) -> dict[tuple[str, ...], int]:
    """Runs that ended badly by class, and deliverables that failed their check."""
    found: Counter[tuple[str, ...]] = Counter({(name,): 0 for name in [*CLASSES.values(), "crashed"]})
    for (state, code), number in figures.runs.items():
        if state in ("failed", "cancelled", "crashed"):
            found[(state if state != "failed" else CLASSES.get(code or 0, "unknown"),)] += number
    found[(CLASSES[4],)] += figures.verdicts.get("fail", 0)
    return dict(found)


def _of_steps(steps: Mapping[str, StepFigures]) -> Iterator[Metric]:
    durations = HistogramMetricFamily(
        "dubline_step_duration_seconds", "How long the making of a step took.", labels=["step"]
    )
    for stage, one in sorted(steps.items()):
        total, buckets = 0, []
        for bound, number in zip([*map(str, BOUNDS), "+Inf"], one.within, strict=True):
            total += number
            buckets.append((bound, total))
        durations.add_metric([stage], buckets, one.seconds)
    yield durations
    ended = {
        (stage, how): number
        for stage, one in steps.items()
        for how, number in (("made", one.made), ("cached", one.cached), ("failed", one.failed))
    }
    yield _counter(
        "dubline_steps", "Steps by how they ended; cached: answered from the catalog.", ended, ("step", "how")
    )
    device = {(stage, name): value for stage, one in steps.items() for name, value in one.device_seconds.items()}
    yield _counter("dubline_device_seconds", "Seconds that steps had a device.", device, ("step", "device"))


Labels = TypeVar("Labels", bound=tuple[str, ...])


def _gauge(name: str, about: str, samples: Mapping[Labels, float], labels: tuple[str, ...] = ()) -> Metric:
    return _filled(GaugeMetricFamily(name, about, labels=labels), samples)


def _counter(name: str, about: str, samples: Mapping[Labels, float], labels: tuple[str, ...] = ()) -> Metric:
    return _filled(CounterMetricFamily(name, about, labels=labels), samples)


def _filled(family: GaugeMetricFamily | CounterMetricFamily, samples: Mapping[Labels, float]) -> Metric:
    for values, value in sorted(samples.items()):
        family.add_metric(list(values), value)
    return family
