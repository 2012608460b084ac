"""A title in a catalog as a run leaves it, made in seconds: every track another noise, none passes for another."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from db.catalog import Catalog
from db.recipes import Recipe
from db.store import Store
from dubline.audio.layout import Layout
from dubline.audio.wav import WavReader, WavWriter
from dubline.loudness import specs
from dubline.loudness.meter import measure_wav
from dubline.quality.tiles.thumbnails import tile_picture
from dubline.quality.tiles.track import tile_track
from dubline.repair.report import Treatment
from dubline.vocalization.decide import Decision
from dubline.vocalization.events import Event
from tests.films import film

RATE = 48_000
TRACKS = ("ov", "dx", "me", "me_filled", "optional", "dx_guide", "mix")
LANGUAGE = "fr-FR"
EVENTS = (
    Event(1.0, 1.6, ("FL", "FR"), "speech", 0.99, 4.0, "remove"),
    Event(2.2, 2.7, ("FL", "FR"), "laughter", 0.9, 9.0, "optional"),
    Event(4.0, 4.5, ("FL", "FR"), "breath", 0.8, 2.0, "keep"),
)


class Workshop:
    """Writes what steps would have made into a catalog and its store."""

    def __init__(self, catalog: Catalog, store: Store, folder: Path) -> None:
        self.catalog, self.store, self.folder = catalog, store, folder
        folder.mkdir(parents=True, exist_ok=True)
        self.run_id = 0

    def begin(self, *, seconds: float, slug: str = "glass-harbor", name: str = "Glass Harbor") -> int:
        """A run of a title that lasts ``seconds``; gives the version's id."""
        version_id = self.catalog.register_title(
            slug=slug, name=name, original_language="en", version_label="theatrical", fps=(24, 1),
            som_timecode="01:00:00:00", duration_frames=round(seconds * 24),
        )  # fmt: skip
        self.run_id = self.catalog.start_run(version_id, trigger="user", host="here")
        return version_id

    def step(
        self, stage: str, files: dict[str, Path], inputs: dict[str, str] | None = None, **params: Any
    ) -> dict[str, str]:
        """A completed step; gives its outputs."""
        step_id = self.catalog.begin_step(self.run_id, Recipe(stage, 1, params, inputs or {}))
        outputs = {role: self.store.put(path, suffix=path.suffix, move=False) for role, path in files.items()}
        self.catalog.finish_step(step_id, outputs)
        return {role: asset.sha256 for role, asset in outputs.items()}

    def tiled(self, track: str, sound: str, tiles: Path, index: dict[str, Any]) -> None:
        """The tiles of a track."""
        language = LANGUAGE if track == "mix" else ""
        listed = self.listed(tiles.with_suffix(".json"), index | {"track": track, "language": language})
        self.step("tiles", {"tiles": tiles, "index": listed}, {"sound": sound}, track=track, language=language)

    def deliver(self, version_id: int, sound: str, name: str) -> int:
        """A file made of the mix; gives its id."""
        path = self.folder / f"{name}.mov"
        path.write_bytes(name.encode())
        made = self.step("remux", {"deliverable": path}, {"conformed": sound}, name=name)
        spec = specs.get("ebu-r128")
        return self.catalog.record_deliverable(
            version_id, language=LANGUAGE, spec_id=spec.id, spec_version=str(spec.version), spec_body=spec.body(),
            sha256=made["deliverable"], path=path, container="mov", codec="pcm_s24le", verdict="pass",
            checks=[{"name": "programme loudness", "verdict": "pass"}], measurement={"integrated_lufs": -23.0},
        )  # fmt: skip

    def listed(self, path: Path, body: Any) -> Path:
        """``body`` as JSON."""
        path.write_text(json.dumps(body), encoding="utf-8")
        return path

    def report(self, events: Sequence[Event]) -> Path:
        """What a cleaning says that found ``events``."""
        rows = [
            Treatment(event, "subtraction", Decision(event, "netflix@2", "as its label", replace(event)), None, RATE)
            for event in events
        ]
        body = {"treatments": [row.to_json() for row in rows], "remaining": [], "edits": {"dropped": []}}
        return self.listed(self.folder / "report.json", body | {"layout": "stereo"})


