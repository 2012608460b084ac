"""What an estimated M&E still holds of the voice, and what it lost beside it.

All signals are ``(frames,)`` or ``(frames, channels)`` at ``rate`` Hz; energies are summed over the channels; figures
are in dB.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dubline.quality.ratios import Signal
from dubline.quality.spectra import power_spectrum

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

FRAME_SECONDS = 0.05
# Dialogue this far over the M&E cannot be masked by a dub: what remains of it there is leakage.
BARE_DB = 20.0
# Quieter than the loudest by this much, a frame or a bin of the dialogue says nothing about what was left of it.
QUIET_DB = 30.0
FAINT_DB = 60.0
# Under this a frame holds no dialogue, measured against its loudest frame.
FREE_DB = 60.0
# Of less than half a second nothing is said.
LEAST_FRAMES = 10


def leakage(me: Signal, true_me: Signal, dialogue: Signal, rate: int) -> float:
    """Energy of the voice left in ``me`` over that of the voice, where the voice lies bare; NaN where it nowhere does.

    Looked for in the bins of a spectrogram: those in which the true M&E lies at least 20 dB under the dialogue, and the
    dialogue at most 60 dB under its loudest bin. Most of a voice's energy is in such bins, over a loud bed as well.
    """
    error, background, voice = (power_spectrum(x, rate) for x in (_difference(me, true_me), true_me, dialogue))
    bare = (background < voice * _ratio(-BARE_DB)) & (voice > voice.max(initial=0.0) * _ratio(-FAINT_DB))
    return _share(error, voice, bare)


def leakage_in_frames(me: Signal, true_me: Signal, dialogue: Signal, rate: int) -> float:
    """As `leakage`, over whole frames of 50 ms, all bands together: NaN for most items with a continuous bed.

    The dialogue of a frame lies at most 30 dB under its loudest frame.
    """
    error, background, voice = (_frames(x, rate) for x in (_difference(me, true_me), true_me, dialogue))
    bare = (background < voice * _ratio(-BARE_DB)) & (voice > voice.max(initial=0.0) * _ratio(-QUIET_DB))
    return _share(error, voice, bare)


def energy_change(me: Signal, true_me: Signal, dialogue: Signal, rate: int) -> float:
    """Energy of ``me`` over that of ``true_me`` where nobody speaks: 0 is untouched, less is over-removal.

    Such frames of 50 ms have the dialogue 60 dB under its loudest frame. NaN where they make less than half a second,
    or are silent.
    """
    kept, background, voice = (_frames(x, rate) for x in (me, true_me, dialogue))
    free = voice <= voice.max(initial=0.0) * _ratio(-FREE_DB)
    return _share(kept, background, free) if free.sum() >= LEAST_FRAMES else float("nan")


def _difference(one: Signal, other: Signal) -> Floats:
    difference: Floats = one.astype(np.float64) - other
    return difference


def _frames(signal: Signal, rate: int) -> Floats:
    """Energy of each whole frame."""
    length = round(FRAME_SECONDS * rate)
    count = len(signal) // length
    energies: Floats = np.square(signal[: count * length].astype(np.float64)).reshape(count, -1).sum(axis=1)
    return energies


def _share(part: Floats, whole: Floats, where: Flags) -> float:
    energy = float(whole[where].sum())
    if energy == 0.0:
        return float("nan")
    with np.errstate(divide="ignore"):
        return float(10.0 * np.log10(part[where].sum() / energy))


def _ratio(decibels: float) -> float:
    return float(10.0 ** (decibels / 10.0))
