"""How channels reach a one-channel network: the center alone, pairs as mid and side, the LFE not at all.

Dialogue lives in the middle of a pair. The side signal is masked on its own, but never more than the middle, so that
wide music is not eaten and the image of what remains stands still.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dubline.audio.layout import Layout
from dubline.separation.network import Masks

Block = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ChannelPlan:
    """Columns of a block by treatment. Items of a network's batch: the singles, then mid and side of each pair."""

    channels: int
    singles: tuple[int, ...]
    pairs: tuple[tuple[int, int], ...]
    bypass: tuple[int, ...]

    @property
    def items(self) -> int:
        """How many one-channel signals the plan makes of a block."""
        return len(self.singles) + 2 * len(self.pairs)

    def mid_and_side(self) -> list[tuple[int, int]]:
        """Item numbers of the mid and the side of each pair."""
        first = len(self.singles)
        return [(first + 2 * k, first + 2 * k + 1) for k in range(len(self.pairs))]


def channel_plan(layout: Layout) -> ChannelPlan:
    """The treatment of each channel by its tag, never by its place."""
    paired = {column for pair in layout.pairs for column in pair}
    bypass = () if layout.lfe is None else (layout.lfe,)
    singles = tuple(c for c in range(layout.channels) if c not in paired and c not in bypass)
    return ChannelPlan(layout.channels, singles, layout.pairs, bypass)


def encode(block: Block, plan: ChannelPlan) -> Block:
    """``(frames, channels)`` to items ``(items, frames)``. Equal channels give a side of exact zeros."""
    items = np.empty((plan.items, len(block)), np.float32)
    for item, column in enumerate(plan.singles):
        items[item] = block[:, column]
    for (mid, side), (left, right) in zip(plan.mid_and_side(), plan.pairs, strict=True):
        items[mid] = 0.5 * (block[:, left] + block[:, right])
        items[side] = 0.5 * (block[:, left] - block[:, right])
    return items


def decode(items: Block, plan: ChannelPlan) -> Block:
    """Items ``(items, frames)`` back to ``(frames, channels)``; bypassed channels are zero."""
    block = np.zeros((items.shape[1], plan.channels), np.float32)
    for item, column in enumerate(plan.singles):
        block[:, column] = items[item]
    for (mid, side), (left, right) in zip(plan.mid_and_side(), plan.pairs, strict=True):
        block[:, left] = items[mid] + items[side]
        block[:, right] = items[mid] - items[side]
    return block


def bound_sides(masks: list[Masks | None], plan: ChannelPlan) -> list[Masks | None]:
    """Masks ``(bins, frames)`` per item with each side's dialogue mask bounded by its mid's; ``None`` is silence."""
    bounded = list(masks)
    for mid, side in plan.mid_and_side():
        middle, edge = masks[mid], masks[side]
        if middle is not None and edge is not None:
            bounded[side] = edge._replace(dialogue=_limit(edge.dialogue, middle.dialogue))
    return bounded


def _limit(mask: Tensor, by: Tensor) -> Tensor:
    """``mask`` with its phase kept and its magnitude at most that of ``by``."""
    size = mask.abs()
    return mask * (torch.minimum(size, by.abs()) / size.clamp(min=torch.finfo(size.dtype).tiny))
