"""A voice in any channel of a film's mix is taken where it stands, and nothing else of the mix is touched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from dubline.audio.layout import Layout
from dubline.separation.engine import Stems, separate
from dubline.separation.network import Network
from dubline.separation.registry import Model, load

Samples = npt.NDArray[np.float32]
RATE = 48_000
# -90 and -60 dBFS.
NOTHING, UNHEARD = 10 ** (-90 / 20), 10 ** (-60 / 20)


@pytest.fixture(scope="module")
def model() -> Model:
    return load(device="cpu")


@pytest.fixture(scope="module")
def ambience(source: Callable[..., Any], noise: Callable[..., Samples], voice: Callable[[int], Samples]) -> Any:
    """Makes a title as long as the voice with other wind in every channel."""

    def of(layout: str) -> Any:
        title = source(len(voice(RATE)) / RATE, layout=layout)
        title.samples[:] = noise(title.frames, title.layout.channels, rms=0.02)
        return title

    return of


@pytest.fixture(scope="module")
def crowd(ambience: Callable[[str], Any], voice: Callable[[int], Samples]) -> Any:
    """Makes a title in which every channel hears the voice at a time and level of its own, the LFE too."""

    def of(layout: str) -> Any:
        title = ambience(layout)
        for channel in range(title.layout.channels):
            title.samples[:, channel] += np.roll(voice(RATE), 7_001 * channel) / (1 + channel)
        return title

    return of


def stems_of(title: Any, network: Network) -> Stems:
    (stems,) = separate(title, network=network)
    return stems


@pytest.mark.parametrize("layout", ["5.1", "5.1(side)", "7.1"])
def test_every_channel_adds_up_and_the_lfe_passes_bit_by_bit(layout: str, tiny: Network, crowd: Any) -> None:
    title = crowd(layout)
    stems = stems_of(title, tiny)
    lfe = title.layout.lfe
    for channel in range(title.layout.channels):
        dx, mx, fx, me = (stem[:, channel] for stem in stems)
        mix = title.samples[:, channel]
        assert np.abs(dx + mx + fx - mix).max() < NOTHING
        assert np.array_equal(me, mix - dx)
        assert dx.any() == (channel != lfe)
    assert np.array_equal(stems.me[:, lfe], title.samples[:, lfe])
    assert np.array_equal(stems.fx[:, lfe], title.samples[:, lfe])


# Of L R C LFE Ls Rs: film order, C first, back to front.
@pytest.mark.parametrize("order", [[0, 2, 1, 4, 5, 3], [2, 0, 1, 4, 5, 3], [5, 4, 3, 2, 1, 0]])
def test_channels_in_another_order_are_the_same_channels(order: list[int], tiny: Network, crowd: Any) -> None:
    title = crowd("5.1(side)")
    straight = stems_of(title, tiny)
    tags = Layout("reordered", tuple(title.layout.tags[c] for c in order))
    reordered = type(title)(np.ascontiguousarray(title.samples[:, order]), RATE, tags)
    for stem, expected in zip(stems_of(reordered, tiny), straight, strict=True):
        np.testing.assert_allclose(stem, expected[:, order], atol=1e-6)


@pytest.mark.parametrize("layout", ["5.1(side)", "7.1"])
def test_a_voice_in_the_center_leaves_the_surrounds_untouched(
    layout: str, model: Model, ambience: Any, voice: Callable[[int], Samples]
) -> None:
    title = ambience(layout)
    center = title.layout.tags.index("FC")
    title.samples[:, center] += voice(RATE)
    stems = stems_of(title, model.network)
    behind = [c for c, tag in enumerate(title.layout.tags) if tag in ("BL", "BR", "SL", "SR")]
    assert np.abs((stems.me - title.samples)[:, behind]).max() < UNHEARD
    assert np.abs(stems.dx[:, behind]).max() < UNHEARD
    assert np.abs(stems.dx[:, center]).max() > np.abs(voice(RATE)).max() / 2


def test_a_voice_in_the_surrounds_is_found_there(model: Model, ambience: Any, voice: Callable[[int], Samples]) -> None:
    title = ambience("5.1")
    title.samples[:, 4] += voice(RATE)
    dx = stems_of(title, model.network).dx
    assert np.abs(dx[:, 4]).max() > np.abs(voice(RATE)).max() / 2
    assert np.abs(dx[:, 4]).std() > 10 * np.abs(dx[:, 2]).std()
