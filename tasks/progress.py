"""How far a step is: told to Prefect as a progress artifact and to whoever listens in this process."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.context import TaskRunContext

# Prefect's database keeps every update; more than one in five seconds helps nobody who watches.
_PREFECT_INTERVAL_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class StepProgress:
    """Where one step stands; ``state`` is ``running``, ``done`` or ``cached``."""

    step: str
    subject: str
    fraction: float
    state: str


Listener = Callable[[StepProgress], None]
_listeners: list[Listener] = []


def listen(listener: Listener) -> Callable[[], None]:
    """Call ``listener`` on every change in this process; returns the function that ends it."""
    _listeners.append(listener)
    return lambda: _listeners.remove(listener)


def tell(progress: StepProgress) -> None:
    """Pass ``progress`` on to the listeners of this process."""
    for listener in tuple(_listeners):
        listener(progress)


@dataclass(slots=True)
class Reporter:
    """The ``progress(done, total)`` callable handed to a step's body."""

    step: str
    subject: str
    title: str = ""
    # Set once the catalog has answered for the step: nothing ran.
    found: bool = False
    _artifact: UUID | None = None
    _told_at: float = field(default=float("-inf"))

    def start(self) -> None:
        """Publish the artifact, where a Prefect task run is there to hold it."""
        tell(StepProgress(self.step, self.subject, 0.0, "running"))
        if TaskRunContext.get() is not None:
            # Prefect shows artifacts of one key as versions of one thing: the same step of the same title.
            created = create_progress_artifact(
                progress=0.0,
                key=artifact_key(self.title, self.step, self.subject),
                description=f"{self.title}: {self.step} {self.subject}".strip(),
            )
            # The client is typed for both worlds; from a synchronous task it answers with the id.
            assert isinstance(created, UUID)
            self._artifact = created
        self._told_at = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        """Report ``done`` of ``total`` in any unit."""
        fraction = min(1.0, done / total) if total > 0 else 0.0
        tell(StepProgress(self.step, self.subject, fraction, "running"))
        now = time.monotonic()
        if self._artifact is not None and now - self._told_at >= _PREFECT_INTERVAL_SECONDS:
            self._told_at = now
            update_progress_artifact(self._artifact, progress=100.0 * fraction)

    def finish(self) -> None:
        """The step's outputs are in the catalog."""
        tell(StepProgress(self.step, self.subject, 1.0, "cached" if self.found else "done"))
        if self._artifact is not None:
            update_progress_artifact(self._artifact, progress=100.0)


def artifact_key(*parts: str) -> str:
    """A Prefect artifact key (lower case letters, digits, dashes) from free text."""
    return re.sub(r"[^a-z0-9]+", "-", "-".join(parts).lower()).strip("-")
