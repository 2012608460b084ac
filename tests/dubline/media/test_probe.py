"""What a stranger's file holds, and every way in which it can be no use."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from dubline.errors import BadInput
from dubline.media import ffmpeg
from dubline.media.decode import AudioDecoder
from dubline.media.probe import probe
from dubline.media.streams import Media

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-pix_fmt", "yuv420p")


@pytest.fixture(scope="module")
def plain(film: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A MOV with the index in front, so that cutting it takes samples and not the index."""
    return film(tmp_path_factory.mktemp("probe") / "plain.mov", more=("-movflags", "+faststart"))


def test_a_master_is_described(film: Callable[..., Path], tmp_path: Path) -> None:
    color = "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv"
    path = film(
        tmp_path / "master.mov",
        frame_rate="24000/1001",
        layout="5.1",
        more=(
            *("-vf", color, "-timecode", "01:00:00:00"),
            *("-metadata:s:a:0", "language=eng", "-metadata:s:a:0", "title=Original"),
        ),
    )
    media = probe(path)
    picture = media.picture
    assert (media.container, media.timecode) == ("mov", "01:00:00:00")
    assert (picture.codec, picture.width, picture.height) == ("h264", 128, 72)
    assert (picture.frame_rate, picture.frames) == (Fraction(24000, 1001), 39)
    assert (picture.constant_frame_rate, picture.jitter_only, picture.start_seconds) == (True, False, 0)
    assert (picture.color.primaries, picture.color.transfer, picture.color.matrix) == ("bt709", "bt709", "bt709")
    assert picture.color.range == "tv"
    (sound,) = media.audio
    assert (sound.codec, sound.rate, sound.layout, sound.bit_depth) == ("pcm_s24le", 48000, "5.1", 24)
    assert (sound.language, sound.title, sound.default, sound.start_seconds) == ("eng", "Original", True, 0.0)
    assert sound.duration_seconds == pytest.approx(76_923 / 48_000)


def test_facts_survive_json(plain: Path) -> None:
    media = probe(plain)
    assert Media.from_json(json.loads(json.dumps(media.to_json()))) == media


def test_hdr_is_seen(film: Callable[..., Path], tmp_path: Path) -> None:
    master = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
    x265 = f"log-level=0:hdr10=1:master-display={master}:max-cll=1000,400"
    color = "setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc:range=tv"
    picture = ("-vf", color, "-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le")
    path = film(tmp_path / "hdr.mov", picture=(*picture, "-x265-params", x265))
    found = probe(path).picture
    assert found.hdr == ("mastering_display_metadata", "content_light_level")
    assert (found.color.primaries, found.color.transfer, found.color.matrix) == ("bt2020", "smpte2084", "bt2020nc")


@pytest.mark.parametrize(
    ("name", "picture", "sound"),
    [
        ("mkv", H264, ("-c:a", "flac")),
        ("mp4", H264, ("-c:a", "aac")),
        ("webm", ("-c:v", "libvpx", "-deadline", "realtime"), ("-c:a", "libopus")),
        ("mxf", ("-c:v", "mpeg2video"), ("-c:a", "pcm_s24le")),
    ],
)
def test_containers_are_told_apart(
    film: Callable[..., Path], tmp_path: Path, name: str, picture: tuple[str, ...], sound: tuple[str, ...]
) -> None:
    media = probe(film(tmp_path / f"master.{name}", picture=picture, sound=sound))
    assert media.container == name
    assert (media.picture.frame_rate, media.picture.frames) == (25, 40)
    assert media.picture.constant_frame_rate


def test_matroska_ticks_are_jitter_and_not_variable_rate(film: Callable[..., Path], tmp_path: Path) -> None:
    picture = probe(film(tmp_path / "film.mkv", frame_rate="24000/1001", sound=("-c:a", "flac"))).picture
    assert picture.frame_rate == Fraction(24000, 1001)
    assert (picture.constant_frame_rate, picture.jitter_only) == (True, True)


@pytest.mark.parametrize("name", ["mkv", "mp4"])
def test_variable_rate_is_seen(film: Callable[..., Path], tmp_path: Path, name: str) -> None:
    varying = ("-vf", "select='not(eq(mod(n,7),3))'", "-fps_mode", "vfr")
    picture = probe(film(tmp_path / f"film.{name}", picture=(*varying, *H264), sound=("-c:a", "aac"))).picture
    assert (picture.constant_frame_rate, picture.jitter_only) == (False, False)


def test_further_streams_are_listed(film: Callable[..., Path], tmp_path: Path) -> None:
    words, chapters = tmp_path / "words.srt", tmp_path / "chapters.txt"
    words.write_text("1\n00:00:00,200 --> 00:00:01,000\nHello\n")
    chapters.write_text(";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=800\ntitle=Dawn\n")
    path = film(
        tmp_path / "rich.mkv",
        sound=("-c:a", "flac"),
        inputs=("-i", str(words), "-i", str(chapters)),
        more=(
            *("-map", "1:a", "-map", "2:s", "-map_chapters", "3", "-c:s", "srt", "-metadata:s:s:0", "language=fra"),
            *("-attach", str(words), "-metadata:s:t", "mimetype=text/plain"),
        ),
    )
    media = probe(path)
    assert [stream.index for stream in media.audio] == [0, 1]
    assert [(item.codec, item.language) for item in media.subtitles] == [("subrip", "fra")]
    assert [(item.start_seconds, item.end_seconds, item.title) for item in media.chapters] == [(0.0, 0.8, "Dawn")]
    assert [(item.kind, item.name) for item in media.extras] == [("attachment", "words.srt")]


