"""Bad input: exit 3, one clear line, nothing published."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from sqlalchemy import select

from cli.main import run
from db import models as m
from dubline.audio.layout import Layout
from dubline.audio.wav import WavWriter
from dubline.media import ffmpeg
from tasks.context import means

pytestmark = pytest.mark.usefixtures("prefect_server")

Order = dict[str, Any]


def refused(folder: Path, order: Order | str, capsys: pytest.CaptureFixture[str]) -> str:
    """Run the order; it must end with exit 3, one line on stderr and no output folder. Returns the line."""
    path = folder / "order.yaml"
    path.write_text(order if isinstance(order, str) else yaml.safe_dump(order), encoding="utf-8")
    code = run(["localize", str(path), "--out", str(folder / "out")])
    said = capsys.readouterr().err
    assert code == 3, said
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    assert not [file for file in (folder / "out").rglob("*") if file.is_file()]
    return said


@pytest.fixture
def order(sample: Path, tmp_path: Path, home: Path) -> Order:
    """A good order over the sample's files, to be spoiled."""
    for name in ("master.mov", "dub_fr.wav", "dub_es.wav"):
        (tmp_path / name).symlink_to(sample / name)
    good: Order = yaml.safe_load((sample / "order.yaml").read_text())
    return good


def empty(path: Path, sample: Path) -> None:
    path.touch()


def folder(path: Path, sample: Path) -> None:
    path.mkdir()


def text(path: Path, sample: Path) -> None:
    path.write_text("This is not a film.\n" * 100)


def loop(path: Path, sample: Path) -> None:
    path.symlink_to(path)


def truncated(path: Path, sample: Path) -> None:
    whole = path.with_name("whole.mp4")
    ffmpeg.run(
        ["-i", str(sample / "master.mov"), "-map", "0:v", "-map", "0:a", "-c:v", "copy", "-c:a", "aac", str(whole)]
    )
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])


def silent_film(path: Path, sample: Path) -> None:
    ffmpeg.run(["-i", str(sample / "master.mov"), "-map", "0:v", "-c", "copy", "-y", "-f", "mov", str(path)])


def no_samples(path: Path, sample: Path) -> None:
    film(path, sample, np.zeros((0, 2), np.float32), "stereo")


def nan(path: Path, sample: Path) -> None:
    film(path, sample, np.full((48000, 2), np.nan, np.float32), "stereo")


def seven(path: Path, sample: Path) -> None:
    noise = ["-f", "lavfi", "-i", "anoisesrc=d=1:r=48000"]
    ffmpeg.run(
        ["-i", str(sample / "master.mov"), *noise, "-map", "0:v", "-map", "1:a", "-filter:a",
         "pan=7c|" + "|".join(f"c{i}=c0" for i in range(7)),
         "-c:v", "copy", "-c:a", "pcm_s16le", "-f", "mov", str(path)]
    )  # fmt: skip


def film(path: Path, sample: Path, samples: np.ndarray[Any, np.dtype[np.float32]], layout: str) -> None:
    wav = path.with_name("sound.wav")
    with WavWriter(wav, rate=48000, layout=Layout.parse(layout)) as writer:
        writer.write(samples)
    ffmpeg.run(
        ["-i", str(sample / "master.mov"), "-f", "wav", "-i", str(wav), "-map", "0:v", "-map", "1:a",
         "-c:v", "copy", "-c:a", "pcm_f32le", "-f", "mov", str(path)]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (None, "no such file"),
        (folder, "directory"),
        (empty, "empty"),
        (text, "bad.mov"),
        (loop, "bad.mov"),
        (truncated, "bad.mov"),
        (silent_film, "audio"),
        (no_samples, "audio"),
        (nan, "not numbers"),
        (seven, "7"),
    ],
)
def test_a_master_that_is_no_film_is_refused(
    order: Order,
    sample: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    make: Callable[[Path, Path], None] | None,
    said: str,
) -> None:
    if make:
        make(tmp_path / "bad.mov", sample)
    order["master"]["path"] = "bad.mov"
    assert said in refused(tmp_path, order, capsys)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda order: order["master"].update(audio_stream=4), "audio stream"),
        (lambda order: order.update(colour="red"), "colour"),
        (lambda order: order["deliver"][0].update(spec="ebu-r129"), "ebu-r128"),
        (lambda order: order["options"].update(model="bigger"), "bigger"),
        (lambda order: order["options"].update(policy="amazon"), "netflix"),
        (lambda order: order["dubs"][0].update(language="xx-XX"), "xx-XX"),
        (lambda order: order["dubs"][1].update(language="fr-fr"), "fr-fr"),
        (lambda order: order["deliver"][0].update(container="mp4"), "pcm_s24le"),
        (lambda order: order["deliver"][0].update(container="avi"), "avi"),
        (lambda order: order["deliver"][0].update(codec="mp3"), "mp3"),
    ],
)
def test_an_order_that_asks_for_the_impossible_is_refused(
    order: Order, tmp_path: Path, capsys: pytest.CaptureFixture[str], spoil: Callable[[Order], None], said: str
) -> None:
    spoil(order)
    assert said in refused(tmp_path, order, capsys)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ({"start": "5 s"}, "5 s"),
        ({"start": "00:00:05:00"}, "past the end of the picture"),
        ({"dialogue": "nowhere.wav"}, "nowhere.wav"),
        ({"dialogue": "order.yaml"}, "order.yaml"),
    ],
)
def test_an_order_whose_only_dub_cannot_be_used_is_refused(
    order: Order, tmp_path: Path, capsys: pytest.CaptureFixture[str], spoil: dict[str, str], said: str
) -> None:
    order["dubs"] = [order["dubs"][0] | spoil]
    assert said in refused(tmp_path, order, capsys)
    with means().catalog.read() as session:
        stages = session.execute(select(m.Recipe.stage)).scalars().all()
        assert session.execute(select(m.TitleLock)).all() == []
    assert "separate" not in stages


def test_text_that_is_not_yaml_is_refused_with_its_line(
    order: Order, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "line 2" in refused(tmp_path, "title: {id: a}\nmaster: [", capsys)


def test_a_bad_dub_among_good_ones_is_named_and_the_others_are_delivered(
    order: Order, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "dub_es.wav").unlink()
    (tmp_path / "dub_es.wav").write_text("This is not sound.\n" * 100)
    path = tmp_path / "order.yaml"
    path.write_text(yaml.safe_dump(order), encoding="utf-8")
    assert run(["localize", str(path), "--out", str(tmp_path / "out"), "--json"]) == 3
    shown = capsys.readouterr()
    assert shown.err.splitlines()[-1].startswith("error: ") and "dub_es.wav" in shown.err.splitlines()[-1]
    told = json.loads(shown.out)
    assert {item["language"] for item in told["deliverables"]} == {"fr-FR"}
    assert len(told["deliverables"]) == len(order["deliver"])
    assert all(Path(item["path"]).is_file() for item in told["deliverables"])
    (left_out,) = told["refused"]
    assert left_out["language"] == "es-419" and "dub_es.wav" in left_out["error"]
    assert not (tmp_path / "out" / order["title"]["id"] / "es-419").exists()
    with means().catalog.read() as session:
        ended = session.execute(select(m.Run.state, m.Run.exit_code)).all()
        assert session.execute(select(m.TitleLock)).all() == []
        assert {row.language for row in session.scalars(select(m.Wanted))} == {"fr-FR", "es-419"}
    assert [tuple(one) for one in ended] == [("failed", 3)]
