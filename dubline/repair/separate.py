"""A second pass of the separator over the event: what it finds goes, then what can still be voice is masked out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from dubline.audio.layout import Layout
from dubline.audio.wav import Block
from dubline.repair.candidate import MARGIN_DB, TARGET_DB, Candidate, background_kept, decibels, keeping
from dubline.repair.evidence import Evidence, excess, hidden, share, total
from dubline.repair.scene import Scene
from dubline.repair.subtract import LEAST_KEPT
from dubline.separation import engine
from dubline.separation.compute import Compute
from dubline.separation.network import Network

# What the separator finds it finds by magnitude and phase, but not better than this.
_INACCURACY = np.float32(10.0 ** (-10.0 / 10.0))
_TINY = np.float32(1e-12)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Sound in memory, as a source of the separator: ``samples`` (frames, channels)."""

    samples: Block
    rate: int
    layout: Layout

    @property
    def frames(self) -> int:
        return len(self.samples)

    def blocks(self, size: int = engine.READ_FRAMES, *, start: int = 0) -> Iterator[Block]:
        for at in range(start, self.frames, size):
            yield self.samples[at : at + size]


def dialogue_in(scene: Scene, network: Network, compute: Compute) -> Block:
    """What ``network`` takes for dialogue in the scene, heard with what is around it: (length, channels)."""
    samples = np.zeros((len(scene.heard), scene.layout.channels), dtype=np.float32)
    samples[:, list(scene.columns)] = scene.heard
    stems = engine.separate(_Piece(samples, scene.rate, scene.layout), network=network, compute=compute)
    found = np.concatenate([part.dx for part in stems])
    return found[scene.lead : scene.lead + scene.length, list(scene.columns)]


def separate(evidence: Evidence, rebuilt: Block) -> Candidate | None:
    """Take the separator's dialogue out, then mask as `subtract` does; None without it or with hardly anything left."""
    if evidence.dialogue is None:
        return None
    left = evidence.spectrum - evidence.dialogue
    remains = total(left)
    voice = np.minimum(excess(remains, evidence.background) + _INACCURACY * total(evidence.dialogue), remains)
    feared = hidden(np.minimum(voice, evidence.feared), remains)
    allowed = float(evidence.feared.sum(dtype=np.float64)) * 10.0 ** ((TARGET_DB - MARGIN_DB) / 10.0)
    mask = keeping(feared, remains, allowed)
    kept = background_kept(mask, remains, feared)
    if kept < LEAST_KEPT:
        return None
    grid = evidence.grid
    holes = (grid.transform(rebuilt) * np.sqrt(1.0 - np.square(mask))[:, None]).astype(np.complex64)
    # The same as one mask on the M&E, never above one: a bin is not made louder than it was.
    through = left / np.where(np.abs(evidence.spectrum) > _TINY, evidence.spectrum, 1.0)
    through = through / np.maximum(np.abs(through), 1.0)
    residual = decibels(share(np.square(mask) * feared, evidence.feared))
    return Candidate(
        "separation",
        (through * mask[:, None]).astype(np.complex64),
        grid.inverse(holes, evidence.length),
        residual,
        kept,
    )
