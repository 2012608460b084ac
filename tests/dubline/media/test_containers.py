"""The table of what fits into what, against ffmpeg itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dubline.audio.layout import Layout
from dubline.errors import BadInput
from dubline.media import ffmpeg
from dubline.media.containers import CODECS, CONTAINERS, check_original, check_pair, check_picture
from tests.packets import audio_hash, picture_hash

STEREO = Layout.parse("stereo")

PICTURES = {
    "h264": ("libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"),
    "hevc": ("libx265", "-preset", "ultrafast", "-x265-params", "log-level=0"),
    "mpeg4": ("mpeg4",),
    "mpeg2video": ("mpeg2video",),
    "prores": ("prores_ks", "-pix_fmt", "yuv422p10le"),
    "dnxhd": ("dnxhd", "-profile:v", "dnxhr_sq", "-pix_fmt", "yuv422p"),
    "vp8": ("libvpx", "-deadline", "realtime"),
    "vp9": ("libvpx-vp9", "-deadline", "realtime"),
    "ffv1": ("ffv1",),
    "jpeg2000": ("jpeg2000",),
}
ORIGINALS = {
    "pcm_s16le": "mov", "pcm_s16be": "mov", "pcm_s24le": "mov", "pcm_s24be": "mov", "pcm_s32le": "mov",
    "pcm_f32le": "mov", "aac": "mp4", "ac3": "mp4", "eac3": "mp4", "alac": "mov", "flac": "mkv", "opus": "mkv",
}  # fmt: skip


@pytest.mark.parametrize(
    ("container", "codec", "layout", "rate"),
    [
        ("mov", "flac", "stereo", 48000),
        ("mov", "opus", "stereo", 48000),
        ("mp4", "pcm_s24le", "stereo", 48000),
        ("mkv", "aac", "quad", 48000),
        ("mkv", "pcm_s24le", "7.1.4", 48000),
        ("webm", "aac", "stereo", 48000),
        ("mxf", "aac", "stereo", 48000),
        ("mxf", "pcm_f32le", "stereo", 48000),
        ("mxf", "pcm_s24le", "stereo", 44100),
        ("mov", "ac3", "stereo", 44100),
        ("mp4", "eac3", "7.1", 48000),
        ("mp4", "opus", "stereo", 96000),
        ("mp4", "aac", "stereo", 192_000),
        ("mov", "alac", "7.1", 48000),
        ("avi", "aac", "stereo", 48000),
        ("mov", "mp3", "stereo", 48000),
    ],
)
def test_forbidden_pairs_are_refused_with_a_way_out(container: str, codec: str, layout: str, rate: int) -> None:
    with pytest.raises(BadInput) as caught:
        check_pair(container, codec, layout=Layout.parse(layout), rate=rate)
    assert caught.value.mend


def test_what_a_refusal_names_works() -> None:
    with pytest.raises(BadInput, match="use pcm_s16le"):
        check_pair("mov", "flac", layout=STEREO, rate=48000)
    with pytest.raises(BadInput, match=r"vp9 picture unchanged .*deliver in mp4, mkv, webm"):
        check_picture("mov", "vp9")
    with pytest.raises(BadInput, match="keep_original: false"):
        check_original("webm", "pcm_s24le")


def test_lossy_codecs_leave_room_for_the_peaks_they_add() -> None:
    assert {name for name, codec in CODECS.items() if codec.lossy} == {"aac", "ac3", "eac3", "opus"}
    for codec in CODECS.values():
        counts = {Layout.parse(name).channels for name in codec.layouts}
        assert not codec.lossy or counts == set(codec.bitrates)


@pytest.mark.parametrize("video", sorted(PICTURES))
def test_pictures_are_carried_unchanged_where_the_table_says_so(tmp_path: Path, video: str) -> None:
    source = tmp_path / "source.nut"
    encoder, *options = PICTURES[video]
    ffmpeg.run(["-f", "lavfi", "-i", "testsrc2=s=256x128:r=25:d=0.24", "-c:v", encoder, *options, str(source)])
    for name, container in CONTAINERS.items():
        if video not in container.pictures:
            with pytest.raises(BadInput):
                check_picture(name, video)
            continue
        check_picture(name, video)
        copy = tmp_path / f"copy{container.suffix}"
        ffmpeg.run(["-i", str(source), "-c", "copy", "-f", container.muxer, str(copy)])
        assert picture_hash(copy) == picture_hash(source), name


@pytest.mark.parametrize("codec", sorted(ORIGINALS))
def test_originals_are_copied_bit_for_bit_where_the_table_says_so(
    wav: Callable[..., Path], tmp_path: Path, codec: str
) -> None:
    source = tmp_path / f"source.{ORIGINALS[codec]}"
    encoder = {"opus": "libopus"}.get(codec, codec)
    ffmpeg.run(["-i", str(wav(tmp_path / "in.wav", frames=30_000)), "-c:a", encoder, "-strict", "-2", str(source)])
    for name, container in CONTAINERS.items():
        if codec not in container.originals:
            with pytest.raises(BadInput):
                check_original(name, codec)
            continue
        video = {"webm": ("libvpx", "-deadline", "realtime"), "mxf": ("mpeg2video",)}.get(name, ("mpeg4",))
        copy = tmp_path / f"copy{container.suffix}"
        picture = ("-f", "lavfi", "-i", "testsrc2=s=128x72:r=25:d=1", "-map", "0:v", "-map", "1:a", "-c:v", *video)
        ffmpeg.run([*picture[:4], "-i", str(source), *picture[4:], "-c:a", "copy", "-strict", "-2", str(copy)])
        if name != "mxf":  # which cuts PCM into packets of one picture each
            assert audio_hash(copy) == audio_hash(source), name
