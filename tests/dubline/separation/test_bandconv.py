"""The convolutional network hears so far and no farther: windows give what one piece gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from dubline.separation.bandconv import BandConv, BandConvConfig
from dubline.separation.engine import separate
from dubline.separation.segments import segmentation

RATE = 48_000
CONFIG = BandConvConfig(bands=8, features=8, blocks=4, bottleneck=8, head=8)


def network() -> BandConv:
    torch.manual_seed(3)
    return BandConv(CONFIG).eval().requires_grad_(False)


def test_a_change_is_heard_as_far_as_the_reach_and_no_farther() -> None:
    torch.manual_seed(4)
    sound = 0.1 * torch.randn(1, 1, 10 * RATE)
    changed = sound.clone()
    middle = sound.shape[-1] // 2
    changed[..., middle] += 0.5
    apart = (network()(changed).dialogue - network()(sound).dialogue).abs()[0, 0]
    heard = torch.nonzero(apart > 1e-6)[:, 0] - middle
    reach = CONFIG.reach_seconds * RATE
    assert 0.5 * reach < heard.abs().max() <= reach
    assert heard.min() < 0 < heard.max()


def test_windows_give_what_one_piece_gives(source: Callable[..., Any]) -> None:
    title, model = source(9.0), network()
    windows, piece = (
        segmentation(
            title.frames,
            rate=RATE,
            network_rate=model.rate,
            hop=model.hop,
            segment_seconds=seconds,
            context_seconds=model.context_seconds,
        )
        for seconds in (1.0, 30.0)
    )
    assert windows.count >= 9 and piece.count == 1
    cut, whole = (np.concatenate([s.dx for s in separate(title, network=model, cut=c)]) for c in (windows, piece))
    assert np.abs(whole).max() > 1e-3
    assert np.abs(cut - whole).max() < 1e-6
