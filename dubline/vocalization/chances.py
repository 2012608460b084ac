"""From raw scores to chances: each label's read against its own midpoint, and that of a voice of any kind."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dubline.vocalization.events import LABELS
from dubline.vocalization.rules import DetectionRules

# Keeps the odds finite where a score is 0 or 1: half a step of float16 under 1.
_LEAST = 2.0**-12

Scores = npt.NDArray[np.floating]
Chances = npt.NDArray[np.float32]


def chances_of(scores: Scores, speech: Scores, rules: DetectionRules) -> Chances:
    """``scores`` (..., labels), labels in the order of `LABELS`, moved so that each label's midpoint becomes one half.

    ``speech`` (...) is silero-vad's word on it: whoever of the two hears speech is believed. The move is one of odds
    (Platt, 1999; the classifier's with slope one): what is sure stays sure. A score of 0 stays 0.
    """
    midpoints = np.array([rules.labels[label].midpoint for label in LABELS], np.float32)
    chances = _moved(scores, midpoints, 1.0)
    said = _moved(speech, np.array(rules.silero.midpoint), rules.silero.slope)
    at = LABELS.index("speech")
    chances[..., at] = 1.0 - (1.0 - chances[..., at]) * (1.0 - said)
    return chances


def any_voice(chances: Chances) -> Chances:
    """The chance that at least one label sounds, (..., labels) -> (...): each is taken to hear for itself."""
    together: Chances = 1.0 - np.prod(1.0 - chances, axis=-1)
    return together


def _moved(scores: Scores, midpoint: Scores, slope: float) -> Chances:
    moved = 1.0 / (1.0 + np.exp(slope * (odds(midpoint) - odds(scores))))
    return np.where(scores > 0.0, moved, np.float32(0.0)).astype(np.float32)


def odds(probability: Scores) -> Chances:
    """Logarithm of the odds."""
    clipped = np.clip(probability.astype(np.float32), _LEAST, 1.0 - _LEAST)
    logarithm: Chances = np.log(clipped / (1.0 - clipped))
    return logarithm
