"""Deliverables opened again: same picture, same length, no lag, every tag in its place."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from dubline.audio.layout import Layout
from dubline.audio.wav import Block
from dubline.errors import BadInput, Cancelled
from dubline.media import ffmpeg, languages
from dubline.media.containers import CODECS, CONTAINERS
from dubline.media.demux import extract_audio
from dubline.media.probe import probe
from dubline.media.remux import Track, remux
from tests.packets import audio_hash, picture_hash

FRENCH, GERMAN, ENGLISH = (languages.parse(tag) for tag in ("fr-FR", "de", "en"))
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-pix_fmt", "yuv420p")
PICTURE = {
    "mov": H264,
    "mp4": H264,
    "mkv": H264,
    "webm": ("-c:v", "libvpx", "-deadline", "realtime"),
    "mxf": ("-c:v", "mpeg2video"),
}
FILMS = [name for name, container in CONTAINERS.items() if not container.audio_only]
PAIRS = [(name, codec) for name in FILMS for codec in CONTAINERS[name].codecs]
# Decoded sound against its source: rounding for the lossless, likeness for the lossy.
LSB = {"pcm_s16le": 2**-15, "pcm_s24le": 2**-23, "flac": 2**-23, "alac": 2**-23, "pcm_f32le": 0.0}


def _loud(layout: str) -> list[int]:
    """Columns that every codec keeps (AC-3 and Opus filter the LFE)."""
    return [column for column, tag in enumerate(Layout.parse(layout).tags) if tag != "LFE"]


@pytest.fixture(scope="module")
def masters(film: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """For every container a master whose picture it can carry; timecode and a tagged OV mix in MOV."""
    room = tmp_path_factory.mktemp("masters")
    tags = ("-timecode", "01:00:00:00", "-metadata:s:a:0", "language=eng")
    h264 = film(room / "h264.mov", picture=H264, more=tags)
    return {
        "mov": h264,
        "mp4": h264,
        "mkv": h264,
        "webm": film(room / "vp8.webm", picture=PICTURE["webm"], sound=("-c:a", "libopus")),
        "mxf": film(room / "mpeg2.mov", picture=PICTURE["mxf"], more=tags),
    }


@pytest.mark.parametrize(("container", "codec"), PAIRS)
@pytest.mark.parametrize("layout", ["stereo", "5.1(side)"])
def test_every_pair_is_sample_exact(
    masters: dict[str, Path],
    wav: Callable[..., Path],
    samples: Callable[[Path], Block],
    lag: Callable[[Block, Block], int],
    tmp_path: Path,
    container: str,
    codec: str,
    layout: str,
) -> None:
    master, dub = masters[container], wav(tmp_path / "dub.wav", layout=layout, seed=3)
    out = tmp_path / f"out{CONTAINERS[container].suffix}"
    remux(master, probe(master), [Track(dub, codec, FRENCH)], out, container=container)
    assert picture_hash(out) == picture_hash(master)
    extract_audio(out, out=tmp_path / "back.wav")
    source, back = samples(dub), samples(tmp_path / "back.wav")
    if container == "mxf":
        # Whole pictures only: 40 frames of 1920 samples.
        source = source[: 40 * 1920]
    assert back.shape == source.shape
    for column in _loud(layout):
        assert lag(back[:, column], source[:, column]) == 0
    if codec in LSB:
        assert np.abs(back - source).max() <= LSB[codec]


@pytest.mark.parametrize(
    ("container", "codec"), [("mov", "pcm_s24le"), ("mp4", "aac"), ("mp4", "opus"), ("mov", "ac3")]
)
@pytest.mark.parametrize("layout", ["mono", "3.0", "5.0", "5.0(side)", "5.1", "7.1"])
def test_every_layout_keeps_its_channels_apart(
    masters: dict[str, Path],
    wav: Callable[..., Path],
    samples: Callable[[Path], Block],
    lag: Callable[[Block, Block], int],
    tmp_path: Path,
    container: str,
    codec: str,
    layout: str,
) -> None:
    master, dub = masters[container], wav(tmp_path / "dub.wav", layout=layout)
    out = tmp_path / f"out{CONTAINERS[container].suffix}"
    track = Track(dub, codec, FRENCH)
    if layout not in CODECS[codec].layouts:
        with pytest.raises(BadInput):
            remux(master, probe(master), [track], out, container=container)
        assert not out.exists()
        return
    remux(master, probe(master), [track], out, container=container)
    extract_audio(out, out=tmp_path / "back.wav")
    source, back = samples(dub), samples(tmp_path / "back.wav")
    for column in _loud(layout):
        likeness = [abs(np.corrcoef(back[:, column], source[:, other])[0, 1]) for other in _loud(layout)]
        assert int(np.argmax(likeness)) == _loud(layout).index(column)
        assert max(likeness) > 0.8


@pytest.mark.parametrize(
    ("container", "codec"),
    [("mov", "aac"), ("mp4", "ac3"), ("mp4", "eac3"), ("mkv", "opus"), ("mkv", "aac"), ("mkv", "eac3")],
)
def test_the_last_sample_arrives_wherever_it_falls_in_its_packet(
    masters: dict[str, Path],
    wav: Callable[..., Path],
    samples: Callable[[Path], Block],
    tmp_path: Path,
    container: str,
    codec: str,
) -> None:
    # AC-3 packets hold 1536 samples and lag by 256, AAC 1024, Opus 960: ends before, on and after their edges.
    for frames in (76_800, 76_801, 76_799, 78_080, 78_081, 75_000):
        dub = wav(tmp_path / "dub.wav", frames=frames)
        out = tmp_path / f"out{CONTAINERS[container].suffix}"
        remux(masters[container], probe(masters[container]), [Track(dub, codec, FRENCH)], out, container=container)
        assert extract_audio(out, out=tmp_path / "back.wav").frames == frames
        back, source = samples(tmp_path / "back.wav")[-200:, 0], samples(dub)[-200:, 0]
        assert np.corrcoef(back, source)[0, 1] > 0.5


@pytest.mark.parametrize(
    ("container", "codec", "rate"),
    [
        *(("mov", "pcm_s24le", rate) for rate in (8000, 44_100, 96_000, 192_000)),
        *(("mp4", "aac", rate) for rate in (8000, 22_050, 44_100, 88_200, 96_000)),
        *(("mkv", "flac", rate) for rate in (44_100, 96_000, 192_000)),
        ("mov", "alac", 96_000),
    ],
)
def test_native_rates_are_delivered_as_they_are(
    masters: dict[str, Path],
    wav: Callable[..., Path],
    samples: Callable[[Path], Block],
    lag: Callable[[Block, Block], int],
    tmp_path: Path,
    container: str,
    codec: str,
    rate: int,
) -> None:
    master, dub = masters[container], wav(tmp_path / "dub.wav", rate=rate)
    out = tmp_path / f"out{CONTAINERS[container].suffix}"
    remux(master, probe(master), [Track(dub, codec, FRENCH)], out, container=container)
    done = extract_audio(out, out=tmp_path / "back.wav")
    source, back = samples(dub), samples(tmp_path / "back.wav")
    assert (done.rate, done.frames) == (rate, len(source))
    assert lag(back[:, 0], source[:, 0]) == 0


@pytest.mark.parametrize("container", ["mov", "mp4", "mkv"])
def test_tags_dispositions_and_timecode(
    masters: dict[str, Path], wav: Callable[..., Path], tmp_path: Path, container: str
) -> None:
    master, dub = masters[container], wav(tmp_path / "dub.wav")
    codec = "flac" if container == "mkv" else "aac"
    tracks = [Track(dub, codec, FRENCH, title="VF"), Track(dub, codec, GERMAN, default=False)]
    out = tmp_path / f"out{CONTAINERS[container].suffix}"
    report = remux(
        master, probe(master), tracks, out, container=container, keep_original=True, original_language=ENGLISH
    )
    assert report.dropped == ()
    media = probe(out)
    assert media.container == container
    assert [stream.language for stream in media.audio] == ["fra", "deu", "eng"]
    assert [stream.title for stream in media.audio] == ["VF [fr-FR]", "German [de]", "English [en]"]
    assert [stream.default for stream in media.audio] == [True, False, False]
    assert media.timecode == "01:00:00:00"
    assert audio_hash(out, 2) == audio_hash(master)
    with av.open(str(out)) as opened:
        timecode_tracks = [stream for stream in opened.streams if stream.type == "data"]
    assert len(timecode_tracks) == (0 if container == "mkv" else 1)


@pytest.mark.parametrize("tag", ["fr-FR", "de", "cs-CZ", "es-419", "pt-BR", "cmn-Hans", "fil", "eu", "is"])
def test_mov_holds_every_language(masters: dict[str, Path], wav: Callable[..., Path], tmp_path: Path, tag: str) -> None:
    language = languages.parse(tag)
    out = tmp_path / "out.mov"
    track = Track(wav(tmp_path / "dub.wav"), "pcm_s24le", language)
    remux(masters["mov"], probe(masters["mov"]), [track], out, container="mov")
    (stream,) = probe(out).audio
    assert stream.language == language.iso639_2t
    assert stream.title is not None and stream.title.endswith(f"[{language.bcp47}]")


@pytest.fixture(scope="module")
def rich(film: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Matroska master with everything: two mixes, two subtitles, chapters, an attachment, a cover, color tags."""
    room = tmp_path_factory.mktemp("rich")
    (room / "words.srt").write_text("1\n00:00:00,200 --> 00:00:01,000\nHello <i>you</i>\n")
    chapters = "".join(
        f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={start}\nEND={end}\ntitle={title}\n"
        for start, end, title in ((0, 800, "Dawn"), (800, 1600, "Dusk"))
    )
    (room / "chapters.txt").write_text(f";FFMETADATA1\ntitle=Glass Harbor\n{chapters}")
    ffmpeg.run(["-i", str(room / "words.srt"), str(room / "words.ass")])
    ffmpeg.run(["-f", "lavfi", "-i", "testsrc2=s=64x64", "-frames:v", "1", str(room / "cover.png")])
    color = "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv"
    return film(
        room / "rich.mkv",
        picture=("-vf", color, *H264),
        sound=("-c:a", "flac"),
        inputs=tuple(word for name in ("words.srt", "words.ass", "chapters.txt") for word in ("-i", str(room / name))),
        more=(
            *("-map", "1:a", "-map", "2:s", "-map", "3:s", "-map_chapters", "4", "-map_metadata", "4"),
            *("-c:s:0", "srt", "-c:s:1", "ass", "-metadata:s:s:0", "language=fra", "-metadata:s:s:1", "language=eng"),
            *("-attach", str(room / "words.srt"), "-metadata:s:t:0", "mimetype=text/plain"),
            *("-attach", str(room / "cover.png"), "-metadata:s:t:1", "mimetype=image/png"),
            *("-metadata:s:t:1", "filename=cover.png"),
        ),
    )


