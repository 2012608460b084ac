"""Ambience: noise that has the spectrum, the levels and the place in the room of what is around the gap.

The background is modeled as a slowly varying texture: per bin a spatial covariance (its spectrum and its coherence
between channels), per third of an octave a level that moves from what was before to what comes after, and what stands
out of that level now and then: crackles, gusts, drops.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dubline.audio.wav import Block
from dubline.repair.rebuild.frames import Floats, Frames, Spectrum
from dubline.repair.rebuild.gap import LONGEST_CONTEXT_SECONDS, Gap, chance

Bands = npt.NDArray[np.intp]
Complexes = npt.NDArray[np.complex128]

# The level beside the gap holds for about this long; further inside, more and more of the context counts.
NEAR_SECONDS = 0.2
# How much a frame of the context counts however far it is, against one next to the gap.
FAR_WEIGHT = 0.005
# Noise fluctuates from bin to bin and frame to frame, every realization its own way; of all that have the same mean
# spectrum the one that fluctuates least is nearest to any other. Griffin, Lim (1984), so many times.
_SMOOTHINGS = 2
_BANDS_PER_OCTAVE = 3
_LOWEST_HZ = 50.0
# What is beside the gap when it is asked how restless it is there.
BESIDE_SECONDS = 0.5
# Power under which a bin says nothing.
_SILENCE = 1e-10
# Levels are estimates: a tone takes twice its power out of the texture, so that no noise is left around it.
_OVERSUBTRACTION = 2.0
_FEWEST_FRAMES = 8
_BISECTIONS = 20
# Of few frames some direction may be all but empty: it is not blown up.
_LEAST_VALUE = 0.05
_TINY = 1e-20


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The context in frames: ``spectrum`` (frames, channels, bins) and ``at`` (frames,), centers in samples.

    Sample 0 is the gap's first.
    """

    spectrum: Spectrum
    at: Floats


def synthesize(gap: Gap, tones: Block | None = None) -> Block:
    """A texture for the whole gap, (length, channels) float32; silence where the surroundings are silent.

    What ``tones`` (length, channels) has already is left out, so that both together have the levels around the gap.
    """
    if gap.silent or gap.length == 0:
        return np.zeros((gap.length, gap.channels), dtype=np.float32)
    frames = Frames.at_rate(gap.rate)
    around = surroundings(gap, frames)
    bands = band_of_bin(frames, gap.rate)
    levels = band_powers(around.spectrum, bands)
    shape = _root(_covariance(around.spectrum, levels[:, bands]))
    lead = frames.window - frames.hop
    noise = _white(gap, frames, lead + gap.length + lead, bands)
    at = (np.arange(len(noise)) * frames.hop + frames.window / 2 - lead).astype(np.float64)
    usual = levels_inside(levels, around.at, at, gap.rate)
    gains = np.sqrt(usual * standing_out(levels, around.at, usual))
    # (bins, channels, channels) on (frames, channels, bins)
    colored = np.einsum("bij,tjb->tib", shape, noise, optimize=True)
    colored *= gains[:, None, bands].astype(np.float32)
    if tones is not None:
        expected = np.square(np.abs(shape)).sum(axis=2).T * np.square(gains)[:, None, bands]
        there = _powers_of(tones, frames, len(noise))
        colored *= np.sqrt(np.clip(1.0 - _OVERSUBTRACTION * there / np.maximum(expected, _TINY), 0.0, 1.0)).astype(
            np.float32
        )
    return frames.synthesize(colored)[lead : lead + gap.length]


def restlessness(gap: Gap) -> float:
    """How far the frames beside the gap are from their mean spectrum, root mean square over frames and bins in dB.

    It is 5.6 for steady noise of any color, and the larger the more is going on.
    """
    frames = Frames.at_rate(gap.rate)
    around = surroundings(gap, frames)
    power = np.square(np.abs(around.spectrum), dtype=np.float64).mean(axis=1) / (frames.window / 2)
    near = np.abs(around.at - np.clip(around.at, 0.0, gap.length)) < BESIDE_SECONDS * gap.rate
    decibels = 10.0 * np.log10(power[near] + _SILENCE)
    return float(np.sqrt(np.square(decibels - decibels.mean(axis=0)).mean()))


