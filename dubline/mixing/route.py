"""Which loudspeakers of the mix a dub's channels go to: by tag, mono to the center or to the phantom center."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dubline.audio.layout import Layout
from dubline.audio.wav import Block
from dubline.errors import BadInput

# 3.01 dB down per side: two loudspeakers then radiate the power of one, which BS.1770 counts as equally loud, and
# ITU-R BS.775 gives the center of a downmix the same factor. (6 dB would sum to one only in the middle seat.)
EQUAL_POWER = math.sqrt(0.5)

_OTHER_SURROUND = {"SL": "BL", "BL": "SL", "SR": "BR", "BR": "SR"}
_FRONT = ("FL", "FR")


@dataclass(frozen=True, slots=True)
class Routing:
    """``gains[i][j]``: what dub channel ``i`` gives to mix channel ``j``; ``name`` says it in words."""

    name: str
    gains: tuple[tuple[float, ...], ...]

    def apply(self, block: Block) -> Block:
        """``block`` (n, dub channels) -> (n, mix channels) float32."""
        routed: Block = block @ np.array(self.gains, dtype=np.float32)
        return routed


def route(dub: Layout, mix: Layout, *, where: str = "dub") -> Routing:
    """How a dub of layout ``dub`` goes onto a mix of layout ``mix``.

    A channel goes to its own tag; a center without one to front left and right, fronts onto a mono mix to the
    center, both 3.01 dB down; a lone pair of surrounds to the pair the mix has. Raises `BadInput` for a channel
    that has nowhere to go.
    """
    targets = [_targets(tag, dub, mix) for tag in dub.tags]
    homeless = [tag for tag, found in zip(dub.tags, targets, strict=True) if not found]
    if homeless:
        raise BadInput(
            f"{'+'.join(homeless)} of a {dub.name} dub has no place in a {mix.name} mix",
            where,
            f"deliver the dub in mono, stereo or {mix.name}",
        )
    gains = tuple(tuple(found.get(tag, 0.0) for tag in mix.tags) for found in targets)
    return Routing(_name(dub, mix), gains)


def _targets(tag: str, dub: Layout, mix: Layout) -> dict[str, float]:
    if tag in mix.tags:
        return {tag: 1.0}
    if tag == "FC" and set(_FRONT) <= set(mix.tags):
        return dict.fromkeys(_FRONT, EQUAL_POWER)
    if tag in _FRONT and mix.tags == ("FC",):
        return {"FC": EQUAL_POWER}
    other = _OTHER_SURROUND.get(tag)
    if other in mix.tags and other not in dub.tags:
        return {other: 1.0}
    return {}


def _name(dub: Layout, mix: Layout) -> str:
    if "FC" in dub.tags and "FC" not in mix.tags:
        return "phantom center" if dub.channels == 1 else "by tag, phantom center"
    if dub.tags == ("FC",):
        return "center"
    return "fold to mono" if mix.tags == ("FC",) else "by tag"
