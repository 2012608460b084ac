"""What masks reach that know the sources: the bounds beside which a network's figures stand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dubline.quality.ratios import Floats, Signal
from dubline.quality.spectra import Spectrum, spectrum, waveform

# Against 0 / 0 in bins where nothing sounds, as a power.
_FLOOR = 1e-20


def ideal_ratio(source: Spectrum, rest: Spectrum) -> Floats:
    """The ideal ratio mask: root of the share of power; Wang, Narayanan and Wang (2014), equation 3."""
    return np.sqrt(ideal_wiener(source, rest))


def ideal_wiener(source: Spectrum, rest: Spectrum) -> Floats:
    """The share of power: what Strauss et al. (2021) call the ideal ratio mask with an exponent of 2."""
    ours, theirs = (np.square(np.abs(bins)) for bins in (source, rest))
    share: Floats = ours / (ours + theirs + _FLOOR)
    return share


def phase_sensitive(source: Spectrum, rest: Spectrum) -> Floats:
    """The phase-sensitive mask, no more than one and no less than none; Erdogan et al. (2015), equation 6."""
    mix = source + rest
    share: Floats = (source * mix.conj()).real / (np.square(np.abs(mix)) + _FLOOR)
    return np.clip(share, 0.0, 1.0)


Mask = Callable[[Spectrum, Spectrum], Floats]
ORACLES: dict[str, Mask] = {"irm": ideal_ratio, "irm-wiener": ideal_wiener, "psm": phase_sensitive}


def masked(source: Signal, rest: Signal, mask: Mask, rate: int) -> Floats:
    """``source`` out of its sum with ``rest`` by ``mask``, all ``(frames, channels)``, channel by channel."""
    columns = []
    for one, other in zip(source.T, rest.T, strict=True):
        ours, theirs = spectrum(one, rate), spectrum(other, rate)
        columns.append(waveform(mask(ours, theirs) * (ours + theirs), rate, len(one)))
    return np.concatenate(columns, axis=1)