def surroundings(gap: Gap, frames: Frames) -> Surroundings:
    """Frames of what precedes and follows the gap, as many as fit; of a shorter context repeats of it."""
    longest = round(LONGEST_CONTEXT_SECONDS * gap.rate)
    before, after = gap.before[max(len(gap.before) - longest, 0) :], gap.after[:longest]
    if max(len(before), len(after)) < frames.window:
        both = np.concatenate([before, after])
        before, after = np.take(both, np.arange(-2 * frames.window, 0), axis=0, mode="wrap"), after[:0]
    parts, places = [], []
    # What precedes is framed up to the gap, what follows from it on.
    for samples, first in (
        (before[len(before) % frames.hop :], -(len(before) // frames.hop * frames.hop)),
        (after, gap.length),
    ):
        if len(samples) >= frames.window:
            parts.append(frames.analyze(samples))
            places.append(first + frames.window / 2 + frames.hop * np.arange(len(parts[-1])))
    return Surroundings(np.concatenate(parts), np.concatenate(places).astype(np.float64))


def band_of_bin(frames: Frames, rate: int) -> Bands:
    """For every bin the number of its band, a third of an octave wide; what lies under 50 Hz is one band."""
    hertz = np.fft.rfftfreq(frames.window, 1.0 / rate)
    thirds = np.floor(_BANDS_PER_OCTAVE * np.log2(np.maximum(hertz, _LOWEST_HZ) / _LOWEST_HZ))
    return np.unique(thirds, return_inverse=True)[1].astype(np.intp)


def band_powers(spectrum: Spectrum, bands: Bands) -> Floats:
    """Mean power per frame and band, over channels too: (frames, bands)."""
    power = np.square(np.abs(spectrum), dtype=np.float64).mean(axis=1)
    starts = np.flatnonzero(np.diff(bands, prepend=-1))
    summed: Floats = np.add.reduceat(power, starts, axis=1) / np.bincount(bands)
    return np.maximum(summed, _TINY)


def levels_inside(levels: Floats, at: Floats, inside: Floats, rate: int) -> Floats:
    """Usual power per frame ``inside`` the gap and band, from that of the frames ``at``: nearby ones count most.

    A mean of logarithms: one slam beside the gap is not smeared into it.
    """
    distance = np.abs(inside[:, None] - at) / rate
    weights = np.exp(-distance / NEAR_SECONDS) + FAR_WEIGHT
    weights /= weights.sum(axis=1, keepdims=True)
    powers: Floats = np.exp(weights @ np.log(levels))
    return powers


def standing_out(levels: Floats, at: Floats, usual: Floats) -> Floats:
    """Power over the ``usual`` one (frames inside, bands), at least 1: as often and as much as in the context.

    Taken from one stretch of the context, all bands together, that has as much of it as such stretches mostly have;
    of that only the highest, since it must make up the whole difference between the usual power and the mean.
    """
    count, split = len(usual), int(np.searchsorted(at, 0.0))
    sides = [np.log(side) for side in (levels[:split], levels[split:]) if len(side) >= _FEWEST_FRAMES]
    if not sides:
        return np.ones_like(usual)
    stretches = [
        side[first : first + count]
        for side in sides
        for first in range(0, max(len(side) - count, 0) + 1, max(count // 4, 1))
    ]
    excess = np.array([np.log(np.exp(stretch).mean(axis=0)) - stretch.mean(axis=0) for stretch in stretches])
    wanted = np.median(excess, axis=0)
    chosen = stretches[int(np.square(excess - wanted).sum(axis=1).argmin())]
    over = np.take(chosen - chosen.mean(axis=0), np.arange(count), axis=0, mode="wrap")
    low, high = np.zeros(len(wanted)), np.maximum(over.max(axis=0), 0.0)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        powers = (usual * np.exp(np.maximum(over - middle, 0.0))).mean(axis=0)
        enough = powers > usual.mean(axis=0) * np.exp(wanted)
        low, high = np.where(enough, middle, low), np.where(enough, high, middle)
    out: Floats = np.exp(np.maximum(over - high, 0.0))
    return out


def _covariance(spectrum: Spectrum, levels: Floats) -> Complexes:
    """Spatial covariance per bin of what has power one in every band, (bins, channels, channels)."""
    even = spectrum / np.sqrt(levels)[:, None, :]
    covariance: Complexes = np.einsum("tib,tjb->bij", even, even.conj(), optimize=True) / len(spectrum)
    return covariance


def _root(covariance: Complexes) -> Spectrum:
    """The Hermitian square root of each matrix."""
    values, vectors = np.linalg.eigh(covariance)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :]) @ vectors.conj().swapaxes(1, 2)
    narrow: Spectrum = root.astype(np.complex64)
    return narrow


def _powers_of(tones: Block, frames: Frames, count: int) -> Floats:
    """Of ``count`` frames over the gap, (count, channels, bins); those that reach out of it are as their neighbors."""
    lead = frames.window - frames.hop
    padded = np.pad(tones, ((lead, lead + -len(tones) % frames.hop), (0, 0)))
    powers: Floats = np.square(np.abs(frames.analyze(padded)), dtype=np.float64)[:count]
    first, last = lead // frames.hop, len(tones) // frames.hop - 1
    return powers[np.clip(np.arange(count), first, last)] if last >= first else powers


def _white(gap: Gap, frames: Frames, length: int, bands: Bands) -> Spectrum:
    """Frames over ``length`` samples of noise that fluctuates little: (frames, channels, bins).

    Over all of them every band has power one in every channel, and no channel has anything of another: the sample is
    what the model is in the mean, as far as it is long enough.
    """
    samples = chance(gap).standard_normal((length + -length % frames.hop, gap.channels)).astype(np.float32)
    noise = frames.analyze(samples)
    for _ in range(_SMOOTHINGS):
        flat = (noise / np.maximum(np.abs(noise), _TINY)).astype(np.complex64)
        noise = frames.analyze(frames.synthesize(flat))
    out = np.empty_like(noise)
    starts = np.flatnonzero(np.diff(bands, prepend=-1))
    for first, last in zip(starts, [*starts[1:], len(bands)], strict=True):
        part = noise[:, :, first:last]
        covariance = np.einsum("tib,tjb->ij", part, part.conj()) / (len(part) * (last - first))
        values, vectors = np.linalg.eigh(covariance)
        even = (vectors / np.sqrt(np.maximum(values, _LEAST_VALUE * values.max()))) @ vectors.conj().T
        out[:, :, first:last] = np.einsum("ij,tjb->tib", even, part)
    return out
