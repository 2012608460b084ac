"""The K-weighting filter (ITU-R BS.1770-4, Annex 1): a high shelf for the head, then a high-pass.

The standard tabulates the two biquads at 48 kHz only. Every other rate gets the same analog prototype,
found back from those tables (De Man, *Evaluation of implementations of the EBU R128 loudness measurement*,
AES 145, 2018) and mapped by the bilinear transform again.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

# BS.1770-4 Annex 1, tables 1 and 2: b0 b1 b2 a0 a1 a2 at 48 kHz.
_STANDARD_RATE = 48_000
_STANDARD_SECTIONS = (
    (1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585),
    (1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621),
)

# The prototype of the tables: corner (Hz), quality, and the shelf's gain at high frequency and at the corner.
_SHELF_HZ, _SHELF_Q = 1681.974450955533, 0.7071752369554196
_SHELF_GAIN = 10 ** (3.999843853973347 / 20)
_SHELF_CORNER_GAIN = _SHELF_GAIN**0.4996667741545416
_PASS_HZ, _PASS_Q = 38.13547087602444, 0.5003270373238773


def sections(rate: int) -> npt.NDArray[np.float64]:
    """Second-order sections ``(2, 6)`` of the K-weighting at ``rate`` Hz, in the order scipy's ``sosfilt`` takes."""
    if rate == _STANDARD_RATE:
        return np.array(_STANDARD_SECTIONS)
    return np.array([_shelf(rate), _high_pass(rate)])


def _shelf(rate: int) -> list[float]:
    warped = math.tan(math.pi * _SHELF_HZ / rate)
    damping, square = warped / _SHELF_Q, warped * warped
    scale = 1 + damping + square
    return [
        (_SHELF_GAIN + _SHELF_CORNER_GAIN * damping + square) / scale,
        2 * (square - _SHELF_GAIN) / scale,
        (_SHELF_GAIN - _SHELF_CORNER_GAIN * damping + square) / scale,
        1.0,
        2 * (square - 1) / scale,
        (1 - damping + square) / scale,
    ]


def _high_pass(rate: int) -> list[float]:
    warped = math.tan(math.pi * _PASS_HZ / rate)
    damping, square = warped / _PASS_Q, warped * warped
    scale = _pass_scale(rate)
    # The table leaves the numerator at 1 -2 1, a gain of `_pass_scale(48000)` above the corner (0.04 dB).
    # That gain belongs to the measure and must not change with the rate.
    gain = _pass_scale(_STANDARD_RATE) / scale
    return [gain, -2 * gain, gain, 1.0, 2 * (square - 1) / scale, (1 - damping + square) / scale]


def _pass_scale(rate: int) -> float:
    warped = math.tan(math.pi * _PASS_HZ / rate)
    return 1 + warped / _PASS_Q + warped * warped
