"""Rebuilding the background of a gap from what is around it: one interface, one method per file."""

from __future__ import annotations

import numpy as np

from dubline.repair.rebuild.choose import fill
from dubline.repair.rebuild.gap import Gap, Rebuilt
from dubline.repair.rebuild.seams import join

__all__ = ["Gap", "Rebuilt", "rebuild"]


def rebuild(gap: Gap) -> Rebuilt:
    """The background of ``gap``, its ends continuing the surroundings without a seam.

    ``method`` is ``texture``, ``matching``, ``sinusoidal`` or ``autoregression``; ``silence`` where nothing is around.
    """
    if gap.silent or gap.length == 0:
        return Rebuilt(np.zeros((gap.length, gap.channels), dtype=np.float32), "silence")
    samples, method = fill(gap)
    return Rebuilt(samples if method == "autoregression" else join(gap, samples), method)
