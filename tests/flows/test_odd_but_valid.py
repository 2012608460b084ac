"""Odd but valid material goes through, and its oddity is named; empty or one-sided sound invents nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import yaml

from cli.localizing import localize_here
from cli.main import run
from dubline.audio.layout import Layout
from dubline.audio.wav import WavReader, WavWriter
from dubline.media import ffmpeg
from dubline.media.decode import AudioDecoder
from flows.deliver import Localized

pytestmark = pytest.mark.usefixtures("prefect_server")

Samples = npt.NDArray[np.float32]


def convert(*arguments: str) -> Callable[[Path, Path], None]:
    """A master made from the sample's by ffmpeg."""
    return lambda sample, out: ffmpeg.run(["-i", str(sample / "master.mov"), *arguments, str(out)])


def uneven(sample: Path, out: Path) -> None:
    """A true variable frame rate: every frame of the first second, then every third."""
    keep = "select='lt(t,1)+not(mod(n,3))'"
    ffmpeg.run(["-i", str(sample / "master.mov"), "-map", "0:v", "-map", "0:a", "-vf", keep, "-fps_mode", "vfr",
                "-c:v", "mpeg4", "-c:a", "copy", str(out)])  # fmt: skip


H264 = ("-map", "0:v", "-map", "0:a", "-c:v", "copy")
SOUND = ("-map", "0:v", "-map", "0:a", "-c:v", "copy", "-c:a", "pcm_s24le")

ODD: dict[str, tuple[str, Callable[[Path, Path], None], str, str]] = {
    # name -> file, how it is made, container to deliver in, what the report says
    "44.1 kHz": ("m.mov", convert(*SOUND, "-ar", "44100"), "mov", "44100 Hz"),
    "96 kHz": ("m.mov", convert(*SOUND, "-ar", "96000"), "mov", "96000 Hz"),
    "mono": ("m.mov", convert(*SOUND, "-ac", "1"), "mov", "mono"),
    "matroska": ("m.mkv", convert(*H264, "-c:a", "flac"), "mkv", "jitter"),
    "webm": ("m.webm", convert("-map", "0:v", "-map", "0:a", "-c:v", "libvpx", "-c:a", "libopus"), "webm", "subtitles"),
    "mxf": ("m.mxf", convert("-map", "0:v", "-map", "0:a", "-r", "25", "-c:v", "mpeg2video", "-c:a", "pcm_s24le"),
            "mxf", "fr-FR web: mxf carries no language tags"),
    "two streams": ("m.mov", convert(*SOUND, "-map", "0:a"), "mov", "2 audio streams"),
    "uneven frames": ("m.mov", uneven, "mov", "frame rate varies"),
    "odd name": ("it's \"a\" f\u00eflm \u6620\u753b & more.mov", convert(*SOUND), "mov", "subtitles"),
}  # fmt: skip
# A title each: of the others one of each kind of oddity is enough for every day.
EVERY_DAY = ("44.1 kHz", "webm", "uneven frames")
CODECS = {"mov": "pcm_s24le", "mkv": "flac", "webm": "opus", "mxf": "pcm_s24le"}


def localized(folder: Path, master: str, dub: Path, *, container: str = "mov", **options: Any) -> Localized:
    order = {
        "title": {"id": "odd", "name": "Odd <b>&</b> \u00e9trange"},
        "master": {"path": master, "language": "en"},
        "dubs": [{"language": "fr-FR", "dialogue": str(dub)}],
        "deliver": [{"spec": "web", "container": container, "codec": CODECS[container]}],
        "options": {"keep_original": True, **options},
    }
    path = folder / "order.yaml"
    path.write_text(yaml.safe_dump(order, allow_unicode=True), encoding="utf-8")
    return localize_here(path, folder / "out")


def notes(folder: Path) -> str:
    return "\n".join(json.loads((folder / "out" / "odd" / "manifest.json").read_text(encoding="utf-8"))["notes"])


def decoded(path: Path, stream: int = 0) -> Samples:
    with AudioDecoder(path, stream) as decoder:
        return np.concatenate(list(decoder.blocks()))


@pytest.mark.parametrize(
    "name", [name if name in EVERY_DAY else pytest.param(name, marks=pytest.mark.slow) for name in ODD]
)
def test_an_odd_master_goes_through_at_its_own_rate_and_is_named(
    name: str, home: Path, sample: Path, tmp_path: Path
) -> None:
    file, make, container, said = ODD[name]
    make(sample, tmp_path / file)
    result = localized(tmp_path, file, sample / "dub_fr.wav", container=container)
    assert said in notes(tmp_path)
    with AudioDecoder(tmp_path / file) as original, AudioDecoder(result.deliverables[0].path) as dub:
        assert (dub.rate, dub.layout) == (original.rate, original.layout)
        assert sum(map(len, dub.blocks())) == sum(map(len, original.blocks()))