@pytest.mark.parametrize(
    ("container", "codec", "subtitles", "dropped"),
    [
        ("mkv", "flac", ["subrip", "ass"], ["cover"]),
        ("mp4", "aac", ["mov_text"], ["subtitle 1 (ass", "attachment"]),
        ("mov", "pcm_s24le", ["mov_text"], ["subtitle 1 (ass", "attachment", "cover"]),
    ],
)
def test_everything_goes_along_or_is_named(
    rich: Path,
    wav: Callable[..., Path],
    tmp_path: Path,
    container: str,
    codec: str,
    subtitles: list[str],
    dropped: list[str],
) -> None:
    out = tmp_path / f"out{CONTAINERS[container].suffix}"
    before = probe(rich)
    report = remux(rich, before, [Track(wav(tmp_path / "dub.wav"), codec, FRENCH)], out, container=container)
    after = probe(out)
    assert picture_hash(out) == picture_hash(rich)
    assert after.picture.color == before.picture.color
    assert after.picture.start_seconds == 0
    assert after.picture.frames == before.picture.frames
    assert after.chapters == before.chapters
    assert [item.codec for item in after.subtitles] == subtitles
    assert [item.language for item in after.subtitles] == ["fra", "eng"][: len(subtitles)]
    assert len(report.dropped) == len(dropped)
    assert all(said.startswith(name) for said, name in zip(report.dropped, dropped, strict=True))
    assert len(report.converted) == (0 if container == "mkv" else 1)
    with av.open(str(out)) as opened:
        assert opened.metadata.get("title") == "Glass Harbor"