def short_title(workshop: Workshop, *, seconds: float = 8.0, runs: int = 1, name: str = "Glass Harbor") -> int:
    """A whole title of some seconds, run so often, each time with another mix; gives the version's id."""
    picture = film(workshop.folder / "film.mkv", int(seconds))
    version_id = 0
    for run in range(runs):
        version_id = workshop.begin(seconds=seconds, name=name)
        sounds = {track: _noise(workshop.folder, track, seconds, run) for track in TRACKS}
        made = workshop.step("demux", {"ov_mix": sounds["ov"]})
        made |= workshop.step("join", {"dx": sounds["dx"], "me": sounds["me"]}, {"ov_mix": made["ov_mix"]})
        cleaned = {role: sounds[role] for role in ("me_filled", "optional", "dx_guide")}
        given = {"me": made["me"], "dx": made["dx"]}
        made |= workshop.step("clean", {**cleaned, "report": workshop.report(EVENTS)}, given, run=run)
        made |= workshop.step("mix", {"print_master": sounds["mix"]}, {"me_filled": made["me_filled"]})
        by_track = {**made, "ov": made["ov_mix"], "mix": made["print_master"]}
        for track in ("me_filled", "mix"):
            _, curves = measure_wav(sounds[track], speech=None)
            path = workshop.folder / f"{track}.parquet"
            pq.write_table(curves, path)
            workshop.step("measure", {"loudness": path}, {"track": by_track[track]})
        for track in TRACKS:
            tiles = workshop.folder / f"{track}.tiles"
            workshop.tiled(track, by_track[track], tiles, tile_track(sounds[track], tiles))
        tiles = workshop.folder / "thumbnails.tiles"
        index = workshop.listed(tiles.with_suffix(".json"), tile_picture(picture, tiles, seconds=seconds))
        workshop.step("thumbnails", {"tiles": tiles, "index": index})
        workshop.deliver(version_id, made["print_master"], f"run{run}")
        workshop.catalog.finish_run(workshop.run_id, "completed")
    return version_id


def long_title(workshop: Workshop, *, hours: float, events: int) -> int:
    """A title of some hours, whose tiles are those of its first seconds again and again; gives the version's id."""
    seconds = hours * 3600.0
    version_id = workshop.begin(seconds=seconds, slug="long-night", name="Long Night")
    spread = np.linspace(1.0, seconds - 2.0, events)
    found = [
        replace(EVENTS[n % 3], start_seconds=float(at), end_seconds=float(at) + 0.6, id="")
        for n, at in enumerate(spread)
    ]
    made = workshop.step("clean", {"report": workshop.report(found)})
    for number, track in enumerate(TRACKS):
        path = workshop.folder / f"long_{track}.tiles"
        sound = _clicks(workshop.folder, track, 3.0)
        seed = tile_track(sound, path)
        index = _repeated(path, seed, round(seconds * RATE))
        asset = workshop.step("mix", {"print_master": sound}, {"report": made["report"]}, number=number)
        workshop.tiled(track, asset["print_master"], path, index)
    workshop.catalog.finish_run(workshop.run_id, "completed")
    return version_id


def _repeated(path: Path, seed: dict[str, Any], frames: int) -> dict[str, Any]:
    """The index, and in place of ``path`` the file, of a track ``frames`` long that sounds like ``seed`` throughout."""
    body = path.read_bytes()
    block = body[: seed["audio"]["sizes"][0]]
    tile = seed["spectrogram"]["levels"][0]
    picture = body[tile["at"] : tile["at"] + tile["sizes"][0]]
    pairs = body[seed["peaks"][0]["at"] :][:1024]
    parts: list[bytes] = []
    at = 0

    def section(piece: bytes, count: int) -> dict[str, Any]:
        nonlocal at
        parts.append(piece * count)
        begins, at = at, at + len(piece) * count
        return {"at": begins, "sizes": [len(piece)] * count}

    span = seed["audio"]["span"]
    audio = {"span": span, **section(block, -(-frames // span))}
    levels = []
    hop = seed["spectrogram"]["levels"][0]["hop"]
    while True:
        count = -(-frames // (hop * seed["spectrogram"]["width"]))
        levels.append({"hop": hop, **section(picture, count)})
        if count == 1:
            break
        hop *= 2
    peaks, hop = [], 256
    while hop < 2 * frames:
        count = -(-frames // hop)
        begins = section(pairs, -(-count * 2 // 1024))["at"]
        peaks.append({"hop": hop, "at": begins, "count": count})
        hop *= 2
    path.write_bytes(b"".join(parts))
    return seed | {
        "frames": frames,
        "audio": audio,
        "peaks": peaks,
        "spectrogram": seed["spectrogram"] | {"levels": levels},
    }


def _noise(folder: Path, track: str, seconds: float, run: int) -> Path:
    path = folder / f"{track}.wav"
    seed = TRACKS.index(track) + 100 * run * (track == "mix")
    samples = np.random.default_rng(seed).standard_normal((round(seconds * RATE), 2)).astype(np.float32) * 0.05
    with WavWriter(path, rate=RATE, layout=Layout.parse("stereo")) as writer:
        writer.write(samples)
    return path


def _clicks(folder: Path, track: str, seconds: float) -> Path:
    """Next to nothing, which takes next to no room on the disk."""
    samples = np.zeros((round(seconds * RATE), 2), dtype=np.float32)
    samples[:: RATE // 4] = 0.5
    with WavWriter(folder / f"{track}.wav", rate=RATE, layout=Layout.parse("stereo")) as writer:
        writer.write(samples)
    return folder / f"{track}.wav"


def samples_of(path: Path) -> Any:
    """A WAV's samples as a listener's 16 bits have them."""
    with WavReader(path) as reader:
        return np.rint(reader.read() * 32767) / 32768
