"""Music that does not repeat itself: its partials carried on through the gap, in phase at either end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import median_filter

from dubline.audio.wav import Block
from dubline.repair.rebuild.frames import Floats
from dubline.repair.rebuild.gap import Gap

Complexes = npt.NDArray[np.complex128]

# Long enough to part the notes of a chord.
WINDOW_SECONDS = 0.085
MOST_PARTIALS = 60
# A partial stands out of its surroundings by this much, and is at most this far under the loudest.
STANDS_OUT_DB = 12.0
RANGE_DB = 50.0
_AROUND_BINS = 31
# The same partial on both sides of the gap: half a semitone.
SAME_PITCH = 0.03
# A partial that only one side has dies away in this time at the latest.
LINGER_SECONDS = 0.4


@dataclass(frozen=True, slots=True)
class Partials:
    """``pitch`` (partials,) in radians a sample, ``amplitude`` (partials, channels) complex at the gap's edge.

    ``decay`` (partials,) is what the logarithm of the amplitude loses per sample on the way into the gap; ``share`` of
    the power beside the gap that they make, 0 to 1.
    """

    pitch: Floats
    amplitude: Complexes
    decay: Floats
    share: float


def partials_of(side: Block, rate: int) -> Partials:
    """Of the sound just before its end, (n, channels); none where it is too short to tell."""
    window = 1 << round(np.log2(WINDOW_SECONDS * rate))
    hop = window // 4
    none = Partials(np.zeros(0), np.zeros((0, side.shape[1]), np.complex128), np.zeros(0), 0.0)
    if len(side) < window + hop or not side[-window:].any():
        return none
    taper = np.hanning(window + 1)[:-1, None]
    earlier, later = (np.fft.rfft(taper * part, axis=0) for part in (side[-window - hop : -hop], side[-window:]))
    peaks = _peaks(np.square(np.abs(earlier)).sum(axis=1), np.square(np.abs(later)).sum(axis=1))
    # The phase a bin gains from one window to the next tells its pitch (Flanagan, Golden 1966).
    loudest = np.abs(later[peaks]).argmax(axis=1)
    center = 2.0 * np.pi * peaks / window
    gained = np.angle(later[peaks, loudest] * earlier[peaks, loudest].conj()) - center * hop
    pitch = center + (np.mod(gained + np.pi, 2.0 * np.pi) - np.pi) / hop
    pitch = pitch[np.abs(pitch - center) < 2.0 * np.pi / window]
    if not len(pitch):
        return none
    half = window // 2
    now, past = _fit(side[-half:], pitch, 0), _fit(side[-window:-half], pitch, -half)
    decay = np.maximum(np.log(_size(past) / _size(now)), 0.0) / half
    # Fitted in the middle of half a window.
    amplitude = now * np.exp(-decay * half / 2)[:, None]
    made = np.real(np.exp(1j * np.outer(np.arange(-half, 0), pitch)) @ now)
    left = np.square(side[-half:] - made).sum() / np.square(side[-half:], dtype=np.float64).sum()
    return Partials(pitch, amplitude, decay, float(np.clip(1.0 - left, 0.0, 1.0)))


def carry_on(gap: Gap, before: Partials, after: Partials) -> Block:
    """The partials inside the gap, (length, channels); ``after`` is of what follows, heard backwards.

    One that both sides have moves from its phase and pitch before to those after along the cubic of McAulay, Quatieri
    (1986); one that only one side has dies away.
    """
    at = np.arange(gap.length, dtype=np.float64)
    out = np.zeros((gap.length, gap.channels))
    pairs = _pairs(before.pitch, after.pitch)
    for one, other in pairs:
        out += _joined(before, one, after, other, gap.length)
    length = min(gap.length, round(LINGER_SECONDS * gap.rate))
    fade = np.square(np.cos(np.minimum(at / length, 1.0) * (np.pi / 2)))
    for partials, alone, way in ((before, 0, slice(None)), (after, 1, slice(None, None, -1))):
        lonely = [which for which in range(len(partials.pitch)) if which not in {pair[alone] for pair in pairs}]
        for which in lonely:
            turn = np.exp((1j * partials.pitch[which] - partials.decay[which]) * at) * fade
            out[way] += np.real(turn[:, None] * partials.amplitude[which])
    return out.astype(np.float32)


def _peaks(earlier: Floats, later: Floats) -> npt.NDArray[np.intp]:
    """Bins that stand out in both spectra, the strongest ones."""
    decibels = 10.0 * np.log10(later + 1e-20)
    inner = decibels[1:-1]
    top = np.flatnonzero((inner > decibels[:-2]) & (inner >= decibels[2:])) + 1
    before = 10.0 * np.log10(earlier + 1e-20)
    floor = median_filter(decibels, _AROUND_BINS, mode="nearest") + STANDS_OUT_DB
    steady = np.maximum(np.maximum(before[top - 1], before[top]), before[top + 1]) > floor[top]
    chosen = top[steady & (decibels[top] > floor[top]) & (decibels[top] > decibels.max() - RANGE_DB)]
    strongest: npt.NDArray[np.intp] = np.sort(chosen[np.argsort(decibels[chosen])[::-1][:MOST_PARTIALS]])
    return strongest


def _fit(samples: Block, pitch: Floats, end: int) -> Complexes:
    """Least squares amplitudes (partials, channels), their phase at sample 0; ``samples`` end before ``end``."""
    turns = np.outer(np.arange(end - len(samples), end), pitch)
    basis = np.hstack([np.cos(turns), -np.sin(turns)])
    solved = np.linalg.lstsq(basis, samples.astype(np.float64), rcond=1e-6)[0]
    fitted: Complexes = solved[: len(pitch)] + 1j * solved[len(pitch) :]
    return fitted


def _size(amplitude: Complexes) -> Floats:
    size: Floats = np.sqrt(np.square(np.abs(amplitude)).sum(axis=1)) + 1e-12
    return size


def _pairs(before: Floats, after: Floats) -> list[tuple[int, int]]:
    """Partials of nearly the same pitch, each in one pair at most, the nearest first."""
    apart = np.abs(before[:, None] - after) / np.maximum(before[:, None], 1e-9)
    pairs: list[tuple[int, int]] = []
    for one, other in zip(*np.unravel_index(np.argsort(apart, axis=None), apart.shape), strict=True):
        if apart[one, other] > SAME_PITCH:
            break
        if all(one != used and other != taken for used, taken in pairs):
            pairs.append((int(one), int(other)))
    return pairs


def _joined(before: Partials, one: int, after: Partials, other: int, length: int) -> Floats:
    """A partial with its ends tied to both sides, (length, channels)."""
    # Heard backwards, a phase turns the other way; its sample 0 is the gap's last.
    start, end = before.amplitude[one], after.amplitude[other].conj()
    loudest = int(np.argmax(np.abs(start) + np.abs(end)))
    last = max(length - 1, 1)
    low, high = before.pitch[one], after.pitch[other]
    first, wanted = np.angle(start[loudest]), np.angle(end[loudest])
    turns = np.round((first + (low + high) / 2.0 * last - wanted) / (2.0 * np.pi))
    missing = wanted + 2.0 * np.pi * turns - first - low * last
    square = 3.0 * missing / last**2 - (high - low) / last
    cube = -2.0 * missing / last**3 + (high - low) / last**2
    at = np.arange(length, dtype=np.float64)
    phase = first + low * at + square * at**2 + cube * at**3
    share = (at / last)[:, None]
    place = (1.0 - share) * start * np.exp(-1j * first) + share * end * np.exp(-1j * wanted)
    sound: Floats = np.real(place * np.exp(1j * phase)[:, None])
    return sound
