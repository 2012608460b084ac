"""Where a voice is listened for: in the center, in each left/right pair, or in all of the front."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dubline.audio.layout import Layout
from dubline.audio.wav import Block


@dataclass(frozen=True, slots=True)
class Group:
    """Channels that carry one scene together: their layout tags and their columns in a block."""

    tags: tuple[str, ...]
    columns: tuple[int, ...]


def groups_of(layout: Layout) -> tuple[Group, ...]:
    """Center first, then front, side, back and upper pairs, as far as the layout has them; the LFE is in none."""
    center: tuple[tuple[int, ...], ...] = ((layout.center,),) if layout.center is not None else ()
    columns = (*center, *layout.pairs)
    return tuple(Group(tuple(layout.tags[at] for at in each), each) for each in columns)


def listen_to(block: Block, groups: tuple[Group, ...]) -> Block:
    """``block``: (n, channels) -> (n, groups), each column the mean of its group's channels."""
    mixed: Block = np.stack([block[:, group.columns].mean(axis=1) for group in groups], axis=1)
    return mixed


def dialogue_group(layout: Layout) -> Group:
    """Where dialogue is in a mix: the center when there is one, else the front pair."""
    return groups_of(layout)[0]


def front(block: Block, layout: Layout) -> Block:
    """What the front of a dialogue track says, ``block`` (n, channels) -> (n, 1): center plus mean of left and right.

    A dub may have its words in the center or in a phantom center, whatever channels it comes with.
    """
    said: Block = np.zeros((len(block), 1), np.float32)
    for tags in (("FC",), ("FL", "FR")):
        if set(tags) <= set(layout.tags):
            said += block[:, [layout.index(tag) for tag in tags]].mean(axis=1, keepdims=True)
    return said
