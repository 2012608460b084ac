"""The long title: the sample again and again, without a seam in its frame times."""

from __future__ import annotations

import itertools
from pathlib import Path

import av
import pytest

from dubline.audio.wav import WavReader
from samples.build import build
from samples.long import build_long


@pytest.mark.slow
def test_two_minutes_are_two_films_end_to_end(tmp_path: Path) -> None:
    build(tmp_path / "film", layouts=("stereo",))
    order = build_long(tmp_path / "film", tmp_path / "long", 2)
    with av.open(str(order.parent / "master.mov")) as container:
        stamps = sorted(packet.pts for packet in container.demux(video=0) if packet.pts is not None)
        assert len(stamps) == 2880
        assert {later - earlier for earlier, later in itertools.pairwise(stamps)} == {1000}
        assert container.streams.video[0].metadata["timecode"] == "01:00:00:00"
    with av.open(str(order.parent / "master.mov")) as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) == 120 * 48_000
    for name, start in (("dub_fr.wav", 0.0), ("dub_es.wav", 2.5)):
        with WavReader(order.parent / name) as reader, WavReader(tmp_path / "film" / name) as film:
            assert reader.frames / reader.rate + start == 120.0
            second_round = next(reader.blocks(film.frames, start=60 * 48_000))
            assert second_round.tobytes() == film.read()[: len(second_round)].tobytes()
