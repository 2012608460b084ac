"""Knocks, clicks and hits under a voice: too short and too broad to be one, so they are kept."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dubline.audio.wav import Block
from dubline.repair.rebuild.frames import OVERLAP, Floats, Frames

Flags = npt.NDArray[np.bool_]

WINDOW_SECONDS = 0.008
# A hit rises by this much over what is rebuilt there and over what was just before ...
RISE_DB = 15.0
# ... and has fallen by this much after so long; a cough's burst or a voice's onset has not.
FALL_DB = 15.0
FALL_SECONDS = 0.04
LONGEST_SECONDS = 0.06
# It does so in this share of the spectrum from 200 Hz to 12 kHz; a consonant does in less.
LEAST_SHARE = 0.75
_LOWEST_HZ = 200.0
_HIGHEST_HZ = 12_000.0
_BANDS = 16
# Of its surroundings a hit's bins stand out by this much.
_OVER_DB = 6.0
_TINY = 1e-14


def keep(rebuilt: Block, heard: Block, under: Block, rate: int) -> Block:
    """``rebuilt`` with the hits of ``heard`` in their place, as ``under`` has them; all (length, channels) float32.

    They are told by ``heard``, the sound as it was, for what a mask leaves of a voice may well be short and broad.
    Median filtering tells such sounds from lasting ones over a whole title (Fitzgerald, DAFx 2010); in a gap their rise
    and fall have to.
    """
    frames = Frames.at_rate(rate, WINDOW_SECONDS)
    if len(rebuilt) < 2 * frames.window:
        return rebuilt
    lead = frames.window - frames.hop
    around = ((lead, lead + -len(rebuilt) % frames.hop), (0, 0))
    ours, all_of_it, theirs = (frames.analyze(np.pad(samples, around)) for samples in (rebuilt, heard, under))
    mine, whole, left = (
        np.square(np.abs(spectrum), dtype=np.float64).sum(axis=1) + _TINY for spectrum in (ours, all_of_it, theirs)
    )
    inside = _hits(mine, whole, frames, rate)
    if not inside.any():
        return rebuilt
    usual = mine.mean(axis=0) * _ratio(_OVER_DB)
    mask = (inside[:, None] & (left > usual))[:, None, :]
    kept = frames.synthesize(np.where(mask, theirs, ours))[lead : lead + len(rebuilt)]
    # Where nothing is kept, not a bit changes.
    reach = np.zeros(len(rebuilt) + 2 * frames.window, dtype=np.bool_)
    for frame in np.flatnonzero(inside):
        reach[frame * frames.hop : frame * frames.hop + frames.window] = True
    out: Block = np.where(reach[lead : lead + len(rebuilt), None], kept, rebuilt)
    return out


def _hits(mine: Floats, heard: Floats, frames: Frames, rate: int) -> Flags:
    """Which frames belong to a hit; ``mine`` and ``heard`` (frames, bins) are powers."""
    hertz = np.fft.rfftfreq(frames.window, 1.0 / rate)
    edges = np.unique(np.searchsorted(hertz, np.geomspace(_LOWEST_HZ, min(_HIGHEST_HZ, rate / 2), _BANDS + 1)))
    usual, bands = (np.add.reduceat(power, edges[:-1], axis=1) for power in (mine, heard))
    # The loudest the last window before a rise was, and what is left of the hit a while later.
    back, ahead = OVERLAP, max(round(FALL_SECONDS * rate / frames.hop), 1)
    past = np.concatenate([np.full((back, bands.shape[1]), np.inf), bands[:-back]])
    rising = (bands > past * _ratio(RISE_DB)) & (bands > usual.mean(axis=0) * _ratio(RISE_DB))
    inside = np.zeros(len(heard), dtype=np.bool_)
    for onset in np.flatnonzero(rising.mean(axis=1) >= LEAST_SHARE):
        whole = bands[onset : onset + back + 1].sum(axis=1).max()
        later = onset + ahead
        if later < len(bands) and bands[later].sum() < max(whole * _ratio(-FALL_DB), 2.0 * usual.mean(axis=0).sum()):
            inside[max(onset - back, 0) : onset + round(LONGEST_SECONDS * rate / frames.hop)] = True
    return inside


def _ratio(decibels: float) -> float:
    return float(10.0 ** (decibels / 10.0))