def test_only_the_chosen_original_is_kept(rich: Path, wav: Callable[..., Path], tmp_path: Path) -> None:
    out = tmp_path / "out.mkv"
    track = Track(wav(tmp_path / "dub.wav"), "flac", FRENCH)
    remux(rich, probe(rich), [track], out, container="mkv", keep_original=True, original_stream=1)
    assert len(probe(out).audio) == 2
    assert audio_hash(out, 1) == audio_hash(rich, 1)


def test_hdr_goes_along(film: Callable[..., Path], wav: Callable[..., Path], tmp_path: Path) -> None:
    mastering = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
    color = "setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc:range=tv"
    x265 = f"log-level=0:hdr10=1:master-display={mastering}:max-cll=1000,400"
    picture = ("-vf", color, "-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-x265-params", x265)
    master = film(tmp_path / "hdr.mkv", picture=picture, sound=("-c:a", "flac"))
    dub = wav(tmp_path / "dub.wav")
    for container, codec in (("mov", "pcm_s24le"), ("mp4", "aac"), ("mkv", "flac")):
        out = tmp_path / f"out{CONTAINERS[container].suffix}"
        remux(master, probe(master), [Track(dub, codec, FRENCH)], out, container=container)
        found = probe(out).picture
        assert found.hdr == ("mastering_display_metadata", "content_light_level")
        assert found.color == probe(master).picture.color
        assert picture_hash(out) == picture_hash(master)


