"""Rebuilding the background of a gap from what is around it: one interface, one method per file."""

from __future__ import annotations

import numpy as np

from dubline.repair.rebuild.choose import fill
from dubline.repair.rebuild.gap import Gap, Rebuilt
from dubline.repair.rebuild.seams import join
from dubline.repair.rebuild.transients import keep

__all__ = ["Gap", "Rebuilt", "rebuild"]


def rebuild(gap: Gap) -> Rebuilt:
    """The background of ``gap``, its ends continuing the surroundings without a seam.

    ``method`` is ``texture``, ``matching``, ``sinusoidal`` or ``autoregression``, ``silence`` where nothing is around,
    with `` and hits`` where such were found under the voice.
    """
    if gap.silent or gap.length == 0:
        return Rebuilt(np.zeros((gap.length, gap.channels), dtype=np.float32), "silence")
    samples, method = fill(gap)
    if method == "autoregression":
        return Rebuilt(samples, method)
    if gap.heard is None or gap.under is None:
        return Rebuilt(join(gap, samples), method)
    kept = keep(samples, gap.heard, gap.under, gap.rate)
    return Rebuilt(join(gap, kept), method if kept is samples else f"{method} and hits")
