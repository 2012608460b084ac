"""How long a voice goes on ringing in its room after the event's end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from dubline.audio.wav import Block, WavReader
from dubline.repair.regions import Removal, tail_frames

# A church rings longer, but what is left of a voice by then lies under the background.
LONGEST_TAIL_SECONDS = 1.2
# Reverberation falls by 60 dB in this time or faster; what falls more slowly is music or an effect.
SLOWEST_RT60_SECONDS = 2.0
# A band still rings while it lies this far over the background that follows ...
_RINGING_DB = 3.0
# ... and a voice rings in several bands at once.
_RINGING_BANDS = 2
_BAND_EDGES_HZ = (200.0, 400.0, 700.0, 1100.0, 1700.0, 2700.0, 4300.0, 7000.0)
_HOP_SECONDS = 0.02
# The end of the event, whose level the ringing falls from.
_LAST_SECONDS = 0.2
# The background that follows, once nothing rings any more.
_AFTER_SECONDS = 0.8
_LEAST_AFTER_SECONDS = 0.2

Floats = npt.NDArray[np.float64]


def tracked(removals: Sequence[Removal], me: WavReader) -> list[Removal]:
    """``removals``, in order of time, each with a tail as long as it rings on, up to the next in its channels."""
    return [replace(one, tail=_tail(one, _room(one, removals[at + 1 :], me), me)) for at, one in enumerate(removals)]


def _room(removal: Removal, later: Sequence[Removal], me: WavReader) -> int:
    """Frames from the end of ``removal`` to what comes next in its channels."""
    starts = (one.start for one in later if set(one.columns) & set(removal.columns) and one.end > removal.end)
    return max(next(starts, me.frames) - removal.end, 0)


def _tail(removal: Removal, room: int, me: WavReader) -> int:
    shortest, hop = tail_frames(me.rate), round(_HOP_SECONDS * me.rate)
    last, longest = round(_LAST_SECONDS * me.rate), round(LONGEST_TAIL_SECONDS * me.rate)
    reach = min(longest + round(_AFTER_SECONDS * me.rate), room)
    first = max(removal.end - last, removal.start)
    if reach < shortest + round(_LEAST_AFTER_SECONDS * me.rate) or removal.end - first < hop:
        return shortest
    samples = next(me.blocks(removal.end + reach - first, start=first))[:, list(removal.columns)]
    levels = _bands(samples, me.rate, hop)
    at = (removal.end - first) // hop
    ringing = rings_for(levels[:at], levels[at:], hop / me.rate) * hop
    return min(max(shortest, ringing + shortest // 2), longest, room)


def rings_for(event: Floats, following: Floats, hop_seconds: float) -> int:
    """For how many frames of ``following`` (n, bands) what sounded in ``event`` (m, bands) rings on; powers.

    The background is what ``following`` ends with.
    """
    beyond = max(round(_LEAST_AFTER_SECONDS / hop_seconds), len(following) - round(LONGEST_TAIL_SECONDS / hop_seconds))
    background = np.median(following[-beyond:], axis=0)
    seconds = (np.arange(len(following)) + 0.5) * hop_seconds
    falling = event.mean(axis=0) * 10.0 ** (-6.0 * seconds[:, None] / SLOWEST_RT60_SECONDS)
    # Twice the mean: single frames of noise scatter.
    rings = (following > background * 10.0 ** (_RINGING_DB / 10.0)) & (following <= 2.0 * falling)
    still = rings.sum(axis=1) >= _RINGING_BANDS
    return int(np.argmin(still)) if not still.all() else len(following)


def _bands(samples: Block, rate: int, hop: int) -> Floats:
    """Mean power per frame of ``hop`` and band, all channels together: (n // hop, bands)."""
    count = len(samples) // hop
    frames = samples[: count * hop].reshape(count, hop, -1) * np.hanning(hop)[:, None]
    square = np.square(np.abs(np.fft.rfft(frames, axis=1))).sum(axis=2)
    edges = np.searchsorted(np.fft.rfftfreq(hop, 1.0 / rate), _BAND_EDGES_HZ)
    bands: Floats = np.stack([square[:, a : max(b, a + 1)].sum(axis=1) for a, b in pairwise(edges)], axis=1)
    return bands
