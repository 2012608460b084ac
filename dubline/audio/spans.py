"""Spans of time: where speech, voice or silence was found."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Spans:
    """Disjoint spans in rising order, each ``(start_seconds, end_seconds)``."""

    items: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        edges = [edge for span in self.items for edge in span]
        if any(later < earlier for earlier, later in itertools.pairwise(edges)):
            raise ValueError("spans must be disjoint and in rising order")

    @property
    def seconds(self) -> float:
        """Total time covered."""
        return sum(end - start for start, end in self.items)

    def covers(self, times: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """For each time in seconds, whether a span holds it (start inclusive, end exclusive)."""
        if not self.items:
            return np.zeros(len(times), dtype=np.bool_)
        starts, ends = np.array(self.items).T
        at = np.searchsorted(starts, times, side="right") - 1
        inside: npt.NDArray[np.bool_] = (at >= 0) & (times < ends[np.maximum(at, 0)])
        return inside

    def save(self, path: Path) -> None:
        """Write as JSON; the same spans give the same bytes."""
        path.write_text(json.dumps({"spans": self.items}) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Spans:
        """Read what `save` wrote."""
        body = json.loads(path.read_text(encoding="utf-8"))
        return cls(tuple((float(start), float(end)) for start, end in body["spans"]))
