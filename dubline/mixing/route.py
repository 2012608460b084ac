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

# Silence that went through a resampler is not zero to the last bit; -120 dBFS is under the noise of 20-bit sound.
SILENT_PEAK = 1e-6

_OTHER_SURROUND = {"SL": "BL", "BL": "SL", "SR": "BR", "BR": "SR"}
_FRONT = ("FL", "FR")


@dataclass(frozen=True, slots=True)
class Routing:
    """``gains[i][j]``: what dub channel ``i`` gives to mix channel ``j``; ``name`` says it in words.

    Channels that go nowhere must be silent: `refuse_lost`.
    """

    name: str
    gains: tuple[tuple[float, ...], ...]
    dub: Layout
    mix: Layout

    def apply(self, block: Block) -> Block:
        """``block`` (n, dub channels) -> (n, mix channels) float32."""
        routed: Block = block @ np.array(self.gains, dtype=np.float32)
        return routed

    def refuse_lost(self, block: Block, *, where: str) -> None:
        """Raises `BadInput` where ``block`` (n, dub channels) has sound in a channel that goes nowhere."""
        for column, gains in enumerate(self.gains):
            if not any(gains) and np.abs(block[:, column]).max(initial=0.0) > SILENT_PEAK:
                raise BadInput(
                    f"{self.dub.tags[column]} of a {self.dub.name} dub has no place in a {self.mix.name} mix",
                    where,
                    f"leave that channel silent, or deliver the dub in {self.mix.name}",
                )


def route(dub: Layout, mix: Layout) -> Routing:
    """How a dub of layout ``dub`` goes onto a mix of layout ``mix``.

    A channel goes to its own tag. One without it is folded as ITU-R BS.775 folds it, 3.01 dB down: the center to
    front left and right, fronts to the center, surrounds to the other pair, else to the front of their side (onto a
    mono mix 6.02 dB down); a lone pair of surrounds goes to the pair the mix has as it is. An LFE or a height
    channel that the mix lacks goes nowhere.
    """
    targets = [_targets(tag, dub, mix) for tag in dub.tags]
    gains = tuple(tuple(found.get(tag, 0.0) for tag in mix.tags) for found in targets)
    return Routing(_name(dub, mix), gains, dub, mix)


def _targets(tag: str, dub: Layout, mix: Layout) -> dict[str, float]:
    if tag in mix.tags:
        return {tag: 1.0}
    if tag == "FC" and set(_FRONT) <= set(mix.tags):
        return dict.fromkeys(_FRONT, EQUAL_POWER)
    if tag in _FRONT and mix.tags == ("FC",):
        return {"FC": EQUAL_POWER}
    if tag not in _OTHER_SURROUND:
        return {}
    other, front = _OTHER_SURROUND[tag], f"F{tag[1]}"
    if other in mix.tags:
        return {other: EQUAL_POWER if other in dub.tags else 1.0}
    folded = {front: EQUAL_POWER} if front in mix.tags else {"FC": EQUAL_POWER**2}
    return {to: gain for to, gain in folded.items() if to in mix.tags}


def _name(dub: Layout, mix: Layout) -> str:
    if mix.tags == ("FC",):
        return "center" if dub.tags == ("FC",) else "fold to mono"
    if dub.tags == ("FC",):
        return "center" if "FC" in mix.tags else "phantom center"
    folded = {tag for tag in dub.tags if tag in _OTHER_SURROUND and not {tag, _OTHER_SURROUND[tag]} & set(mix.tags)}
    crowded = {
        tag for tag in dub.tags if tag in _OTHER_SURROUND and tag not in mix.tags and _OTHER_SURROUND[tag] in dub.tags
    }
    words = ["by tag"]
    words += ["phantom center"] if "FC" in dub.tags and "FC" not in mix.tags else []
    words += ["surrounds folded"] if folded | crowded else []
    return ", ".join(words)
