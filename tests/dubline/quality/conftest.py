"""A short film and one dub's mix of it, remuxed for real: what delivery checks are tried on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dubline.audio.layout import Layout
from dubline.audio.wav import WavReader, WavWriter
from dubline.loudness import specs
from dubline.media import languages
from dubline.media.probe import probe
from dubline.media.remux import Track, remux
from dubline.media.streams import Media
from dubline.quality.delivery import Expected, check_delivery
from dubline.quality.delivery_report import DeliveryReport
from samples.build import build

FRAMES = 6 * 48_000


@dataclass
class Film:
    """A six-second title in stereo and 5.1, and a mix of its French dub in each."""

    folder: Path
    masters: dict[str, Path] = field(default_factory=dict)
    mixes: dict[str, Path] = field(default_factory=dict)
    media: dict[str, Media] = field(default_factory=dict)


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    film = Film(tmp_path_factory.mktemp("film"))
    build(film.folder, seconds=6)
    with WavReader(film.folder / "dub_fr.wav") as reader:
        dub = reader.read()[:, 0]
    for layout, master, stems in (("stereo", "master.mov", "stems"), ("5.1", "master_5.1.mov", "stems_5.1")):
        film.masters[layout] = film.folder / master
        film.media[layout] = probe(film.folder / master)
        film.mixes[layout] = film.folder / f"mix_{layout}.wav"
        with (
            WavReader(film.folder / stems / "music.wav") as music,
            WavReader(film.folder / stems / "effects.wav") as fx,
        ):
            mix = music.read() + fx.read()
        for channel in (0, 1) if layout == "stereo" else (2,):
            mix[:, channel] += dub
        write(film.mixes[layout], mix)
    return film


def write(path: Path, samples: np.ndarray, *, rate: int = 48_000) -> Path:
    with WavWriter(path, rate=rate, layout=Layout.default(samples.shape[1])) as writer:
        writer.write(samples.astype(np.float32))
    return path


@pytest.fixture
def deliver(film: Film, tmp_path: Path) -> Callable[..., DeliveryReport]:
    """Remuxes ``encoded`` (the mix, unless given) and checks the file against the mix; keywords change either."""

    def deliver(
        *,
        container: str = "mov",
        codec: str = "pcm_s24le",
        layout: str = "stereo",
        encoded: Path | None = None,
        tag: str = "fr-FR",
        kept: bool = True,
        reference: Path | None = None,
        after: Callable[[Path], Path] = lambda path: path,
        **checked: Any,
    ) -> DeliveryReport:
        out = tmp_path / f"out.{container}"
        master, media = film.masters[layout], film.media[layout]
        track = Track(encoded or film.mixes[layout], codec, languages.parse(tag))
        remux(master, media, [track], out, container=container, keep_original=kept)
        wanted: dict[str, Any] = {
            "media": media,
            "ov_mix_frames": FRAMES,
            "spec": specs.get("netflix-nearfield"),
            "container": container,
            "codec": codec,
            "expected": [Expected(languages.parse("fr-FR"), reference or film.mixes[layout])],
            "keep_original": kept,
        }
        return check_delivery([after(out)], **(wanted | checked))

    return deliver
