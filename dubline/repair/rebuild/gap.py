"""What is to be rebuilt, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dubline.audio.wav import Block

# More of the surroundings says little about the gap, and memory must not grow with the title.
LONGEST_CONTEXT_SECONDS = 8.0


@dataclass(frozen=True, slots=True)
class Gap:
    """``length`` frames at ``rate`` Hz of which the background is to be rebuilt from what is around them.

    ``before`` and ``after`` (n, channels) float32 touch the gap and are free of voice; either may be empty, and of
    each the nearest eight seconds are used. ``heard`` (length, channels), if given, is what sounds inside, voice and
    all, and ``under`` what removal took to be the background of it: hits that cannot be a voice are kept.
    """

    before: Block
    after: Block
    length: int
    rate: int
    heard: Block | None = None
    under: Block | None = None

    @property
    def channels(self) -> int:
        """How many channels all parts have."""
        return int(self.before.shape[1])

    @property
    def silent(self) -> bool:
        """Whether there is nothing around to rebuild from: no context, or digital silence."""
        return not (self.before.any() or self.after.any())


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """``samples`` (length, channels) float32 that continue ``before`` and lead into ``after``; how they were made."""

    samples: Block
    method: str


def chance(gap: Gap) -> np.random.Generator:
    """Random numbers that depend on nothing but the sound around the gap: the same gap is always rebuilt alike."""
    near = np.concatenate([gap.before[-64:], gap.after[:64]]).tobytes()
    return np.random.default_rng([gap.length, *near])
