from __future__ import annotations

import numpy as np
import pytest

from dubline.audio.layout import Layout
from dubline.errors import BadInput
from dubline.mixing.route import EQUAL_POWER, route

H = EQUAL_POWER


def sent(dub: str, mix: str) -> tuple[dict[str, dict[str, float]], str]:
    """What each dub channel gives to which mix channel, zeros left out."""
    one, other = Layout.parse(dub), Layout.parse(mix)
    routing = route(one, other)
    gains = {
        tag: {to: gain for to, gain in zip(other.tags, row, strict=True) if gain}
        for tag, row in zip(one.tags, routing.gains, strict=True)
    }
    return gains, routing.name


@pytest.mark.parametrize(
    ("dub", "mix", "gains", "name"),
    [
        ("mono", "mono", {"FC": {"FC": 1}}, "center"),
        ("mono", "5.1", {"FC": {"FC": 1}}, "center"),
        ("mono", "stereo", {"FC": {"FL": H, "FR": H}}, "phantom center"),
        ("mono", "quad", {"FC": {"FL": H, "FR": H}}, "phantom center"),
        ("stereo", "7.1", {"FL": {"FL": 1}, "FR": {"FR": 1}}, "by tag"),
        ("stereo", "mono", {"FL": {"FC": H}, "FR": {"FC": H}}, "fold to mono"),
        ("3.0", "stereo", {"FL": {"FL": 1}, "FR": {"FR": 1}, "FC": {"FL": H, "FR": H}}, "by tag, phantom center"),
        (
            "5.0(side)",
            "5.1",
            {"FL": {"FL": 1}, "FR": {"FR": 1}, "FC": {"FC": 1}, "SL": {"BL": 1}, "SR": {"BR": 1}},
            "by tag",
        ),
        (
            "5.1",
            "stereo",
            {"FL": {"FL": 1}, "FR": {"FR": 1}, "FC": {"FL": H, "FR": H}, "LFE": {}, "BL": {"FL": H}, "BR": {"FR": H}},
            "by tag, phantom center, surrounds folded",
        ),
        (
            "7.1",
            "5.1",
            {
                "FL": {"FL": 1},
                "FR": {"FR": 1},
                "FC": {"FC": 1},
                "LFE": {"LFE": 1},
                "BL": {"BL": 1},
                "BR": {"BR": 1},
                "SL": {"BL": H},
                "SR": {"BR": H},
            },
            "by tag, surrounds folded",
        ),
        (
            "quad",
            "mono",
            {"FL": {"FC": H}, "FR": {"FC": H}, "BL": {"FC": H * H}, "BR": {"FC": H * H}},
            "fold to mono",
        ),
    ],
)
def test_channels_go_to_their_loudspeakers(dub: str, mix: str, gains: dict[str, dict[str, float]], name: str) -> None:
    assert sent(dub, mix) == (gains, name)


@pytest.mark.parametrize(
    ("dub", "mix", "homeless"),
    [("5.1", "stereo", "LFE"), ("5.1", "5.0", "LFE"), ("5.1", "mono", "LFE"), ("7.1.4", "7.1", "TFL")],
)
def test_a_channel_without_a_place_must_be_silent(dub: str, mix: str, homeless: str) -> None:
    layout = Layout.parse(dub)
    routing = route(layout, Layout.parse(mix))
    for column, tag in enumerate(layout.tags):
        block = np.zeros((100, layout.channels), np.float32)
        block[50, column] = -0.1
        lost = not any(routing.gains[column])
        assert lost == (tag == homeless or tag.startswith("T"))
        if lost:
            with pytest.raises(BadInput, match=f"{tag} of .* has no place"):
                routing.refuse_lost(block, where="dub.wav")
        else:
            routing.refuse_lost(block, where="dub.wav")
            assert routing.apply(block).any()


def test_the_phantom_center_has_the_power_of_the_center() -> None:
    block = np.random.default_rng(0).standard_normal((100, 1)).astype(np.float32)
    routed = route(Layout.parse("mono"), Layout.parse("stereo")).apply(block)
    assert routed.dtype == np.float32
    assert np.square(routed).sum() == pytest.approx(np.square(block).sum(), rel=1e-6)
