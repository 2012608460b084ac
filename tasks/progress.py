"""How far a step is: told to whoever listens in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


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
    # Set once the catalog has answered for the step: nothing ran.
    found: bool = False

    def start(self) -> None:
        """The step begins."""
        self._tell(0.0, "running")

    def __call__(self, done: int, total: int) -> None:
        """Report ``done`` of ``total`` in any unit."""
        self._tell(min(1.0, done / total) if total > 0 else 0.0, "running")

    def finish(self) -> None:
        """The step's outputs are in the catalog."""
        self._tell(1.0, "cached" if self.found else "done")

    def _tell(self, fraction: float, state: str) -> None:
        tell(StepProgress(self.step, self.subject, fraction, state))
