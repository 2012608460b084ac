"""Channels are treated by their tag."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dubline.audio.layout import Layout
from dubline.separation.channels import bound_sides, channel_plan, decode, encode
from dubline.separation.network import Masks


@pytest.mark.parametrize("name", ["mono", "stereo", "3.0", "quad", "5.0", "5.1", "5.1(side)", "7.1"])
def test_encoding_and_decoding_null_on_all_but_the_lfe(name: str) -> None:
    layout = Layout.parse(name)
    plan = channel_plan(layout)
    block = np.random.default_rng(0).standard_normal((100, layout.channels)).astype(np.float32)
    back = decode(encode(block, plan), plan)
    if layout.lfe is not None:
        assert not back[:, layout.lfe].any()
        block[:, layout.lfe] = 0
    np.testing.assert_allclose(back, block, atol=1e-6)


def test_every_channel_is_treated_once() -> None:
    plan = channel_plan(Layout.parse("7.1"))
    columns = [*plan.singles, *plan.bypass, *(c for pair in plan.pairs for c in pair)]
    assert sorted(columns) == list(range(8))


def test_equal_channels_have_no_side() -> None:
    plan = channel_plan(Layout.parse("stereo"))
    one = np.random.default_rng(0).standard_normal(100).astype(np.float32)
    mid, side = encode(np.stack([one, one], axis=1), plan)
    assert np.array_equal(mid, one) and not side.any()


def test_the_side_mask_never_exceeds_the_mid_mask_and_keeps_its_phase() -> None:
    plan = channel_plan(Layout.parse("stereo"))
    share = torch.zeros(1, 3)
    mid = Masks(torch.tensor([[0.5 + 0j, 0.0, 1.0]]), share)
    side = Masks(torch.tensor([[0.8j, 0.7 + 0j, 0.3 + 0j]]), share)
    bounded = bound_sides([mid, side], plan)[1]
    assert bounded is not None
    torch.testing.assert_close(bounded.dialogue, torch.tensor([[0.5j, 0j, 0.3 + 0j]]))
