"""What a method of removal offers for a scene, and what becomes of the scene with it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dubline.audio.wav import Block
from dubline.repair.evidence import Power, share
from dubline.repair.scene import Scene
from dubline.repair.spectra import Grid

Mask = npt.NDArray[np.complex64] | npt.NDArray[np.float32]

# Residual voice energy under what it was: the goal of every removal ...
TARGET_DB = -25.0
# ... for which an estimate has to lie further down: what hides under the background is guessed too low. Measured on
# known voices at -12 to +6 dB over ambience and music, where -45 dB by estimate were -25 to -30 dB in truth.
MARGIN_DB = 20.0
# Silence stands for this much.
_LOWEST_DB = -120.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to clean a scene.

    ``mask`` (frames, 1 or channels, bins) is what of the M&E stays, None for nothing at all; ``fill`` (length,
    channels) is rebuilt background for what goes. ``residual_db`` is the voice's energy left of what it was,
    ``kept`` the share of the background that stays, both estimated.
    """

    method: str
    mask: Mask | None
    fill: Block
    residual_db: float
    kept: float


def staying(scene: Scene, candidate: Candidate, sound: Block) -> Block:
    """What of ``sound`` (length, channels), the M&E or a part of it, stays in the scene; nothing is filled in yet."""
    if candidate.mask is None:
        return sound * (1.0 - reach(scene))
    grid = Grid(scene.rate)
    spectrum = (grid.transform(sound) * candidate.mask).astype(np.complex64)
    return sound + scene.weight * (grid.inverse(spectrum, len(sound)) - sound)


def filled(scene: Scene, candidate: Candidate) -> tuple[Block, Block]:
    """The M&E that stays, and the fill in its place, each (length, channels)."""
    stays = staying(scene, candidate, scene.me)
    out = 1.0 - (reach(scene) if candidate.mask is None else scene.weight)
    # Power of the background and of the unrelated fill stays one through the fade.
    return stays, candidate.fill * np.sqrt(1.0 - np.square(out))


def reach(scene: Scene) -> Block:
    """How far a full replacement reaches, 0 to 1: to the region's ends where the rebuilt sound joins what is there."""
    if not all(set(removal.columns) == set(scene.columns) for removal in scene.removals):
        return scene.weight
    joined = scene.weight.copy()
    middle = scene.length // 2
    for touches, half in zip(scene.touches, (slice(0, middle), slice(middle, None)), strict=True):
        if touches:
            joined[half] = 1.0
    return joined


def decibels(ratio: float) -> float:
    """Of two energies."""
    return 10.0 * math.log10(max(ratio, 10.0 ** (_LOWEST_DB / 10.0)))


def keeping(feared: Power, heard: Power, allowed: float) -> Power:
    """A mask (frames, bins) of ones and zeros: as much of ``heard`` as leaves ``allowed`` of the ``feared`` power.

    Bins go in the order of how much of them can be voice.
    """
    ratio = (feared / np.maximum(heard, np.float32(1e-20))).ravel()
    order = np.argsort(ratio, kind="stable")
    left = np.cumsum(feared.ravel()[order], dtype=np.float64)
    mask = np.zeros(ratio.shape, dtype=np.float32)
    mask[order[: int(np.searchsorted(left, allowed, side="right"))]] = 1.0
    return mask.reshape(feared.shape)


def background_kept(mask: Power, heard: Power, feared: Power) -> float:
    """The share of what in ``heard`` is not ``feared`` to be voice that ``mask`` leaves; all (frames, bins)."""
    background = heard - feared
    return share(np.square(mask) * background, background)
