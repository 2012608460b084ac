"""The most invasive removal: nothing of the event stays, the background is rebuilt from what is around it."""

from __future__ import annotations

from dubline.audio.wav import Block
from dubline.repair.candidate import Candidate, decibels


def replace(rebuilt: Block) -> Candidate:
    """``rebuilt`` (length, channels) in the place of everything."""
    return Candidate("replacement", None, rebuilt, decibels(0.0), 0.0)
