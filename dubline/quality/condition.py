"""The technical condition of a track, in one pass: where it sounds, clips, leans, and how its pairs hang together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dubline.audio.layout import Layout
from dubline.audio.wav import Block
from dubline.quality.activity import Activity, ActivityMeter
from dubline.quality.clipping import ClipMeter, Clips
from dubline.quality.phase import Phase, PhaseMeter

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Condition:
    """What a track is like. ``offset`` is the DC offset of each channel, linear, ``(channels,)``."""

    layout: Layout
    activity: Activity
    clips: Clips
    offset: Floats
    phases: tuple[Phase, ...]


class ConditionMeter:
    """Takes a track in `Seconds`. Memory holds a few figures per second."""

    def __init__(self, rate: int, layout: Layout) -> None:
        self._layout = layout
        self._activity = ActivityMeter(rate, layout.channels)
        self._clips = ClipMeter(rate, layout.channels)
        self._phase = PhaseMeter(layout)
        self._means: list[npt.NDArray[np.float32]] = []

    def second(self, rows: Block) -> None:
        """The next second, ``(channels, frames)``; only the last one may be shorter."""
        self._activity.second(rows)
        self._clips.second(rows)
        self._phase.second(rows)
        self._means.append(rows.mean(axis=1))

    def condition(self) -> Condition:
        """What was found so far."""
        # The median over seconds: a loud low note cut in half is no offset.
        offset = np.median(self._means, axis=0) if self._means else np.zeros(self._layout.channels)
        return Condition(
            self._layout, self._activity.activity(), self._clips.clips(), np.asarray(offset, np.float64),
            self._phase.phases(),
        )  # fmt: skip


class Seconds:
    """Cuts a stream of blocks of any size into whole seconds, channels as rows that lie together in memory."""

    def __init__(self, rate: int, channels: int) -> None:
        self._rows = np.zeros((channels, rate), dtype=np.float32)
        self._filled = 0

    def cut(self, block: Block) -> list[Block]:
        """The seconds that ``block``, ``(frames, channels)``, completes, each ``(channels, rate)``."""
        done, at, rate = [], 0, self._rows.shape[1]
        while at < len(block):
            take = min(rate - self._filled, len(block) - at)
            self._rows[:, self._filled : self._filled + take] = block[at : at + take].T
            self._filled += take
            at += take
            if self._filled == rate:
                done.append(self._rows)
                self._rows = np.zeros_like(self._rows)
                self._filled = 0
        return done

    def rest(self) -> list[Block]:
        """What is left at the end of the stream: one shorter second, or none."""
        return [np.ascontiguousarray(self._rows[:, : self._filled])] if self._filled else []