@pytest.mark.parametrize("container", ["mov", "mp4", "mkv"])
@pytest.mark.parametrize("shift", [0.48, -0.32])
def test_the_dub_starts_with_the_picture_wherever_that_starts(
    rich: Path,
    wav: Callable[..., Path],
    samples: Callable[[Path], Block],
    tmp_path: Path,
    container: str,
    shift: float,
) -> None:
    """A master whose sound leads or trails its picture: the dub is laid to the picture, everything else stays put."""
    master = tmp_path / "master.mkv"
    delays = ("-itsoffset", str(max(shift, 0)), "-i", str(rich), "-itsoffset", str(max(-shift, 0)), "-i", str(rich))
    maps = ("-map", "0:v:0", "-map", "1:a:0", "-map", "0:s:0", "-map_chapters", "0")
    ffmpeg.run([*delays, *maps, "-c:v", "copy", "-c:s", "copy", "-c:a", "alac", str(master)])
    media = probe(master)
    assert media.audio[0].start_seconds == pytest.approx(-shift, abs=0.001)
    dub = wav(tmp_path / "dub.wav", seed=5)
    codec = {"mov": "pcm_s24le", "mp4": "alac", "mkv": "flac"}[container]
    out = tmp_path / f"out{CONTAINERS[container].suffix}"
    remux(master, media, [Track(dub, codec, FRENCH)], out, container=container, keep_original=True)
    assert picture_hash(out) == picture_hash(master)
    extracted = extract_audio(out, out=tmp_path / "dub_back.wav")
    assert (extracted.lead_in_frames, extracted.trimmed_frames) == (0, 0)
    np.testing.assert_allclose(samples(tmp_path / "dub_back.wav"), samples(dub), atol=2**-23)
    extract_audio(master, out=tmp_path / "ov.wav")
    extract_audio(out, stream=1, out=tmp_path / "ov_back.wav")
    before, after = samples(tmp_path / "ov.wav"), samples(tmp_path / "ov_back.wav")
    assert abs(len(before) - len(after)) <= 48  # a millisecond of Matroska's clock
    assert _in_picture_time(out) == pytest.approx(_in_picture_time(master), abs=0.0011)


