"""What an estimated M&E still holds of the voice, what it lost beside it, and how near a rebuilt background is.

All signals are ``(frames,)`` or ``(frames, channels)`` at ``rate`` Hz; energies are summed over the channels; figures
are in dB, but for the coherence error. What lies under white noise of -100 dBFS is as good as silence.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dubline.quality.ratios import Signal
from dubline.quality.spectra import power_spectrum, spectrum

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
# Power of a sample under which sound is as good as silence: the rounding of 16 bits.
SILENCE = 1e-10
# Windows between which a seam is looked for, as short as the ear tells events apart, and how near to it.
SEAM_SECONDS = 0.01
_OCTAVE_THIRD = 2.0 ** (1.0 / 3.0)
_LOWEST_HZ = 50.0


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


def log_spectral_distance(rebuilt: Signal, truth: Signal, rate: int) -> float:
    """Root mean square over the bins of the difference of the two spectra in dB, mean over windows and channels.

    Gray, Markel (1976), "Distance measures for speech processing", the rms log spectral measure, in windows of 43 ms.
    """
    ours, true = (_bin_powers(x, rate) for x in (rebuilt, truth))
    return float(np.sqrt(np.square(10.0 * np.log10(ours / true)).mean(axis=-1)).mean())


def level_error(rebuilt: Signal, truth: Signal) -> float:
    """How far the level of the whole is from the true one, up or down."""
    ours, true = (float(np.square(x, dtype=np.float64).mean()) + SILENCE for x in (rebuilt, truth))
    return float(abs(10.0 * np.log10(ours / true)))


def coherence_error(rebuilt: Signal, truth: Signal, rate: int) -> float:
    """Distance between the complex coherences of two channels, 0 to 2, mean over thirds of an octave and all pairs.

    In phase is 1, unrelated is 0 and so is silence. Bands in which the truth is silent say nothing; NaN for mono.
    """
    ours, true = (_cross_powers(x, rate) for x in (rebuilt, truth))
    distances = [
        np.abs(_coherence(ours, one, other) - _coherence(true, one, other))[
            (true[one, one].real > SILENCE) & (true[other, other].real > SILENCE)
        ]
        for one in range(len(true))
        for other in range(one)
    ]
    together = np.concatenate(distances) if distances else np.zeros(0)
    return float(together.mean()) if len(together) else float("nan")


def seam_discontinuity(rebuilt: Signal, truth: Signal, seams: Sequence[int], rate: int) -> float:
    """By how much the spectrum jumps more at the ``seams`` (frames) than the truth does there, mean over them.

    The jump is the largest rms difference, over thirds of an octave, between the windows of 10 ms on either side of a
    moment within 10 ms of the seam. A click, a break of phase and a step of level or color all make it larger.
    """
    return float(np.mean([max(_jump(rebuilt, at, rate) - _jump(truth, at, rate), 0.0) for at in seams]))


def _bin_powers(signal: Signal, rate: int) -> Floats:
    """Power of every bin with that of silence, (channels, windows, bins), as of one sample."""
    bins = spectrum(signal, rate)
    power: Floats = np.square(np.abs(bins)) / (bins.shape[-1] - 1) + SILENCE
    return power


def _cross_powers(signal: Signal, rate: int) -> npt.NDArray[np.complex128]:
    """(channels, channels, bands), as of one sample."""
    bins = spectrum(signal, rate)
    starts = _thirds(2 * (bins.shape[-1] - 1), rate)
    cross = np.einsum("itb,jtb->ijb", bins, bins.conj(), optimize=True) / ((bins.shape[-1] - 1) * bins.shape[1])
    return np.asarray(np.add.reduceat(cross, starts, axis=-1) / _widths(starts, bins.shape[-1]), dtype=np.complex128)


def _coherence(cross: npt.NDArray[np.complex128], one: int, other: int) -> npt.NDArray[np.complex128]:
    power = cross[one, one].real * cross[other, other].real
    coherence: npt.NDArray[np.complex128] = cross[one, other] / np.sqrt(np.maximum(power, SILENCE**2))
    return coherence


def _jump(signal: Signal, at: int, rate: int) -> float:
    """The largest spectral step near frame ``at``; over channels the root mean square."""
    window = 1 << round(np.log2(SEAM_SECONDS * rate))
    hop = window // 4
    first = at - 2 * window
    part = np.zeros((4 * window, signal[:1].size))
    low, high = max(first, 0), min(first + len(part), len(signal))
    part[low - first : high - first] = signal[low:high].reshape(high - low, -1)
    frames = np.lib.stride_tricks.sliding_window_view(part, window, axis=0)[::hop]
    power = np.square(np.abs(np.fft.rfft(frames * np.hanning(window + 1)[:-1], axis=-1))) / (0.375 * window)
    starts = _thirds(window, rate)
    decibels = 10.0 * np.log10(np.add.reduceat(power, starts, axis=-1) / _widths(starts, power.shape[-1]) + SILENCE)
    steps = np.sqrt(np.square(decibels[4:] - decibels[:-4]).mean(axis=(1, 2)))
    return float(steps.max())


def _thirds(window: int, rate: int) -> npt.NDArray[np.intp]:
    """The first bin of every third of an octave that has one, from 50 Hz up; the first band reaches down to 0 Hz."""
    hertz = np.fft.rfftfreq(window, 1.0 / rate)
    number = np.floor(np.log(np.maximum(hertz, _LOWEST_HZ) / _LOWEST_HZ) / np.log(_OCTAVE_THIRD))
    return np.flatnonzero(np.diff(number, prepend=-1.0)).astype(np.intp)


def _widths(starts: npt.NDArray[np.intp], bins: int) -> npt.NDArray[np.intp]:
    return np.diff(starts, append=bins)


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
