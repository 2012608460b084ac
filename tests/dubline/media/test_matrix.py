"""Container x codec x layout x languages: each written and opened again by a stranger, or refused before any work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import av
import numpy as np
import pytest

from dubline.audio.layout import Layout
from dubline.audio.wav import Block
from dubline.errors import BadInput
from dubline.media import languages
from dubline.media.containers import CODECS, CONTAINERS, check_languages, check_pair
from dubline.media.decode import AudioDecoder
from dubline.media.probe import probe
from dubline.media.remux import Track, remux
from tests.packets import audio_hash, picture_hash

FRENCH, SPANISH, ENGLISH = (languages.parse(tag) for tag in ("fr-FR", "es-419", "en"))
FILMS = [name for name, house in CONTAINERS.items() if not house.audio_only]
LAYOUTS = [
    "mono", "stereo", "3.0", "quad", "5.0", "5.0(side)", "5.1", "5.1(side)", "7.1", "5.1.2", "5.1.4", "7.1.2", "7.1.4"
]  # fmt: skip
# One dub, or two and the original; without language tags one dub is all there can be.
SETS = [(FRENCH,), (FRENCH, SPANISH)]
LSB = {"pcm_s16le": 2**-15, "pcm_s24le": 2**-23, "flac": 2**-23, "alac": 2**-23, "pcm_f32le": 0.0}

Cell = tuple[str, str, str, tuple[languages.Language, ...]]


def cells() -> Iterator[Cell]:
    """Every cell of the matrix that can be written."""
    for container, codec, layout, dubs in product(FILMS, CODECS, LAYOUTS, SETS):
        try:
            check_pair(container, codec, layout=Layout.parse(layout), rate=48_000)
            if len(dubs) > 1:
                check_languages(container)
        except BadInput:
            continue
        yield container, codec, layout, dubs


# As many cells as show every container, codec and channel count once.
SOME: list[Cell] = [
    ("mov", "pcm_s24le", "7.1.4", SETS[1]),
    ("mp4", "aac", "5.1(side)", SETS[1]),
    ("mov", "ac3", "stereo", SETS[1]),
    ("mp4", "eac3", "5.1", SETS[1]),
    ("mkv", "flac", "3.0", SETS[1]),
    ("webm", "opus", "mono", SETS[1]),
    ("mxf", "pcm_s24le", "5.1(side)", SETS[0]),
]


@pytest.fixture(scope="module")
def masters(film: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """For every container a master whose picture and sound it can carry."""
    room = tmp_path_factory.mktemp("masters")
    tags = ("-timecode", "01:00:00:00", "-metadata:s:a:0", "language=eng")
    h264 = film(room / "h264.mov", more=tags)
    vp8 = ("-c:v", "libvpx", "-deadline", "realtime")
    return {
        **dict.fromkeys(("mov", "mp4", "mkv"), h264),
        "webm": film(room / "vp8.webm", picture=vp8, sound=("-c:a", "libopus")),
        "mxf": film(room / "mpeg2.mov", picture=("-c:v", "mpeg2video"), more=tags),
    }


Check = Callable[[Cell], None]


@pytest.fixture
def check(
    masters: dict[str, Path],
    wav: Callable[..., Path],
    samples: Callable[[Path], Block],
    lag: Callable[[Block, Block], int],
    tmp_path: Path,
) -> Check:
    """Writes one cell and looks at all that was promised of it."""

    def of(cell: Cell) -> None:
        container, codec, layout, dubs = cell
        master, house = masters[container], CONTAINERS[container]
        mixes = [wav(tmp_path / f"{number}.wav", layout=layout, seed=number) for number in range(len(dubs))]
        tracks = [
            Track(mix, codec, language, default=number == 0)
            for number, (mix, language) in enumerate(zip(mixes, dubs, strict=True))
        ]
        out, keep = tmp_path / f"out{house.suffix}", len(dubs) > 1
        remux(master, probe(master), tracks, out, container=container, keep_original=keep, original_language=ENGLISH)
        assert picture_hash(out) == picture_hash(master)
        order = [*dubs, ENGLISH] if keep else list(dubs)
        with av.open(str(out)) as opened:
            streams = opened.streams.audio
            assert len(streams) == len(order)
            if house.languages:
                assert [stream.metadata["language"] for stream in streams] == [one.iso639_2t for one in order]
                titles = [stream.metadata.get("title") or stream.metadata["name"] for stream in streams]
                assert all(title.endswith(f"[{one.bcp47}]") for title, one in zip(titles, order, strict=True))
                default = [bool(stream.disposition & av.stream.Disposition.default) for stream in streams]
                assert default == [True] + [False] * (len(order) - 1)
        if keep:
            assert audio_hash(out, len(dubs)) == audio_hash(master)
        for number, mix in enumerate(mixes):
            with AudioDecoder(out, number) as decoder:
                back = np.concatenate(list(decoder.blocks()))
                assert decoder.layout.channels == Layout.parse(layout).channels
            source = samples(mix)[: 40 * 1920] if container == "mxf" else samples(mix)
            assert back.shape == source.shape
            if codec in LSB:
                assert np.abs(back - source).max() <= LSB[codec]
                continue
            for column, tag in enumerate(Layout.parse(layout).tags):
                if tag != "LFE":  # AC-3 and Opus filter it
                    assert abs(lag(back[:, column], source[:, column])) <= 1

    return of


@pytest.mark.parametrize("cell", SOME, ids=lambda cell: " ".join(cell[:3]))
def test_cells_of_every_container_codec_and_channel_count(check: Check, cell: Cell) -> None:
    check(cell)


@pytest.mark.slow
@pytest.mark.parametrize("cell", list(cells()), ids=lambda cell: f"{' '.join(cell[:3])} {len(cell[3])}")
def test_every_cell(check: Check, cell: Cell) -> None:
    check(cell)


def test_all_other_cells_are_refused_with_a_way_out(
    masters: dict[str, Path], wav: Callable[..., Path], tmp_path: Path
) -> None:
    media = {container: probe(masters[container]) for container in FILMS}
    dubs = {layout: wav(tmp_path / f"{layout}.wav", layout=layout, frames=64) for layout in LAYOUTS}
    good = {cell[:3] for cell in cells()}
    out = tmp_path / "out"
    refused = 0
    for container, codec, layout in product(FILMS, CODECS, LAYOUTS):
        if (container, codec, layout) in good:
            continue
        with pytest.raises(BadInput) as caught:
            track = Track(dubs[layout], codec, FRENCH)
            remux(masters[container], media[container], [track], out, container=container)
        assert caught.value.mend
        refused += 1
    assert not out.exists()
    assert refused + len(good) == len(FILMS) * len(CODECS) * len(LAYOUTS)