def _in_picture_time(path: Path) -> list[float]:
    """When the chapters and the first subtitle begin, counted from the first frame of the picture."""
    media = probe(path)
    with av.open(str(path)) as opened:
        texts = [packet for packet in opened.demux(subtitles=0) if packet.size > 2]
        first = float(texts[0].pts * texts[0].time_base)
    return [time - float(media.picture.start_seconds) for time in (first, *(c.start_seconds for c in media.chapters))]


@pytest.mark.parametrize(
    ("master", "picture", "sound", "container", "codec"),
    [
        ("master.mxf", ("-c:v", "mpeg2video", "-bf", "2"), "pcm_s24le", "mov", "pcm_s24le"),
        ("master.mxf", ("-c:v", "mpeg2video", "-bf", "2"), "pcm_s24le", "mxf", "pcm_s24le"),
        ("master.mxf", ("-c:v", "prores_ks", "-pix_fmt", "yuv422p10le"), "pcm_s16le", "mkv", "flac"),
        ("master.webm", ("-c:v", "libvpx-vp9", "-deadline", "realtime"), "libopus", "webm", "opus"),
        ("master.webm", ("-c:v", "libvpx-vp9", "-deadline", "realtime"), "libopus", "mp4", "aac"),
        ("master.mkv", H264, "pcm_s24le", "mp4", "eac3"),
        ("master.mp4", H264, "aac", "mkv", "opus"),
        ("master.mp4", H264, "aac", "mov", "aac"),
    ],
)
def test_masters_of_every_container_go_through(
    film: Callable[..., Path],
    wav: Callable[..., Path],
    samples: Callable[[Path], Block],
    lag: Callable[[Block, Block], int],
    tmp_path: Path,
    master: str,
    picture: tuple[str, ...],
    sound: str,
    container: str,
    codec: str,
) -> None:
    source = film(tmp_path / master, picture=picture, sound=("-c:a", sound))
    dub = wav(tmp_path / "dub.wav", seed=2, frames=76_800)
    out = tmp_path / f"out{CONTAINERS[container].suffix}"
    report = remux(source, probe(source), [Track(dub, codec, FRENCH)], out, container=container, keep_original=True)
    assert report.dropped == ()
    assert picture_hash(out) == picture_hash(source)
    assert audio_hash(out, 1) == audio_hash(source)
    extract_audio(out, out=tmp_path / "back.wav")
    back = samples(tmp_path / "back.wav")
    assert len(back) == 76_800
    assert lag(back[:, 0], samples(dub)[:, 0]) == 0


def _pictures(path: Path) -> list[bytes]:
    with av.open(str(path)) as opened:
        return [frame.to_ndarray().tobytes() for frame in opened.decode(video=0)]


@pytest.mark.parametrize("container", ["mov", "mp4"])
def test_pictures_hidden_by_an_edit_list_stay_hidden(
    film: Callable[..., Path],
    wav: Callable[..., Path],
    samples: Callable[[Path], Block],
    tmp_path: Path,
    container: str,
) -> None:
    whole = film(tmp_path / "whole.mov", picture=(*H264, "-g", "100"))
    master = tmp_path / "cut.mov"
    ffmpeg.run(["-ss", "0.6", "-i", str(whole), "-c", "copy", str(master)])
    dub = wav(tmp_path / "dub.wav", frames=40_000)
    out = tmp_path / f"out{CONTAINERS[container].suffix}"
    codec = "pcm_s24le" if container == "mov" else "alac"
    remux(master, probe(master), [Track(dub, codec, FRENCH)], out, container=container)
    assert _pictures(out) == _pictures(master)
    assert picture_hash(out) == picture_hash(master)
    extract_audio(out, out=tmp_path / "back.wav")
    np.testing.assert_allclose(samples(tmp_path / "back.wav"), samples(dub), atol=2**-23)


