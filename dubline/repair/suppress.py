"""Bringing what stands out of the background down to it, and filling what that takes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dubline.audio.wav import Block
from dubline.repair.roomtone import RoomTone
from dubline.repair.spectra import Grid, Read, power

# What is attenuated still carries a trace of the background; below this even that trace of a loud voice is inaudible.
ATTENUATION_DB = -60.0
# A bin at the background's own power is left alone, one twice as strong goes: spectral subtraction after
# Berouti, Schwartz, Makhoul (ICASSP 1979) with an over-subtraction factor of 2.
_OVERSUBTRACTION = 2.0
# With the dialogue stem at hand: a residue is no louder than what the separator took out beside it ...
_MOST_LEFT = np.float32(2.0)
# ... but it may be its reverberation, which falls by this much in this time where a second is the room's RT60.
_LINGER_SECONDS = 0.3
_LINGER_DB = 18.0
_TINY = np.float32(1e-20)

_FLOOR = np.float32(10.0 ** (ATTENUATION_DB / 20.0))


def attenuate(samples: Block) -> Block:
    """Plain attenuation, for where there is no background to compare with."""
    return samples * _FLOOR


def suppress(
    read: Read, tone: RoomTone, grid: Grid, *, start: int, end: int, stem: Read | None = None
) -> tuple[Block, Block]:
    """The M&E from ``start`` to ``end`` without what stands out of ``tone``, and the fill; each (n, channels).

    ``read(start, end)`` gives the M&E's samples, ``stem`` those of the dialogue stem, zeros outside the file. With
    a stem, only what it can have left behind is taken down. Where a bin was taken down, the fill brings it back to
    the background's power.
    """
    first, last = grid.span(start, end)
    spectrum = grid.analyze(read(first, last))
    here = np.maximum(power(spectrum), _TINY)
    ratio = here / np.maximum(tone.power, _TINY)
    kept = np.clip(_OVERSUBTRACTION / ratio - (_OVERSUBTRACTION - 1.0), _FLOOR**2, 1.0)
    missing = np.sqrt(np.clip(1.0 - kept * ratio, 0.0, 1.0))
    if stem is not None:
        foreign = here > _lingering(stem, grid, first, last) * _MOST_LEFT
        kept[foreign], missing[foreign] = 1.0, 0.0
    suppressed = grid.synthesize((spectrum * np.sqrt(kept)).astype(np.complex64))
    fill = grid.synthesize((grid.analyze(tone.at(first, last)) * missing).astype(np.complex64))
    inner = slice(start - first, end - first)
    return suppressed[inner], fill[inner]


def _lingering(stem: Read, grid: Grid, first: int, last: int) -> npt.NDArray[np.float32]:
    """The stem's power per frame, channel and bin, each bin dying away as in a live room."""
    past = round(_LINGER_SECONDS * grid.rate / grid.hop)
    dying = power(grid.analyze(stem(first - past * grid.hop, last)))
    drop = np.float32(10.0 ** (-_LINGER_DB / 10.0 / past))
    for at in range(1, len(dying)):
        np.maximum(dying[at], dying[at - 1] * drop, out=dying[at])
    return dying[past:]
