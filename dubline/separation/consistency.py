"""Three stems that were estimated apart, made to add up to the mix."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from dubline.separation.network import Estimate
from dubline.separation.targets import dialogue_and_music


def consistent(mix: Tensor, sources: Tensor, targets: Sequence[str]) -> Estimate:
    """Dialogue and music of ``sources (batch, targets, channels, samples)`` beside effects, for ``mix`` of one source.

    What the sources leave of the mix is given to music and effects in equal parts. Of all pairs that add up to the mix
    less the dialogue, that one is nearest to the two estimates (least squares), and the dialogue stays as estimated.
    """
    dialogue, music = dialogue_and_music(sources, targets)
    return Estimate(dialogue, music + (mix - sources.sum(1)) / 2)
