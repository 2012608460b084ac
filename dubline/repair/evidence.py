"""Where in time and frequency a voice can be, and how strong: what every removal is measured against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter

from dubline.audio.wav import Block
from dubline.repair.scene import Scene
from dubline.repair.spectra import Grid, Spectrum

# A residue of dialogue is no stronger than what the separator took out beside it ...
_MOST_LEFT = np.float32(2.0)
# ... but it may be its reverberation, which falls by this much in this time where a second is the room's RT60.
_LINGER_SECONDS = 0.3
_LINGER_DB = 18.0
# A stem further than 12 dB under the M&E holds leakage, not the voice that is to go.
_GUIDING = 10.0 ** (-12.0 / 10.0)
# Neighbors that share their fate: a single bin of noise says little about its level ...
_NOISE = (3, 3)
# ... and what is hidden under the background lies around what stands out of it (frames, bins).
_HIDDEN = (5, 9)
# Smooths the background's spectrum.
_BACKGROUND_BINS = 5
_TINY = np.float32(1e-20)


Power = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Of a `Scene`: its ``spectrum`` (frames, channels, bins), and powers (frames, bins) of all channels together.

    ``voice`` is what is surely voice in it, ``feared`` what can be, with what hides under the background; neither is
    more than there is. ``background`` (bins) is the mean power around the event; ``dialogue`` what a second pass of the
    separator takes for voice, as ``spectrum`` is, None without one.
    """

    grid: Grid
    length: int
    spectrum: Spectrum
    voice: Power
    feared: Power
    background: Power
    dialogue: Spectrum | None
    guided: bool

    @property
    def estimate(self) -> Block:
        """The voice itself, (length, channels), with as little background as a Wiener filter leaves in it."""
        gain = self.voice / np.maximum(self.heard, _TINY)
        return self.grid.inverse((self.spectrum * gain[:, None]).astype(np.complex64), self.length)

    @property
    def heard(self) -> Power:
        """Power of the M&E."""
        return total(self.spectrum)


def evidence_in(scene: Scene, dialogue: Block | None = None) -> Evidence:
    """What speaks for a voice in ``scene``: what stands out of the background and what a separator finds.

    ``dialogue`` (length, channels) is the separator's estimate. Where the DX stem sounds, only what it can have left
    behind is taken for voice. Spectral subtraction: Boll (1979).
    """
    grid = Grid(scene.rate)
    spectrum = grid.transform(scene.me)
    heard = total(spectrum)
    background = background_of(scene, grid)
    voice = excess(heard, background)
    found = grid.transform(dialogue) if dialogue is not None else None
    if found is not None:
        voice = np.maximum(voice, total(found))
    guided = _guided(scene)
    if guided:
        voice = np.minimum(voice, _lingering(scene, grid) * _MOST_LEFT)
    voice = np.minimum(voice, heard)
    return Evidence(grid, scene.length, spectrum, voice, hidden(voice, heard), background, found, guided)


def total(spectrum: Spectrum) -> Power:
    """Power of all channels together: (frames, channels, bins) -> (frames, bins).

    One mask for all channels keeps everything that is left in its place in the room.
    """
    square: Power = (np.square(spectrum.real) + np.square(spectrum.imag)).sum(axis=1)
    return square


def excess(heard: Power, background: Power) -> Power:
    """What of ``heard`` (frames, bins) stands out of ``background`` (bins), as its neighbors do."""
    standing = uniform_filter(heard, _NOISE)
    over: Power = heard * np.clip(1.0 - background / np.maximum(standing, _TINY), 0.0, 1.0)
    return over


def hidden(voice: Power, heard: Power) -> Power:
    """``voice`` with what of it lies under the background, bounded by what there is in ``heard``."""
    return np.minimum(np.maximum(voice, uniform_filter(voice, _HIDDEN)), heard)


def background_of(scene: Scene, grid: Grid) -> Power:
    """Mean power (bins) of what is around; zeros where nothing is."""
    around = [total(grid.transform(side)) for side in (scene.before, scene.after) if len(side)]
    if not around:
        return np.zeros(grid.window // 2 + 1, dtype=np.float32)
    mean: Power = uniform_filter(np.concatenate(around).mean(axis=0), _BACKGROUND_BINS)
    return mean


def share(part: npt.NDArray[np.floating], whole: npt.NDArray[np.floating]) -> float:
    """Sum over sum; 0 of nothing."""
    all_of_it = float(whole.sum(dtype=np.float64))
    return float(part.sum(dtype=np.float64)) / all_of_it if all_of_it > 0.0 else 0.0


def _guided(scene: Scene) -> bool:
    """Whether the stem sounds where the event is; a voice it does not have cannot be found with it."""
    if scene.stem is None:
        return False
    inside = scene.stem[scene.lead : scene.lead + scene.length]
    energy = float(np.square(inside, dtype=np.float64).sum())
    return energy > 0.0 and energy >= _GUIDING * float(np.square(scene.me, dtype=np.float64).sum())


def _lingering(scene: Scene, grid: Grid) -> Power:
    """The stem's power per frame and bin, each bin dying away as in a live room."""
    assert scene.stem is not None
    past = round(_LINGER_SECONDS * grid.rate / grid.hop)
    first = max(scene.lead - past * grid.hop, scene.lead % grid.hop)
    dying = total(grid.transform(scene.stem[first : scene.lead + scene.length]))
    # A bin's neighbors can have left as much behind as the bin itself.
    dying = np.maximum(dying, uniform_filter(dying, _NOISE))
    drop = np.float32(10.0 ** (-_LINGER_DB / 10.0 / past))
    for at in range(1, len(dying)):
        np.maximum(dying[at], dying[at - 1] * drop, out=dying[at])
    return dying[(scene.lead - first) // grid.hop :]
