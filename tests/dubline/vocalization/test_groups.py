from __future__ import annotations

import numpy as np
import pytest

from dubline.audio.layout import Layout
from dubline.vocalization.groups import dialogue_group, front, groups_of, listen_to


@pytest.mark.parametrize(
    ("layout", "tags"),
    [
        ("mono", [("FC",)]),
        ("stereo", [("FL", "FR")]),
        ("quad", [("FL", "FR"), ("BL", "BR")]),
        ("5.1(side)", [("FC",), ("FL", "FR"), ("SL", "SR")]),
        ("7.1", [("FC",), ("FL", "FR"), ("SL", "SR"), ("BL", "BR")]),
    ],
)
def test_every_channel_but_the_lfe_is_in_one_group(layout: str, tags: list[tuple[str, ...]]) -> None:
    assert [group.tags for group in groups_of(Layout.parse(layout))] == tags


def test_a_pair_is_heard_as_its_mean() -> None:
    block = np.array([[1.0, 3.0]], dtype=np.float32)
    assert listen_to(block, groups_of(Layout.parse("stereo"))).tolist() == [[2.0]]


def test_dialogue_is_in_the_center_where_there_is_one() -> None:
    assert dialogue_group(Layout.parse("5.1")).tags == ("FC",)
    assert dialogue_group(Layout.parse("stereo")).tags == ("FL", "FR")


@pytest.mark.parametrize(
    ("layout", "said"), [("mono", 1.0), ("stereo", 1.5), ("3.0", 4.5), ("quad", 1.5), ("5.1", 4.5), ("7.1.4", 4.5)]
)
def test_the_front_is_heard_as_center_and_phantom_center(layout: str, said: float) -> None:
    parsed = Layout.parse(layout)
    block = np.arange(1.0, parsed.channels + 1, dtype=np.float32)[None]
    assert front(block, parsed).tolist() == [[said]]
