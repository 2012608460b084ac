"""Networks made for other tasks name their sources differently: which of them is dialogue, which is music."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

DIALOGUE = frozenset({"speech", "vocals", "dialogue"})
MUSIC = frozenset({"music", "drums", "bass", "other"})


def dialogue_and_music(sources: Tensor, targets: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Sums of the ``sources (batch, targets, …)`` that are dialogue and of those that are music, each ``(batch, …)``.

    Sources that are neither belong to the effects.
    """
    return _sum(sources, targets, DIALOGUE), _sum(sources, targets, MUSIC)


def _sum(sources: Tensor, targets: Sequence[str], wanted: frozenset[str]) -> Tensor:
    chosen = [index for index, target in enumerate(targets) if target in wanted]
    return sources[:, chosen].sum(1) if chosen else torch.zeros_like(sources[:, 0])
