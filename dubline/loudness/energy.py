"""How loud a stream is, 10 ms by 10 ms: K-weighted energies, all that a dialogue loudness needs."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from scipy.signal import sosfilt

from dubline.audio.layout import Layout
from dubline.audio.wav import Block
from dubline.loudness import windows
from dubline.loudness.kweighting import sections

# Where the loudspeakers stand, in degrees off the front and above the ear (ITU-R BS.2051; BS.775 for a lone pair of
# surrounds, whichever tag it has).
_POSITIONS = {"FL": (30, 0), "FC": (0, 0), "SL": (90, 0), "BL": (135, 0), "TFL": (45, 45), "TBL": (135, 45)}
_LONE_SURROUND = (110, 0)
_SURROUNDS = ("SL", "BL")
_SIDE_WEIGHT = 1.41

# Filter memory below this is silence; left alone it decays into denormal numbers, which are very slow to compute.
_NEGLIGIBLE = 1e-30


def channel_weights(layout: Layout) -> npt.NDArray[np.float64]:
    """Weight of every channel of ``layout`` in the loudness sum, shape ``(channels,)``.

    1.41 beside the listener, at 60 to 120 degrees and less than 30 degrees up, 1 elsewhere, 0 for the LFE
    (BS.1770-4, Annex 3, table 4).
    """
    lone = not set(_SURROUNDS) <= set(layout.tags)
    return np.array([_weight(tag, lone=lone) for tag in layout.tags])


class Weighing:
    """Gives the energies of consecutive pieces of a stream; the filter goes on from piece to piece."""

    def __init__(self, rate: int, layout: Layout) -> None:
        weights = channel_weights(layout)
        self._heard = np.flatnonzero(weights)
        self._weights = weights[self._heard]
        self._sections = sections(rate)
        self._memory = np.zeros((len(self._sections), len(self._heard), 2))

    def weigh(self, samples: npt.NDArray[np.float32], edges: npt.NDArray[np.int64]) -> windows.Floats:
        """Weighted energy of every whole 10 ms block of ``samples``, ``(channels, frames)``, between its ``edges``."""
        self._memory[np.abs(self._memory) < _NEGLIGIBLE] = 0.0
        loudness, self._memory = sosfilt(
            # float32 in, double precision inside and out, as the coefficients are.
            self._sections,
            samples[self._heard],
            axis=1,
            zi=self._memory,
        )
        if len(edges) < 2:
            return np.zeros(0)
        squares = np.square(loudness[:, : edges[-1]], out=loudness[:, : edges[-1]])
        energies: windows.Floats = self._weights @ np.add.reduceat(squares, edges[:-1], axis=1)
        return energies


def energies_of(seconds: Iterable[Block], *, rate: int, layout: Layout) -> windows.Energies:
    """Energies of a stream given second by second: blocks ``(rate, channels)``, the last one shorter."""
    weighing = Weighing(rate, layout)
    # Whole seconds hold whole 10 ms blocks at every rate.
    edges = windows.block_edges(0, windows.BLOCKS_PER_SECOND, rate)
    parts = (weighing.weigh(np.ascontiguousarray(block.T), edges[edges <= len(block)]) for block in seconds)
    return windows.Energies(np.concatenate([np.zeros(0), *parts]), rate)


def _weight(tag: str, *, lone: bool) -> float:
    if tag == "LFE":
        return 0.0
    left = tag.replace("R", "L")
    azimuth, elevation = _LONE_SURROUND if lone and left in _SURROUNDS else _POSITIONS[left]
    return _SIDE_WEIGHT if 60 <= azimuth <= 120 and elevation < 30 else 1.0