@pytest.mark.parametrize(
    "name", ["a b.mov", 'l\'été "x".mov', "-dash.mov", "日本語.mov", "50%d.mov", "a:b.mov", "http:x.mov"]
)
def test_any_file_name_is_a_file_name(plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    shutil.copy(plain, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert probe(Path(name)).picture.frames == 40


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    loop, empty = tmp_path / "loop.mov", tmp_path / "empty.mov"
    loop.symlink_to(loop)
    empty.touch()
    for path, reason in (
        (tmp_path / "gone.mov", "no such file"),
        (tmp_path, "is a directory"),
        (loop, "loop of symbolic links"),
        (empty, "is empty"),
        (tmp_path / ("x" * 300 + ".mov"), "too long"),
    ):
        with pytest.raises(BadInput, match=reason):
            probe(path)


def test_what_may_not_be_read_is_named(plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locked = shutil.copy(plain, tmp_path / "locked.mov")
    locked.chmod(0)
    try:
        locked.open("rb").close()
    except PermissionError:
        with pytest.raises(BadInput, match="may not be read"):
            probe(locked)
    else:
        pytest.skip("this user may read anything")


@pytest.mark.parametrize(
    "text", ["hello\n" * 50, "#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n", "ffconcat version 1.0\nfile plain.mov\n"]
)
def test_text_called_a_film_is_refused(plain: Path, text: str) -> None:
    path = plain.with_name("text.mov")
    path.write_text(text)
    with pytest.raises(BadInput):
        probe(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.995])
def test_a_cut_mov_is_refused(plain: Path, tmp_path: Path, share: float) -> None:
    whole = plain.read_bytes()
    cut = tmp_path / "cut.mov"
    cut.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(BadInput):
        probe(cut)


@pytest.mark.parametrize(
    ("name", "picture", "sound", "more"),
    [
        ("mkv", H264, ("-c:a", "flac"), ()),
        ("webm", ("-c:v", "libvpx", "-deadline", "realtime"), ("-c:a", "libopus"), ()),
        ("mp4", H264, ("-c:a", "aac"), ()),
        ("mp4", H264, ("-c:a", "aac"), ("-movflags", "frag_keyframe+empty_moov")),
        ("mxf", ("-c:v", "mpeg2video"), ("-c:a", "pcm_s24le"), ()),
    ],
)
def test_a_cut_file_of_any_container_is_refused(
    film: Callable[..., Path],
    tmp_path: Path,
    name: str,
    picture: tuple[str, ...],
    sound: tuple[str, ...],
    more: tuple[str, ...],
) -> None:
    path = film(tmp_path / f"film.{name}", picture=picture, sound=sound, more=more)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 6 // 10])
    with pytest.raises(BadInput):
        probe(path)


def test_a_damaged_picture_is_refused(film: Callable[..., Path], tmp_path: Path) -> None:
    path = film(tmp_path / "film.mov", picture=("-c:v", "prores_ks", "-pix_fmt", "yuv422p10le"))
    media = bytearray(path.read_bytes())
    start = media.index(b"mdat")
    media[start + 4 : start + 60_000] = bytes(59_996)
    path.write_bytes(media)
    with pytest.raises(BadInput):
        probe(path)


def test_streams_that_are_not_there(film: Callable[..., Path], wav: Callable[..., Path], tmp_path: Path) -> None:
    silent = tmp_path / "silent.mov"
    ffmpeg.run(["-f", "lavfi", "-i", "testsrc2=s=128x72:d=0.5", *H264, str(silent)])
    with pytest.raises(BadInput, match="no audio stream"):
        probe(silent)
    sound = wav(tmp_path / "sound.wav")
    with pytest.raises(BadInput, match="no picture"):
        probe(sound)
    media = probe(sound, need_picture=False)
    assert media.audio_stream(0).layout == "stereo"
    for index in (1, -1, 99):
        with pytest.raises(BadInput, match="no audio stream"):
            media.audio_stream(index)


def test_no_samples_is_no_sound(wav: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no samples"):
        probe(wav(tmp_path / "nothing.wav", frames=0), need_picture=False).audio_stream(0)


def test_seven_channels_have_no_name(film: Callable[..., Path], tmp_path: Path) -> None:
    seven = "channelmap=0|1|2|3|4|5|6:6.1"
    path = film(tmp_path / "seven.mov", layout="7.1", sound=("-af", seven, "-c:a", "pcm_s24le"))
    with pytest.raises(BadInput, match="no name dubline knows"):
        probe(path).audio_stream(0)


def test_an_unknown_codec_is_named(film: Callable[..., Path], tmp_path: Path) -> None:
    path = film(tmp_path / "film.mkv", sound=("-c:a", "ac3"))
    path.write_bytes(path.read_bytes().replace(b"A_AC3", b"A_XX3"))
    media = probe(path)
    assert media.audio[0].codec == "unknown"
    with pytest.raises(BadInput, match="unknown codec"):
        media.audio_stream(0)
    with pytest.raises(BadInput, match="unknown codec"):
        AudioDecoder(path)
