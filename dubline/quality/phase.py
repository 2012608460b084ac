"""How the two channels of a pair hang together, second by second: their correlation, and what their sum loses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dubline.audio.layout import Layout
from dubline.quality.activity import Stretch, stretches

Samples = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

# A channel under this level (mean square of a second) says nothing about phase.
_QUIET = 10.0 ** (-60.0 / 10.0)
# The sum of a pair in opposite phase is nothing: shown as this much less.
MOST_LOSS_DB = 60.0


@dataclass(frozen=True, slots=True)
class Phase:
    """``sums`` is ``(seconds, 3)`` for a pair: mean squares of left and right, and the mean of their product."""

    left: str
    right: str
    sums: Floats

    @property
    def correlation(self) -> Floats:
        """-1 to 1 per second, ``(seconds,)``; NaN where either channel is quiet."""
        left, right, product = self.sums.T
        heard = (left > _QUIET) & (right > _QUIET)
        scale = np.sqrt(np.where(heard, left * right, 1.0))
        return np.where(heard, product / scale, np.nan)

    @property
    def loss_db(self) -> Floats:
        """What a mono sum loses per second, ``(seconds,)``: -3 for one sound in both, 0 for two, 60 for opposites.

        The level of the two channels together over the level of their sum. NaN where both are quiet.
        """
        left, right, product = self.sums.T
        both = left + right
        heard = both > _QUIET
        summed = np.maximum(both + 2.0 * product, both * 10.0 ** (-MOST_LOSS_DB / 10.0))
        return np.where(heard, 10.0 * np.log10(np.where(heard, both / np.where(heard, summed, 1.0), 1.0)), np.nan)

    def opposed(self, least: float) -> tuple[Stretch, ...]:
        """Stretches whose every second correlates at ``least`` or lower."""
        return stretches(np.nan_to_num(self.correlation, nan=1.0) <= least, 1)

    def lost(self, most_db: float) -> tuple[Stretch, ...]:
        """Stretches whose every second loses more than ``most_db`` in mono."""
        return stretches(np.nan_to_num(self.loss_db, nan=-3.0) > most_db, 1)


class PhaseMeter:
    """Takes a track second by second; front, side and back pairs, as far as ``layout`` has them."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._sums: list[Floats] = []

    def second(self, rows: Samples) -> None:
        """The next second, ``(channels, frames)``; only the last one may be shorter."""
        frames = rows.shape[1]
        self._sums.append(
            np.array(
                [
                    [np.dot(rows[one], rows[other]) / frames for one, other in ((a, a), (b, b), (a, b))]
                    for a, b in self._layout.pairs
                ],
                dtype=np.float64,
            ).reshape(-1, 3)
        )

    def phases(self) -> tuple[Phase, ...]:
        """One `Phase` for each pair."""
        tags = self._layout.tags
        sums = np.array(self._sums).reshape(len(self._sums), len(self._layout.pairs), 3)
        return tuple(Phase(tags[a], tags[b], sums[:, number]) for number, (a, b) in enumerate(self._layout.pairs))
