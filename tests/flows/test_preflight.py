"""What cannot be delivered is refused before any work, with a line that says what can."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from dubline.audio.layout import Layout
from dubline.errors import BadInput, EnvironmentFault
from dubline.media.containers import CODECS, CONTAINERS, check_codec
from dubline.media.streams import AudioStream, Color, Media, VideoStream
from flows.naming import channels_of, languages_of, stem_of
from flows.preflight import Plan, check_media, preflight
from tasks.settings import Settings

Row = dict[str, Any]
MOV: Row = {"spec": "ebu-r128", "container": "mov", "codec": "pcm_s24le"}
NETFLIX: Row = {"spec": "netflix-nearfield", "container": "wav", "codec": "pcm_s24le"}


def planned(home: Path, *rows: Row, **options: Any) -> Plan:
    """The plan of an order for two dubs."""
    folder = home.parent
    for name in ("master.mov", "fr.wav", "es.wav"):
        (folder / name).write_bytes(b"looked at later")
    order = {
        "title": {"id": "glass-harbor", "name": "Glass Harbor", "version": "cut-2"},
        "master": {"path": "master.mov", "language": "en"},
        "dubs": [{"language": "fr-FR", "dialogue": "fr.wav"}, {"language": "es-419", "dialogue": "es.wav"}],
        "deliver": list(rows),
        "options": options,
    }
    (folder / "order.yaml").write_text(yaml.safe_dump(order))
    return preflight(folder / "order.yaml", folder / "out", Settings.load())


def test_edits_are_read_before_any_work(home: Path) -> None:
    (home.parent / "edits.yaml").write_text("edits: [{do: drop, who: ann, event: 0123456789ab}]")
    assert planned(home, MOV, edits="edits.yaml").order.options.edits == home.parent / "edits.yaml"
    (home.parent / "edits.yaml").write_text("edits: [{do: drop, event: 0123456789ab}]")
    with pytest.raises(BadInput, match=r"edit 1 who is wrong \(.*edits\.yaml\)"):
        planned(home, MOV, edits="edits.yaml")
    with pytest.raises(BadInput, match="none"):
        planned(home, MOV, edits="none.yaml")


def master(
    picture: str = "h264",
    sound: str = "pcm_s24le",
    layout: str = "stereo",
    rate: int = 48_000,
    *,
    steady: bool = True,
    seconds: float = 2.0,
) -> Media:
    """A probed master."""
    video = VideoStream(
        index=0, codec=picture, width=128, height=72, pixel_format="yuv420p", frame_rate=Fraction(25), frames=50,
        constant_frame_rate=steady, jitter_only=False, start_seconds=Fraction(0), duration_seconds=2.0, color=Color(),
        sha256="0" * 64,
    )  # fmt: skip
    audio = AudioStream(
        index=0, stream_index=1, codec=sound, rate=rate, channels=Layout.parse(layout).channels, layout=layout,
        language="eng", title=None, default=True, start_seconds=0.0, duration_seconds=seconds, bit_depth=24, packets=50,
        sha256="0" * 64,
    )  # fmt: skip
    return Media("master.mov", "mov", 2.0, video, (audio,), (), (), (), "01:00:00:00")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([MOV | {"container": "avi"}], "unknown container 'avi'"),
        ([MOV | {"codec": "mp3"}], "unknown audio codec 'mp3'"),
        ([NETFLIX | {"codec": "aac"}], "aac cannot be delivered in wav"),
        ([MOV | {"container": "webm", "codec": "eac3"}], "eac3 cannot be delivered in webm"),
        ([NETFLIX | {"codec": "pcm_f32le"}], "netflix-nearfield does not take pcm_f32le"),
        ([NETFLIX | {"languages": "all"}], "wav cannot hold all languages: it holds one mix"),
        ([MOV | {"container": "mxf", "languages": "all"}], "mxf cannot hold all languages: it has no language tags"),
        ([MOV | {"channels": "files"}], "mov holds all channels of a mix in one track"),
        ([NETFLIX | {"channels": "files"}], "netflix-nearfield takes all channels in one file"),
        ([MOV | {"channels": "both"}], "key 'deliver.0.channels' is wrong"),
        ([MOV | {"languages": "some"}], "key 'deliver.0.languages' is wrong"),
        ([MOV | {"naming": "{title}_{year}"}], "'{year}' is no naming field"),
        ([NETFLIX | {"naming": "été_{language}"}], "has characters the client does not take: é"),
        ([MOV, MOV | {"codec": "aac"}], "deliveries 1 and 2 are both called fr-fr/glass-harbor_fr-fr_ebu-r128.mov"),
        ([MOV | {"naming": "{title}"}, MOV | {"codec": "aac", "naming": "GLASS-harbor"}], "are both called"),
        ([MOV | {"spec": "netflix-nearfield", "naming": "a"}, NETFLIX | {"codec": "pcm_s16le"}], "in wav"),
    ],
)
def test_forbidden_rows_are_refused_with_a_way_out(rows: list[Row], said: str, home: Path) -> None:
    with pytest.raises(BadInput) as caught:
        planned(home, *rows)
    assert said in str(caught.value)
    assert caught.value.mend
    assert not (home.parent / "out").exists()


@pytest.mark.parametrize(
    ("row", "media", "said"),
    [
        (MOV, master(picture="vp9"), "mov cannot carry a vp9 picture"),
        (MOV, master(sound="truehd"), "mov cannot keep the original truehd audio"),
        (MOV | {"container": "mxf"}, master(picture="mpeg2video", rate=44_100), "mxf cannot carry 44100 Hz"),
        (MOV | {"container": "mp4", "codec": "eac3"}, master(layout="7.1"), "eac3 in mp4 cannot carry 7.1"),
        (MOV | {"container": "mp4", "codec": "opus"}, master(rate=96_000), "opus in mp4 cannot carry 96000 Hz"),
        (MOV | {"container": "mxf"}, master(picture="mpeg2video", seconds=1.99), "mxf ends sound with the picture"),
        (NETFLIX, master(rate=44_100), "netflix-nearfield does not take 44100 Hz"),
        (NETFLIX, master(layout="7.1"), "netflix-nearfield does not take 7.1"),
        (NETFLIX, master(steady=False), "frame rate varies"),
    ],
)
def test_forbidden_masters_are_refused_with_a_way_out(row: Row, media: Media, said: str, home: Path) -> None:
    plan = planned(home, row)
    with pytest.raises(BadInput) as caught:
        check_media(plan, media)
    assert said in str(caught.value)
    assert caught.value.mend


def test_every_pair_the_table_allows_can_be_ordered_for_one_language_and_for_all(home: Path) -> None:
    rows = [
        {
            "spec": "web",
            "container": house.name,
            "codec": codec,
            "languages": languages,
            "naming": f"{codec}_{languages}",
        }
        for house in CONTAINERS.values()
        for codec in house.codecs
        for languages in (("one", "all") if house.languages else ("one",))
    ]
    assert len(planned(home, *rows).order.deliver) == len(rows)
    for house in CONTAINERS.values():
        for codec in CODECS.keys() - set(house.codecs):
            with pytest.raises(BadInput, match=f"{codec} cannot be delivered in {house.name}"):
                check_codec(house.name, codec)


def test_sound_alone_needs_no_place_for_picture_or_original(home: Path) -> None:
    plan = planned(home, NETFLIX, keep_original=True)
    check_media(plan, master(picture="theora", sound="truehd"))


def test_names_and_shapes_as_the_row_and_the_spec_say(home: Path) -> None:
    rows = [
        MOV | {"naming": "{title}_{version}_{layout}_{language}"},
        NETFLIX,
        {"spec": "web", "container": "wav", "codec": "pcm_s24le", "channels": "files"},
        {"spec": "web", "container": "mp4", "codec": "aac", "languages": "all"},
    ]
    plan = planned(home, *rows)
    stems = [
        stem_of(plan.order, row, plan.specs[row.spec], language=language, layout=Layout.parse("5.1(side)"))
        for row in plan.order.deliver
        for language in languages_of(plan.order, row)
    ]
    assert stems == [
        *(f"glass-harbor_cut-2_5.1_{language}" for language in ("fr-FR", "es-419")),
        *(f"glass-harbor_{language}_netflix-nearfield" for language in ("fr-FR", "es-419")),
        *(f"glass-harbor_{language}_web" for language in ("fr-FR", "es-419", "mul")),
    ]
    assert [channels_of(row, plan.specs[row.spec]) for row in plan.order.deliver] == [
        "interleaved", "interleaved", "files", "interleaved"
    ]  # fmt: skip
    discrete = plan.specs["web"].model_copy(update={"discrete_channels": True})
    assert channels_of(plan.order.deliver[1], discrete) == "files"


def test_a_recognizer_that_is_not_there_is_known_before_any_work(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("whisper", reason="the extra asr is not installed")
    monkeypatch.setenv("DUBLINE_ASR_MODEL", str(home / "none.pt"))
    with pytest.raises(EnvironmentFault, match=r"cannot read the checkpoint: .*none\.pt.*DUBLINE_ASR_MODEL"):
        planned(home, MOV)
