"""Which titles wait for a worker: asked of Prefect when somebody looks, and remembered for a moment."""

from __future__ import annotations

import time
from collections.abc import Collection

from dashboards.prefect import Prefect, PrefectAway

# How long an answer is good, and how long a server that was silent is left alone.
_AHEAD_SECONDS, _AMONG_SECONDS, _SILENT_SECONDS = 10.0, 5.0, 10.0


class Waiting:
    """Titles by slug. Without a server, or while it is silent, none is known to wait."""

    def __init__(self, prefect: Prefect) -> None:
        self._prefect = prefect
        self._ahead: tuple[str, ...] = ()
        self._ahead_until = 0.0
        # By slug, whether it waits, and until when that is believed.
        self._known: dict[str, tuple[bool, float]] = {}
        self._silent_until = 0.0

    def ahead(self) -> tuple[str, ...]:
        """The titles of the next 200 runs: enough to see that the queue moves."""
        if time.monotonic() > self._ahead_until:
            self._ahead_until = time.monotonic() + _AHEAD_SECONDS
            found = tuple(sorted(self._ask(None)))
            if found != self._ahead:
                # Whoever looks because of it must not be told what was before.
                self._ahead, self._known = found, {}
        return self._ahead

    def among(self, slugs: Collection[str]) -> frozenset[str]:
        """Those of these titles that wait."""
        now = time.monotonic()
        known = {slug: told for slug, told in self._known.copy().items() if told[1] > now}
        asked = frozenset(slugs) - known.keys()
        if asked:
            waiting = self._ask(asked)
            known |= {slug: (slug in waiting, time.monotonic() + _AMONG_SECONDS) for slug in asked}
            self._known = known
        return frozenset(slug for slug in slugs if known[slug][0])

    def _ask(self, slugs: Collection[str] | None) -> frozenset[str]:
        if not self._prefect.is_known or time.monotonic() < self._silent_until:
            return frozenset()
        try:
            return self._prefect.waiting(slugs)
        except PrefectAway:
            self._silent_until = time.monotonic() + _SILENT_SECONDS
            return frozenset()
