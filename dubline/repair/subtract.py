"""The least invasive removal: what can be voice is masked out, the background beside it in time and pitch stays."""

from __future__ import annotations

import numpy as np

from dubline.audio.wav import Block
from dubline.repair.candidate import MARGIN_DB, TARGET_DB, Candidate, background_kept, decibels, keeping
from dubline.repair.evidence import Evidence, share

# Less background than this is not worth the holes in it, and where so little is free of voice none of it surely is.
LEAST_KEPT = 0.25


def subtract(evidence: Evidence, rebuilt: Block) -> Candidate | None:
    """Mask out of the M&E what is feared to be voice, as far as the target asks; None where hardly anything is left.

    ``rebuilt`` (length, channels) is background for the holes. Binary masks by local ratio: Wang (2005).
    """
    feared = float(evidence.feared.sum(dtype=np.float64))
    mask = keeping(evidence.feared, evidence.heard, feared * 10.0 ** ((TARGET_DB - MARGIN_DB) / 10.0))
    kept = background_kept(mask, evidence.heard, evidence.feared)
    if kept < LEAST_KEPT:
        return None
    grid = evidence.grid
    holes = (grid.transform(rebuilt) * np.sqrt(1.0 - np.square(mask))[:, None]).astype(np.complex64)
    residual = decibels(share(np.square(mask) * evidence.feared, evidence.feared))
    return Candidate("subtraction", mask[:, None], grid.inverse(holes, evidence.length), residual, kept)
