"""How far a title is: one progress artifact in Prefect, told apart from the work and at most every five seconds."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from functools import partial
from uuid import UUID

import httpx
from prefect.artifacts import create_progress_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactUpdate

from flows.artifacts import artifact_key
from flows.order import Order
from tasks.progress import StepProgress, listen

log = logging.getLogger(__name__)

# Prefect's database keeps every update; more than one in five seconds helps nobody who watches.
INTERVAL_SECONDS = 5.0

# About what a step takes beside the others, for an hour of sound on a CPU; the parts of a separation together.
_WEIGHTS = {"separate": 40.0, "clean": 20.0, "detect": 8.0, "check": 3.0, "remux": 2.0}
_WEIGHT = 1.0
# The steps of weight one: of the title, of each dub, of each deliverable.
_OF_TITLE, _OF_DUB, _OF_DELIVERABLE = 23, 9, 2


@contextmanager
def title_progress(order: Order) -> Iterator[None]:
    """Publish how far the title of ``order`` is while the context lasts, as an estimate from the steps it takes."""
    created = create_progress_artifact(
        progress=0.0, key=artifact_key("progress", order.title.id), description=f"Progress of {order.title.name}"
    )
    # The client is typed for both worlds; from a synchronous flow it answers with the id.
    assert isinstance(created, UUID)
    gauge, done = Gauge(total_of(order)), threading.Event()
    stop_listening = listen(gauge)
    # Which server is meant is part of the context, and a thread starts with an empty one.
    tell = partial(copy_context().run, _tell, created, gauge, done)
    teller = threading.Thread(target=tell, name="title-progress", daemon=True)
    teller.start()
    try:
        yield
        gauge.finish()
    finally:
        stop_listening()
        done.set()
        teller.join(2 * INTERVAL_SECONDS)


def total_of(order: Order) -> float:
    """The weight of all steps that ``order`` takes."""
    deliverables = sum(1 if row.languages == "all" else len(order.dubs) for row in order.deliver)
    once = _WEIGHTS["separate"] + _WEIGHTS["clean"] + _WEIGHTS["detect"]
    each = _OF_DELIVERABLE + _WEIGHTS["check"] + _WEIGHTS["remux"]
    return once + _OF_TITLE + _OF_DUB * len(order.dubs) + each * deliverables


class Gauge:
    """Adds up what the steps tell; percent never falls, and is 100 only at the end."""

    def __init__(self, total: float) -> None:
        self.percent = 0.0
        self._total = total
        self._steps: dict[str, dict[str, float]] = {}
        self._lock = threading.Lock()

    def __call__(self, told: StepProgress) -> None:
        """Take in what one step tells; steps told of before they start share their stage's weight."""
        with self._lock:
            self._steps.setdefault(told.step, {})[told.subject] = told.fraction
            share = sum(map(self._done, self._steps)) / self._total
            self.percent = max(self.percent, min(99.0, 100.0 * share))

    def finish(self) -> None:
        """All is done."""
        with self._lock:
            self.percent = 100.0

    def _done(self, step: str) -> float:
        fractions = self._steps[step].values()
        if step == "separate":
            return _WEIGHTS[step] * sum(fractions) / len(fractions)
        return _WEIGHTS.get(step, _WEIGHT) * sum(fractions)


def _tell(artifact: UUID, gauge: Gauge, done: threading.Event) -> None:
    """Send the percentage when it has changed; a server that is away is no reason to stop a title."""
    told = 0.0
    with get_client(sync_client=True) as client:
        while True:
            ended = done.wait(INTERVAL_SECONDS)
            if gauge.percent != told:
                told = gauge.percent
                try:
                    client.update_artifact(artifact, ArtifactUpdate(data=round(told, 1)))
                except httpx.HTTPError as error:
                    log.debug("progress not told: %s", error)
            if ended:
                return
