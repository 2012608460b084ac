"""A dub out of sync is named; it is conformed or refused only where the order says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soxr
import yaml

from cli.localizing import localize_here
from cli.main import run
from dubline.audio.layout import Layout
from dubline.audio.wav import WavReader, WavWriter
from dubline.media.decode import AudioDecoder

pytestmark = pytest.mark.usefixtures("prefect_server")


def write(path: Path, samples: np.ndarray[Any, np.dtype[np.float32]], layout: str) -> str:
    with WavWriter(path, rate=48000, layout=Layout.parse(layout)) as writer:
        writer.write(samples.astype(np.float32))
    return str(path)


def ordered(folder: Path, sample: Path, *dubs: dict[str, Any]) -> Path:
    order = {
        "title": {"id": "sync", "name": "Sync"},
        "master": {"path": str(sample / "master.mov"), "language": "en"},
        "dubs": list(dubs),
        "deliver": [{"spec": "web", "container": "mov", "codec": "pcm_s24le"}],
    }
    path = folder / "order.yaml"
    path.write_text(yaml.safe_dump(order), encoding="utf-8")
    return path


def test_a_dub_out_of_sync_is_named_conformed_or_refused_as_ordered(
    home: Path, sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The film's own dialogue as a dub: one of a 25 fps transfer, one half a second late, in three mono files."""
    with WavReader(sample / "stems" / "dialogue.wav") as reader:
        dialogue = reader.read()
    fast = write(tmp_path / "fast.wav", soxr.resample(dialogue, 50000, 48000), "stereo")
    silence = np.zeros((len(dialogue), 1), np.float32)
    channels = {"L": silence, "R": silence, "C": dialogue.mean(axis=1, keepdims=True)}
    files = {name: write(tmp_path / f"late_{name}.wav", sound[:-24000], "mono") for name, sound in channels.items()}
    late = {"language": "fr-FR", "dialogue": files, "start_samples": 24000, "level": {"match": "scene"}}
    conform = {"language": "es-419", "dialogue": fast, "sync": "conform"}
    result = localize_here(ordered(tmp_path, sample, conform, late), tmp_path / "out")

    manifest = json.loads((tmp_path / "out" / "sync" / "manifest.json").read_text(encoding="utf-8"))
    spanish, french = manifest["dubs"]
    assert (spanish["sync"]["ratio"], spanish["sync"]["cause"]) == ("25/24", "a 25 fps dub on a 24 fps master")
    assert spanish["conformed"]["speed"] == "25/24" and abs(spanish["conformed"]["moved_frames"]) <= 48
    assert french["sync"]["offset_seconds"] == pytest.approx(0.5, abs=1e-3) and french["conformed"] is None
    assert (french["level"]["level_match"], len(french["level"]["scenes"])) == ("scene", 1)
    notes = "\n".join(manifest["notes"])
    assert "the es-419 dub runs 4.17 % fast" in notes and "as ordered it was resampled by 25/24" in notes
    assert "the fr-FR dub is 0.500 s late at the first frame" in notes and "it was left as it is" in notes

    # Conformed, the film's own dialogue on its M&E is the film again.
    (path,) = (item.path for item in result.deliverables if item.language == "es-419")
    with AudioDecoder(path) as made, AudioDecoder(sample / "master.mov") as master:
        one, two = (np.concatenate(list(decoder.blocks()))[:, 0] for decoder in (made, master))
    size = 1 << (2 * len(one)).bit_length()
    products = np.fft.irfft(np.conj(np.fft.rfft(one, size)) * np.fft.rfft(two, size))
    assert min(int(products.argmax()), size - int(products.argmax())) <= 48

    refused = ordered(tmp_path, sample, {**late, "sync": "fail"})
    assert run(["localize", str(refused), "--out", str(tmp_path / "refused")]) == 3
    assert "is 0.500 s late at the first frame" in capsys.readouterr().err
    assert not (tmp_path / "refused" / "sync").exists()