@pytest.mark.parametrize("frames", [70_000, 90_000])
def test_mxf_keeps_the_whole_picture_and_says_what_it_does_to_the_sound(
    masters: dict[str, Path], wav: Callable[..., Path], samples: Callable[[Path], Block], tmp_path: Path, frames: int
) -> None:
    master, dub, out = masters["mxf"], wav(tmp_path / "dub.wav", frames=frames), tmp_path / "out.mxf"
    report = remux(master, probe(master), [Track(dub, "pcm_s24le", FRENCH)], out, container="mxf")
    media = probe(out)
    assert media.picture.frames == 40
    assert media.timecode == "01:00:00:00"
    assert picture_hash(out) == picture_hash(master)
    assert extract_audio(out, out=tmp_path / "back.wav").frames == 76_800
    back, source = samples(tmp_path / "back.wav"), samples(dub)
    common = min(frames, 76_800)
    np.testing.assert_allclose(back[:common], source[:common], atol=2**-23)
    assert not back[common:].any()
    assert any("longer than the picture" if frames > 76_800 else "padded" in note for note in report.notes)
    assert any("language" in note for note in report.notes)


def test_a_picture_that_changes_its_wrapping_keeps_its_hash(
    film: Callable[..., Path], wav: Callable[..., Path], tmp_path: Path
) -> None:
    master = film(tmp_path / "master.ts", sound=("-c:a", "ac3"))
    out = tmp_path / "out.mov"
    remux(master, probe(master), [Track(wav(tmp_path / "dub.wav"), "pcm_s24le", FRENCH)], out, container="mov")
    assert picture_hash(out) == picture_hash(master)
    assert probe(out).picture.frames == 40


def test_two_pictures_have_two_hashes(film: Callable[..., Path], tmp_path: Path) -> None:
    one = film(tmp_path / "one.mov")
    two = film(tmp_path / "two.mov", more=("-vf", "negate"))
    assert picture_hash(one) != picture_hash(two)
    assert audio_hash(one) == audio_hash(two)


@pytest.mark.parametrize("container", FILMS)
def test_the_same_sources_give_the_same_bytes(
    masters: dict[str, Path], wav: Callable[..., Path], tmp_path: Path, container: str
) -> None:
    dub, made = wav(tmp_path / "dub.wav"), []
    for name in ("one", "two"):
        out = tmp_path / f"{name}{CONTAINERS[container].suffix}"
        for codec in CONTAINERS[container].codecs[-1:]:
            remux(masters[container], probe(masters[container]), [Track(dub, codec, FRENCH)], out, container=container)
        made.append(out.read_bytes())
    assert made[0] == made[1]


@pytest.mark.parametrize(
    "name", ["a b.mov", 'l\'été "x".mov', "-dash.mov", "日本語.mov", "50%d.mov", "a:b.mov", "$(x);.mov"]
)
def test_any_file_name_is_a_file_name(
    masters: dict[str, Path], wav: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(masters["mov"], tmp_path / name)
    dub = wav(tmp_path / f"{name}.wav").relative_to(tmp_path)
    out = Path(f"{name}.out.mov")
    remux(Path(name), probe(Path(name)), [Track(dub, "pcm_s24le", FRENCH)], out, container="mov")
    assert picture_hash(out) == picture_hash(masters["mov"])


def test_masters_are_not_touched_and_refusals_write_nothing(
    masters: dict[str, Path], wav: Callable[..., Path], tmp_path: Path
) -> None:
    master, dub, out = masters["mov"], wav(tmp_path / "dub.wav"), tmp_path / "out.webm"
    before = master.read_bytes()
    media = probe(master)
    with pytest.raises(BadInput, match="cannot carry a h264 picture"):
        remux(master, media, [Track(dub, "opus", FRENCH)], out, container="webm")
    nothing = wav(tmp_path / "nothing.wav", frames=0)
    with pytest.raises(BadInput, match="no samples"):
        remux(master, media, [Track(nothing, "aac", FRENCH)], tmp_path / "out.mov", container="mov")
    with pytest.raises(Cancelled):
        track = Track(dub, "aac", FRENCH)
        remux(master, media, [track], tmp_path / "stopped.mov", container="mov", cancelled=lambda: True)
    assert not out.exists()
    assert master.read_bytes() == before
