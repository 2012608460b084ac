"""Where a track sounds: the peak of every tenth of a second in every channel, and the silences that follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

STEPS_PER_SECOND = 10
# Dither of 16 bits peaks at -90 dBFS and room tone of a film at -70: silence lies between.
SILENCE_DBFS = -80.0
SILENCE = 10.0 ** (SILENCE_DBFS / 20.0)
# So loud a channel is heard to be missing, and no coder spends nothing on it.
AUDIBLE_DBFS = -50.0
AUDIBLE = 10.0 ** (AUDIBLE_DBFS / 20.0)


@dataclass(frozen=True, slots=True)
class Stretch:
    """From ``start_seconds`` to ``end_seconds``."""

    start_seconds: float
    end_seconds: float

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end_seconds - self.start_seconds


@dataclass(frozen=True, slots=True)
class Activity:
    """``peaks`` is ``(steps, channels)``, linear; a step is a tenth of a second, the last one as long as is left."""

    peaks: Samples
    seconds: float

    @property
    def sounding(self) -> Flags:
        """Whether any channel sounds, per step."""
        sounding: Flags = self.peaks.max(axis=1, initial=0.0) > SILENCE
        return sounding

    @property
    def head_seconds(self) -> float:
        """Silence before the first sound; the whole length where there is none."""
        found = np.flatnonzero(self.sounding)
        return float(found[0]) / STEPS_PER_SECOND if len(found) else self.seconds

    @property
    def last_seconds(self) -> float:
        """When the last sound ends; 0 where there is none."""
        found = np.flatnonzero(self.sounding)
        return min(float(found[-1] + 1) / STEPS_PER_SECOND, self.seconds) if len(found) else 0.0

    @property
    def tail_seconds(self) -> float:
        """Silence after the last sound; the whole length where there is none."""
        return self.seconds - self.last_seconds

    def silences(self) -> tuple[Stretch, ...]:
        """Silent stretches between the first sound and the last."""
        found = np.flatnonzero(self.sounding)
        if not len(found):
            return ()
        inside = ~self.sounding
        inside[: found[0]] = inside[found[-1] :] = False
        return stretches(inside, STEPS_PER_SECOND)

    def silent_channels(self) -> tuple[int, ...]:
        """Columns that never sound."""
        return tuple(np.flatnonzero(self.peaks.max(axis=0, initial=0.0) <= SILENCE).tolist())

    def missing_from(self, delivered: Activity) -> tuple[tuple[int, Stretch], ...]:
        """Channels and stretches that are audible here and silent in what was ``delivered``."""
        steps = min(len(self.peaks), len(delivered.peaks))
        missing = (self.peaks[:steps] > AUDIBLE) & (delivered.peaks[:steps] <= SILENCE)
        return tuple(
            (channel, stretch)
            for channel in np.flatnonzero(missing.any(axis=0)).tolist()
            for stretch in stretches(missing[:, channel], STEPS_PER_SECOND)
        )


class ActivityMeter:
    """Takes a track second by second."""

    def __init__(self, rate: int, channels: int) -> None:
        self._rate = rate
        self._edges = np.arange(STEPS_PER_SECOND) * rate // STEPS_PER_SECOND
        self._peaks: list[Samples] = [np.zeros((0, channels), dtype=np.float32)]
        self._frames = 0

    def second(self, rows: Samples) -> None:
        """The next second, ``(channels, frames)``; only the last one may be shorter."""
        edges = self._edges[self._edges < rows.shape[1]]
        high, low = (np.asarray(pick.reduceat(rows, edges, axis=1)) for pick in (np.maximum, np.minimum))
        self._peaks.append(np.maximum(high, -low).T)
        self._frames += rows.shape[1]

    def activity(self) -> Activity:
        """What was heard so far."""
        return Activity(np.concatenate(self._peaks), self._frames / self._rate)


def stretches(flags: Sequence[bool] | Flags, per_second: int) -> tuple[Stretch, ...]:
    """Where ``flags``, ``per_second`` of them to a second, are set without a break."""
    padded = np.concatenate([[False], np.asarray(flags, dtype=bool), [False]]).astype(np.int8)
    change = np.diff(padded)
    return tuple(
        Stretch(int(start) / per_second, int(end) / per_second)
        for start, end in zip(np.flatnonzero(change == 1), np.flatnonzero(change == -1), strict=True)
    )
