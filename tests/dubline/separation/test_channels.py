"""Channels are treated by their tag."""

from __future__ import annotations

import numpy as np
import pytest

from dubline.audio.layout import Layout
from dubline.separation.channels import decode, encode, parts


@pytest.mark.parametrize("heard", [1, 2])
@pytest.mark.parametrize("channels", [1, 2])
def test_encoding_and_decoding_null(channels: int, heard: int) -> None:
    block = np.random.default_rng(0).standard_normal((100, channels)).astype(np.float32)
    signals = encode(block, heard)
    assert signals.shape[1:] == (heard, 100)
    np.testing.assert_allclose(decode(signals, channels), block, atol=1e-6)


@pytest.mark.parametrize("name", ["mono", "stereo", "3.0", "quad", "5.0", "5.1", "5.1(side)", "7.1", "7.1.4"])
def test_every_channel_but_the_lfe_is_treated_once(name: str) -> None:
    layout = Layout.parse(name)
    columns = sorted(column for part in parts(layout) for column in part.columns)
    assert columns == [c for c in range(layout.channels) if layout.tags[c] != "LFE"]


def test_the_pairs_behind_and_above_the_listener_are_surrounds() -> None:
    layout = Layout.parse("7.1.4")
    surrounds = {layout.tags[c] for part in parts(layout) if part.surround for c in part.columns}
    assert surrounds == {"SL", "SR", "BL", "BR", "TFL", "TFR", "TBL", "TBR"}


def test_a_pair_is_heard_as_middle_and_side_or_as_left_and_right() -> None:
    pair = np.array([[3.0, 1.0]], np.float32)
    assert encode(pair, 1).tolist() == [[[2.0]], [[1.0]]]
    assert encode(pair, 2).tolist() == [[[3.0], [1.0]]]


def test_a_single_channel_is_heard_twice_and_averaged() -> None:
    one = np.array([[3.0]], np.float32)
    assert encode(one, 2).tolist() == [[[3.0], [3.0]]]
    assert decode(np.array([[[3.0], [1.0]]], np.float32), 1).tolist() == [[2.0]]
