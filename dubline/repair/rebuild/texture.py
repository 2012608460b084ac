"""Ambience: noise that has the spectrum, the levels and the place in the room of what is around the gap.

The background is modeled as a slowly varying Gaussian texture: per bin a spatial covariance (its spectrum and its
coherence between channels), per third of an octave a level that moves from what was before to what comes after.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dubline.audio.wav import Block
from dubline.repair.rebuild.gap import LONGEST_CONTEXT_SECONDS, Gap, chance
from dubline.repair.spectra import Grid, Spectrum

Floats = npt.NDArray[np.float64]
Complexes = npt.NDArray[np.complex128]

# The level next to the gap is believed for about this long; further inside, the level of the whole context.
NEAR_SECONDS = 0.5
# How much a frame of the context counts however far it is, against one next to the gap.
FAR_WEIGHT = 0.05
_BANDS_PER_OCTAVE = 3
_LOWEST_HZ = 50.0
_TINY = 1e-20


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The context in frames: ``spectrum`` (frames, channels, bins) and ``at`` (frames,), centers in samples.

    Sample 0 is the gap's first.
    """

    spectrum: Spectrum
    at: Floats


def synthesize(gap: Gap) -> Block:
    """A texture for the whole gap, (length, channels) float32; silence where the surroundings are silent."""
    if gap.silent or gap.length == 0:
        return np.zeros((gap.length, gap.channels), dtype=np.float32)
    grid = Grid(gap.rate)
    around = surroundings(gap, grid)
    bands = band_of_bin(grid)
    levels = _band_powers(around.spectrum, bands)
    noise = _white(gap, grid)
    at = (np.arange(len(noise)) + 1) * grid.hop - grid.window / 2
    gains = np.sqrt(_levels_inside(levels, around.at, at, gap.rate))[:, bands]
    shape = _root(_covariance(around.spectrum, levels[:, bands]))
    # (bins, channels, channels) on (frames, channels, bins)
    colored = np.einsum("bij,tjb->tib", shape, noise, optimize=True)
    return grid.synthesize((colored * gains[:, None, :]).astype(np.complex64), gap.length)


def surroundings(gap: Gap, grid: Grid) -> Surroundings:
    """Frames of what precedes and follows the gap, as many as fit; of a shorter context repeats of it."""
    longest = round(LONGEST_CONTEXT_SECONDS * gap.rate)
    before, after = gap.before[-longest:] if len(gap.before) else gap.before, gap.after[:longest]
    if max(len(before), len(after)) < grid.window:
        both = np.concatenate([before, after])
        before = np.take(both, np.arange(-2 * grid.window, 0), axis=0, mode="wrap")
    parts, places = [], []
    for samples, first in ((before, -len(before)), (after, gap.length)):
        skipped = len(samples) % grid.hop if first < 0 else 0
        if len(samples) >= grid.window + skipped:
            parts.append(_whole(samples[skipped:], grid))
            places.append(first + skipped + grid.window / 2 + grid.hop * np.arange(len(parts[-1])))
    return Surroundings(np.concatenate(parts), np.concatenate(places).astype(np.float64))


def band_of_bin(grid: Grid) -> npt.NDArray[np.intp]:
    """For every bin the number of its band, a third of an octave wide; what lies under 50 Hz is one band."""
    hertz = np.fft.rfftfreq(grid.window, 1.0 / grid.rate)
    thirds = np.floor(_BANDS_PER_OCTAVE * np.log2(np.maximum(hertz, _LOWEST_HZ) / _LOWEST_HZ)).astype(np.intp)
    return np.unique(thirds, return_inverse=True)[1].astype(np.intp)


def _band_powers(spectrum: Spectrum, bands: npt.NDArray[np.intp]) -> Floats:
    """Mean power per frame and band, over channels too: (frames, bands)."""
    power = np.square(np.abs(spectrum), dtype=np.float64).mean(axis=1)
    starts = np.flatnonzero(np.diff(bands, prepend=-1))
    summed: Floats = np.add.reduceat(power, starts, axis=1) / np.bincount(bands)
    return np.maximum(summed, _TINY)


def _levels_inside(levels: Floats, at: Floats, inside: Floats, rate: int) -> Floats:
    """Power per frame ``inside`` the gap and band, from that of the frames ``at``: nearby ones count most."""
    distance = np.abs(inside[:, None] - at) / rate
    weights = np.exp(-distance / NEAR_SECONDS) + FAR_WEIGHT
    weights /= weights.sum(axis=1, keepdims=True)
    # Over logarithms, so that one slam beside the gap is not smeared into it.
    middle = np.exp(weights @ np.log(levels))
    # What a mean of logarithms lacks of a mean of power.
    inner = np.exp(np.log(levels).mean(axis=0))
    inside_powers: Floats = middle * np.minimum(levels.mean(axis=0) / inner, 4.0)
    return inside_powers


def _covariance(spectrum: Spectrum, levels: Floats) -> Complexes:
    """Spatial covariance per bin of what has power one in every band, (bins, channels, channels)."""
    even = spectrum / np.sqrt(levels)[:, None, :]
    covariance: Complexes = np.einsum("tib,tjb->bij", even, even.conj(), optimize=True) / len(spectrum)
    return covariance


def _root(covariance: Complexes) -> Complexes:
    """The Hermitian square root of each matrix."""
    values, vectors = np.linalg.eigh(covariance)
    root: Complexes = (vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :]) @ vectors.conj().swapaxes(1, 2)
    return root


def _whole(samples: Block, grid: Grid) -> Spectrum:
    """The frames that no silence around ``samples`` reaches into; the first begins with them."""
    return grid.analyze(samples)[grid.window // grid.hop - 1 : len(samples) // grid.hop]


def _white(gap: Gap, grid: Grid) -> Complexes:
    """Spectrum of independent noise per channel, of power one in every bin: (frames, channels, bins)."""
    margin = grid.window
    samples = chance(gap).standard_normal((gap.length + 2 * margin, gap.channels)).astype(np.float32)
    first = margin // grid.hop
    noise = grid.analyze(samples)[first : first + len(grid.analyze(samples[: gap.length]))]
    scaled: Complexes = noise / np.sqrt(np.square(np.abs(noise), dtype=np.float64).mean())
    return scaled
