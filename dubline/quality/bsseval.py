"""BSS Eval: the signal-to-distortion ratio as museval reports it, and the one that forgives a filter.

museval computes version 4 for source images, second by second. There the ratio counts every difference from the target,
so that the distortion filter of 512 taps cancels out of it: it is the signal-to-noise ratio of each second. Only the
version for sources forgives such a filter. Both are here, because the literature calls both SDR.

Sources: Vincent et al., "Performance measurement in blind audio source separation" (2006); Stöter, Liutkus and Ito,
"The 2018 Signal Separation Evaluation Campaign" (2018).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import scipy.fft
from scipy.linalg import LinAlgError, lstsq, solve, toeplitz
from scipy.signal import fftconvolve

from dubline.quality.ratios import Signal

Floats = npt.NDArray[np.float64]

TAPS = 512
# Against correlations that only rounding keeps apart; far under what shows in a figure.
_RIDGE = 1e-12


def image_sdr(estimates: Floats, targets: Floats, rate: int) -> Floats:
    """SDR of source images, ``(sources, windows)`` in dB.

    ``estimates`` and ``targets`` are ``(sources, frames, channels)``. The windows are one second long and follow each
    other; one in which any source or any estimate is silent is NaN for all of them, as in museval.
    """
    return np.array(
        [
            [_ratio(true, true - given) if sounding else np.nan for true, given in zip(trues, givens, strict=True)]
            for trues, givens, sounding in _windows(targets, estimates, rate)
        ]
    ).T.reshape(len(targets), -1)


def filtered_sdr(estimate: Floats, target: Floats) -> float:
    """SDR of a source in dB: what of the ``estimate`` a filter of 512 taps on the ``target`` explains, over the rest.

    Both ``(frames, channels)``; there is a filter between every two channels. It is that of version 3, over the whole
    item (`bss_eval_sources` of museval and mir_eval). NaN where either is silent.
    """
    if not (estimate.any() and target.any()):
        return math.nan
    taps = distortion_filter(estimate, target)
    explained = np.zeros((len(target) + TAPS - 1, target.shape[1]))
    for column in range(target.shape[1]):
        explained += fftconvolve(target[:, column, np.newaxis], taps[column], axes=0)
    rest = -explained
    rest[: len(estimate)] += estimate
    return _ratio(explained, rest)


def distortion_filter(estimate: Floats, target: Floats) -> Floats:
    """The filter ``(from, taps, to)`` that brings ``target`` nearest to ``estimate``, both ``(frames, channels)``."""
    channels = target.shape[1]
    size = scipy.fft.next_fast_len(len(target) + TAPS - 1, real=True)
    theirs, ours = (scipy.fft.rfft(signal, size, axis=0) for signal in (target, estimate))

    def correlation(one: npt.NDArray[np.complex128], other: npt.NDArray[np.complex128]) -> Floats:
        products: Floats = scipy.fft.irfft(one.conj() * other, size)
        return products

    blocks = [
        [_lags(correlation(theirs[:, column], theirs[:, row])) for column in range(channels)] for row in range(channels)
    ]
    matrix = np.block(blocks)
    wanted = np.concatenate(
        [
            np.stack([correlation(theirs[:, row], ours[:, to])[:TAPS] for to in range(channels)], axis=1)
            for row in range(channels)
        ]
    )
    matrix[np.diag_indices_from(matrix)] += max(_RIDGE * float(np.diag(matrix).max()), np.finfo(float).tiny)
    try:
        taps = solve(matrix, wanted, assume_a="pos")
    except LinAlgError:
        taps = lstsq(matrix, wanted)[0]
    filters: Floats = taps.reshape(channels, TAPS, channels)
    return filters


def _lags(correlation: Floats) -> Floats:
    """The matrix of ``correlation`` at lag column - row."""
    behind = np.concatenate([correlation[:1], correlation[:-TAPS:-1]])
    matrix: Floats = toeplitz(behind, correlation[:TAPS])
    return matrix


def _windows(targets: Floats, estimates: Floats, rate: int) -> list[tuple[Floats, Floats, bool]]:
    """Both, cut in whole seconds (an item shorter than one is one window), and whether everything sounds there."""
    frames = targets.shape[1]
    length = min(rate, frames)
    cut = []
    for start in range(0, frames - length + 1, length):
        trues, givens = (signals[:, start : start + length] for signals in (targets, estimates))
        sounding = all(signal.sum(axis=-1).any() for signal in (*trues, *givens))
        cut.append((trues, givens, sounding))
    return cut


def _ratio(signal: Floats, noise: Floats) -> float:
    with np.errstate(divide="ignore"):
        return float(10.0 * np.log10(np.float64(np.square(signal).sum()) / np.square(noise).sum()))


def as_images(*signals: Signal) -> Floats:
    """Signals ``(frames,)`` or ``(frames, channels)`` as ``(signals, frames, channels)`` in float64."""
    return np.stack([signal.reshape(len(signal), -1) for signal in signals]).astype(np.float64)
