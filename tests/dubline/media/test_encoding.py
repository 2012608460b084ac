"""Sound encoded alone is the sound of the deliverable: packet for packet, sample for sample."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dubline.errors import BadInput
from dubline.media import languages
from dubline.media.decode import AudioDecoder
from dubline.media.encoding import encode_alone
from dubline.media.probe import probe
from dubline.media.remux import Track, remux
from tests.packets import audio_hash


@pytest.mark.parametrize(
    ("container", "codec", "layout"),
    [
        ("mov", "aac", "stereo"),
        ("mp4", "aac", "5.1(side)"),
        ("mp4", "ac3", "5.1"),
        ("mov", "eac3", "stereo"),
        ("mp4", "eac3", "5.1(side)"),
        ("mp4", "opus", "5.1"),
        ("mkv", "opus", "stereo"),
        ("mkv", "aac", "stereo"),
        ("mkv", "ac3", "5.1"),
    ],
)
def test_the_packets_are_those_of_the_deliverable(
    container: str,
    codec: str,
    layout: str,
    film: Callable[..., Path],
    wav: Callable[..., Path],
    tmp_path: Path,
) -> None:
    master, dub = film(tmp_path / "master.mov"), wav(tmp_path / "dub.wav", layout=layout, seed=3)
    delivered, alone = tmp_path / f"out.{container}", tmp_path / f"alone.{container}"
    track = Track(dub, codec, languages.parse("fr-FR"))
    remux(master, probe(master), [track], delivered, container=container)
    encode_alone(dub, alone, container=container, codec=codec)
    assert audio_hash(alone) == audio_hash(delivered)
    with AudioDecoder(alone) as one, AudioDecoder(delivered) as other:
        np.testing.assert_array_equal(np.concatenate([*one.blocks()]), np.concatenate([*other.blocks()]))


def test_a_pair_the_container_does_not_allow_is_refused(wav: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be delivered in webm"):
        encode_alone(wav(tmp_path / "dub.wav"), tmp_path / "out.webm", container="webm", codec="aac")
