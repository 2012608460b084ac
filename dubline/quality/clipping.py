"""Clipped samples: runs at full scale, which no microphone and no mix makes but a stage that ran out of room."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dubline.quality.activity import STEPS_PER_SECOND

Samples = npt.NDArray[np.float32]

# The largest code of 16 bits: what a 16-bit stage clipped stays at it in 24 bits and in float.
FULL_SCALE = 32767 / 32768
# One sample, or two, at full scale may be a peak that just fits.
LEAST_RUN = 3


@dataclass(frozen=True, slots=True)
class Clips:
    """``runs`` is ``(steps, channels)``: how many runs begin in each tenth of a second; ``longest`` in samples."""

    runs: npt.NDArray[np.int32]
    longest: int

    @property
    def count(self) -> int:
        """All runs."""
        return int(self.runs.sum())

    @property
    def first_seconds(self) -> float | None:
        """When the first run begins, to a tenth of a second; None where there is none."""
        found = np.flatnonzero(self.runs.any(axis=1))
        return float(found[0]) / STEPS_PER_SECOND if len(found) else None

    def new_since(self, reference: Clips) -> int:
        """Runs in places where ``reference`` has none within a tenth of a second in any channel."""
        steps = len(self.runs)
        known = np.zeros(steps + 2, dtype=bool)
        there = np.flatnonzero(reference.runs.any(axis=1))
        there = there[there < steps]
        for shift in (0, 1, 2):
            known[there + shift] = True
        return int(self.runs[~known[1:-1]].sum())


class ClipMeter:
    """Takes a track second by second and counts runs of three and more samples of one sign at full scale."""

    def __init__(self, rate: int, channels: int) -> None:
        self._rate = rate
        self._runs: list[npt.NDArray[np.int32]] = [np.zeros((0, channels), dtype=np.int32)]
        # Sign and length of the run that the last second ended in, per channel.
        self._open = np.zeros((2, channels), dtype=np.int64)
        self._longest = 0

    def second(self, rows: Samples) -> None:
        """The next second, ``(channels, frames)``; only the last one may be shorter."""
        steps = -(-rows.shape[1] * STEPS_PER_SECOND // self._rate)
        counts = np.zeros((steps, len(rows)), dtype=np.int32)
        for channel, samples in enumerate(rows):
            if max(samples.max(), -samples.min()) >= FULL_SCALE:
                self._count(channel, samples, counts)
            else:
                self._open[:, channel] = 0
        self._runs.append(counts)

    def clips(self) -> Clips:
        """What was found so far."""
        return Clips(np.concatenate(self._runs), self._longest)

    def _count(self, channel: int, samples: Samples, counts: npt.NDArray[np.int32]) -> None:
        signs = (samples >= FULL_SCALE).astype(np.int8) - (samples <= -FULL_SCALE)
        starts = np.flatnonzero(np.diff(signs, prepend=signs[:1] + 2))
        lengths = np.diff(starts, append=len(signs))
        for start, length in zip(
            starts[signs[starts] != 0].tolist(), lengths[signs[starts] != 0].tolist(), strict=True
        ):
            sign = int(signs[start])
            before = int(self._open[1, channel]) if start == 0 and self._open[0, channel] == sign else 0
            self._longest = max(self._longest, length + before) if length + before >= LEAST_RUN else self._longest
            if before < LEAST_RUN <= length + before:
                counts[start * STEPS_PER_SECOND // self._rate, channel] += 1
        last = int(starts[-1])
        carried = int(self._open[1, channel]) if last == 0 and self._open[0, channel] == signs[-1] else 0
        self._open[:, channel] = (signs[-1], len(signs) - last + carried) if signs[-1] else (0, 0)
