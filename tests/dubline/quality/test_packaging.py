"""What a container cannot carry is named, and only what it could have carried is a fault."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from dubline.loudness import specs
from dubline.loudness.specs import Spec
from dubline.media import containers, ffmpeg, languages
from dubline.media.probe import probe
from dubline.media.remux import Track, remux
from dubline.media.streams import Media
from dubline.quality import packaging
from dubline.quality.delivery import Expected, check_delivery

MXF = containers.container("mxf")
EBU = specs.get("ebu-r128")


@pytest.fixture(scope="module")
def media(film: Any) -> Media:
    probed: Media = film.media["stereo"]
    return probed


def test_a_broadcast_file_says_what_it_cannot_say(film: Any, tmp_path: Path) -> None:
    """MXF has no languages, no dispositions and no subtitles: a pass with notes, on a file really written."""
    master, out = tmp_path / "master.mxf", tmp_path / "out.mxf"
    picture = ("-c:v", "mpeg2video", "-q:v", "4", "-r", "25", "-c:a", "pcm_s24le", "-timecode", "10:00:00:00")
    ffmpeg.run(["-y", "-i", str(film.masters["stereo"]), "-map", "0:v", "-map", "0:a", *picture, str(master)])
    probed, mix, french = probe(master), film.mixes["stereo"], languages.parse("fr-FR")
    remux(master, probed, [Track(mix, "pcm_s24le", french)], out, container="mxf", keep_original=True)
    report = check_delivery(
        [out], expected=[Expected(french, mix)], media=probed, ov_mix_frames=6 * 48_000, spec=EBU, container="mxf",
        codec="pcm_s24le", keep_original=True,
    )  # fmt: skip
    found = {check.name: (check.verdict, check.note) for check in report.checks}
    assert found["language"] == ("pass", "mxf names no languages; the manifest does")
    assert found["default_stream"] == ("pass", "mxf marks no stream; the dub comes first")
    assert found["timecode"][0] == found["original_audio"][0] == found["picture"][0] == "pass"


def test_chapters_and_subtitles_are_missed_only_where_they_could_be(media: Media) -> None:
    bare = replace(media, chapters=(), subtitles=())
    assert packaging.check_chapters(bare, media, MXF).verdict == "warn"
    assert packaging.check_subtitles(bare, media, MXF).verdict == "warn"
    mp4 = containers.container("mp4")
    assert packaging.check_chapters(bare, media, mp4).verdict == "fail"
    assert packaging.check_subtitles(bare, media, mp4).verdict == "fail"
    assert packaging.check_subtitles(bare, bare, mp4).verdict == "pass"


def test_chapters_under_other_titles_fail(media: Media) -> None:
    renamed = replace(media, chapters=tuple(replace(chapter, title="?") for chapter in media.chapters))
    check = packaging.check_chapters(renamed, media, containers.container("mov"))
    assert (check.verdict, check.note) == ("fail", "under other titles")


def test_lost_color_or_hdr_fails_and_what_the_master_leaves_open_does_not(media: Media) -> None:
    def colored(primaries: str | None, *hdr: str) -> Media:
        picture = media.picture
        return replace(media, video=replace(picture, color=replace(picture.color, primaries=primaries), hdr=hdr))

    assert packaging.check_color(colored("bt709"), colored("bt709")).verdict == "pass"
    assert packaging.check_color(colored("bt709"), colored(None)).verdict == "pass"
    assert packaging.check_color(colored(None), colored("bt709")).verdict == "fail"
    assert packaging.check_color(colored("bt2020"), colored("bt2020", "content_light_level")).verdict == "fail"
    assert packaging.check_color(colored("bt709", "content_light_level"), colored("bt709")).verdict == "pass"


@pytest.mark.parametrize(
    ("sound", "ov", "most", "verdict"),
    [
        (6.0, 6.0, None, "pass"),
        (6.0 + 1 / 24, 6.0, None, "pass"),
        (5.8, 5.8, None, "warn"),
        (5.8, 6.0, None, "fail"),
        (3.0, 3.0, 2.0, "fail"),
        (5.0, 5.0, 2.0, "warn"),
    ],
)
def test_sound_ends_with_the_picture_or_where_the_original_does(
    media: Media, sound: float, ov: float, most: float | None, verdict: str
) -> None:
    spec = Spec.model_validate(EBU.model_dump() | {"max_av_duration_delta_seconds": most})
    assert packaging.check_duration(media.picture, spec, sound_seconds=sound, ov_seconds=ov).verdict == verdict


def test_jitter_of_a_container_clock_is_no_variable_rate(media: Media) -> None:
    jittery = replace(media, video=replace(media.picture, jitter_only=True))
    varying = replace(media, video=replace(media.picture, constant_frame_rate=False, frame_rate=Fraction(30000, 1001)))
    assert packaging.check_frame_rate(jittery.picture, EBU).verdict == "pass"
    assert "jitter" in packaging.check_frame_rate(jittery.picture, EBU).note
    assert packaging.check_frame_rate(varying.picture, EBU).verdict == "fail"
    assert packaging.check_frame_rate(varying.picture, EBU).value == "30000/1001"


def test_a_spec_with_a_start_of_its_own_warns(media: Media) -> None:
    spec = Spec.model_validate(EBU.model_dump() | {"som_timecode": "00:59:52:00"})
    assert packaging.check_timecode(media.timecode, media.timecode, spec).verdict == "warn"
    assert packaging.check_timecode(media.timecode, media.timecode, EBU).verdict == "pass"
    assert packaging.check_timecode(None, media.timecode, spec).verdict == "fail"


def test_a_container_the_client_does_not_take_is_a_screener(media: Media) -> None:
    check = packaging.check_container(media, containers.container("mov"), specs.get("netflix-nearfield"))
    assert (check.verdict, check.note) == ("pass", "a screener: the client takes wav")
    assert packaging.check_container(media, containers.container("mp4"), EBU).verdict == "fail"