def test_a_varying_frame_rate_is_refused_where_the_spec_demands_a_constant_one(
    home: Path, sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    uneven(sample, tmp_path / "m.mov")
    order = yaml.safe_load((sample / "order.yaml").read_text())
    order["master"]["path"] = str(tmp_path / "m.mov")
    order["dubs"] = [{"language": "fr-FR", "dialogue": str(sample / "dub_fr.wav")}]
    (tmp_path / "order.yaml").write_text(yaml.safe_dump(order))
    assert run(["localize", str(tmp_path / "order.yaml"), "--out", str(tmp_path / "out")]) == 3
    assert "frame rate varies" in capsys.readouterr().err


def test_a_dub_at_another_rate_is_resampled_and_said_and_a_silent_one_is_said(
    home: Path, sample: Path, tmp_path: Path
) -> None:
    ffmpeg.run(["-i", str(sample / "dub_fr.wav"), "-ar", "44100", str(tmp_path / "slow.wav")])
    localized(tmp_path, str(sample / "master.mov"), tmp_path / "slow.wav")
    assert "resampled from 44100 Hz" in notes(tmp_path)
    write(tmp_path / "silent.wav", np.zeros((48000, 1), np.float32), "mono")
    result = localized(tmp_path, str(sample / "master.mov"), tmp_path / "silent.wav")
    assert "dub is silent" in notes(tmp_path)
    # The order is for a spec that nobody verified: every page of the delivery says so.
    assert re.search(r"spec web version \d+ is not verified", notes(tmp_path))
    assert "\n".join(result.notes) == notes(tmp_path)
    (delivered,) = json.loads((tmp_path / "out" / "odd" / "manifest.json").read_text(encoding="utf-8"))["deliverables"]
    assert delivered["spec"]["verified"] is False
    assert "was not verified" in (tmp_path / "out" / "odd" / "qc" / "report.html").read_text(encoding="utf-8")
    assert [check["name"] for check in delivered["checks"] if check["name"] == "spec"]


def write(path: Path, samples: Samples, layout: str) -> None:
    with WavWriter(path, rate=48000, layout=Layout.parse(layout)) as writer:
        writer.write(samples)


def film_with(sound: Samples, sample: Path, folder: Path) -> str:
    """The sample's picture over another sound."""
    write(folder / "sound.wav", sound, "stereo")
    ffmpeg.run(["-i", str(sample / "master.mov"), "-f", "wav", "-i", str(folder / "sound.wav"), "-map", "0:v",
                "-map", "1:a", "-c:v", "copy", "-c:a", "pcm_f32le", str(folder / "m.mov")])  # fmt: skip
    return "m.mov"


def stems(result: Localized) -> dict[str, Samples]:
    found = {}
    for name in ("me", "dx", "mx", "fx", "optional", "dx-guide"):
        with WavReader(Path(result.me["me"]).with_name(f"odd_{name}.wav")) as reader:
            found[name] = reader.read()
    return found


def stem(sample: Path, name: str) -> Samples:
    with WavReader(sample / "stems" / f"{name}.wav") as reader:
        return reader.read()


def test_digital_silence_stays_digital_silence(home: Path, sample: Path, tmp_path: Path) -> None:
    master = film_with(np.zeros((6 * 48000, 2), np.float32), sample, tmp_path)
    for name, samples in stems(localized(tmp_path, master, sample / "dub_fr.wav")).items():
        assert not samples.any(), name


@pytest.mark.parametrize("kept", [("music", "effects"), pytest.param(("dialogue",), marks=pytest.mark.slow)])
def test_a_film_of_one_kind_of_sound_goes_through_and_invents_none(
    kept: tuple[str, ...], home: Path, sample: Path, tmp_path: Path
) -> None:
    mix = np.sum([stem(sample, name) for name in kept], axis=0, dtype=np.float32)
    made = stems(localized(tmp_path, film_with(mix, sample, tmp_path), sample / "dub_fr.wav"))
    for name, samples in made.items():
        assert np.isfinite(samples).all()
        # No stem holds more energy than the mix it came from could give it.
        assert np.square(samples).sum() <= 2 * np.square(mix).sum(), name
    np.testing.assert_allclose(made["dx"] + made["mx"] + made["fx"], mix, atol=10 ** (-90 / 20))
