from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from dubline.errors import BadInput
from dubline.mixing.tracks import layout_of, open_tracks

Samples = npt.NDArray[np.float32]
Write = Callable[..., Path]
Noise = Callable[..., Samples]


@pytest.mark.parametrize(
    ("channels", "layout"),
    [
        (("C",), "mono"),
        (("L", "R"), "stereo"),
        (("R", "C", "L"), "3.0"),
        (("L", "R", "C", "LFE", "Ls", "Rs"), "5.1(side)"),
        (("L", "R", "C", "LFE", "Lss", "Rss", "Lrs", "Rrs"), "7.1"),
    ],
)
def test_mono_files_become_one_dub_in_the_order_of_the_layout(
    channels: tuple[str, ...], layout: str, write: Write, noise: Noise
) -> None:
    sounds = {name: noise(70_000, seed=at) for at, name in enumerate(channels)}
    files = [write(sounds[name], layout="mono", name=f"{name}.wav") for name in channels]
    with open_tracks(files, channels) as dub:
        heard = np.concatenate(list(dub.blocks()))
        assert (dub.layout.name, dub.rate) == (layout, 48000)
    order = ["L", "R", "C", "LFE", *(("Lrs", "Rrs", "Lss", "Rss") if layout == "7.1" else ("Ls", "Rs"))]
    wanted = [sounds[name] for name in order if name in sounds] if len(channels) > 1 else [sounds["C"]]
    assert np.array_equal(heard, np.concatenate(wanted, axis=1))


@pytest.mark.parametrize(
    ("channels", "said"),
    [(("L", "X"), "no channel is called 'X'"), (("L", "Ls"), "has no name"), (("Ls", "Lss"), "one channel twice")],
)
def test_names_that_make_no_layout_are_refused(channels: tuple[str, ...], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        layout_of(channels, where="order")


def test_files_that_do_not_belong_together_are_refused(write: Write, noise: Noise) -> None:
    left = write(noise(1000), layout="mono", name="left.wav")
    for other in (
        write(noise(1000, 2), layout="stereo", name="stereo.wav"),
        write(noise(1000), layout="mono", rate=44100, name="slow.wav"),
    ):
        with pytest.raises(BadInput, match="one mono file per channel"), open_tracks([left, other], ("L", "R")):
            pass
    short = write(noise(999), layout="mono", name="short.wav")
    with (
        pytest.raises(BadInput, match=r"short.wav.*shorter|shorter.*short.wav"),
        open_tracks([left, short], ("L", "R")) as dub,
    ):
        list(dub.blocks())
