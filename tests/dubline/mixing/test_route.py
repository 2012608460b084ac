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
    ],
)
def test_channels_go_to_their_loudspeakers(dub: str, mix: str, gains: dict[str, dict[str, float]], name: str) -> None:
    assert sent(dub, mix) == (gains, name)


@pytest.mark.parametrize(
    ("dub", "mix", "homeless"),
    [
        ("5.1", "stereo", "LFE"),
        ("5.1", "5.0", "LFE"),
        ("7.1", "5.1", "SL"),
        ("quad", "mono", "BL"),
    ],
)
def test_a_channel_without_a_place_is_refused(dub: str, mix: str, homeless: str) -> None:
    with pytest.raises(BadInput, match=f"{homeless}.* has no place"):
        route(Layout.parse(dub), Layout.parse(mix), where="dub.wav")


def test_the_phantom_center_has_the_power_of_the_center() -> None:
    block = np.random.default_rng(0).standard_normal((100, 1)).astype(np.float32)
    routed = route(Layout.parse("mono"), Layout.parse("stereo")).apply(block)
    assert routed.dtype == np.float32
    assert np.square(routed).sum() == pytest.approx(np.square(block).sum(), rel=1e-6)
