"""Data sets: the same bytes however they are built, whole or not there, described by their manifests."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from dubline.errors import BadInput, Cancelled, EnvironmentFault
from dubline.loudness.clip import integrated_loudness
from dubline.training.corpus import RATE
from dubline.training.datasets import presets
from dubline.training.datasets.build import Plan, build
from dubline.training.datasets.files import EVENT_COLUMNS, read_table
from dubline.training.datasets.folder import DnrFolder
from dubline.training.datasets.items import splits, variants
from dubline.training.datasets.sources import Piece, from_corpus


@pytest.fixture(scope="module")
def plan(corpus_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return Plan(
        preset=presets.get("dnr-v3"),
        sources=from_corpus(corpus_folder),
        split="train",
        variants=("multi", "en"),
        items=3,
        seconds=8.0,
        seed=42,
        out=tmp_path_factory.mktemp("data") / "dnr",
        where=str(corpus_folder),
        corpus=corpus_folder,
        npy=True,
    )


@pytest.fixture(scope="module")
def built(plan: Plan) -> Path:
    assert build(plan) == 3
    return plan.out


def hashes(out: Path) -> dict[str, str]:
    return {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


def test_two_workers_write_the_bytes_that_one_writes(plan: Plan, built: Path, tmp_path: Path) -> None:
    build(replace(plan, out=tmp_path / "other"), workers=2)
    assert hashes(tmp_path / "other") == hashes(built)


def test_what_is_complete_is_left_and_what_is_not_is_made_again(plan: Plan, built: Path, tmp_path: Path) -> None:
    out = tmp_path / "cut"
    shutil.copytree(built, out)
    whole = hashes(out)
    # As a killed run leaves it: one item half-written beside its place, one without its last folder.
    shutil.rmtree(out / "audio/en/train/000001")
    shutil.rmtree(out / "audio/multi/train/000002")
    shutil.rmtree(out / "npy32/multi/train/000002")
    (out / ".partial/en-train-000001/audio").mkdir(parents=True)
    (out / ".partial/en-train-000001/audio/speech.wav").write_bytes(b"RIFF")
    kept = (out / "audio/multi/train/000001/speech.wav").stat().st_mtime_ns
    assert build(replace(plan, out=out)) == 2
    assert hashes(out) == whole
    assert (out / "audio/multi/train/000001/speech.wav").stat().st_mtime_ns == kept
    assert build(replace(plan, out=out)) == 0


def test_a_folder_holds_one_data_set(plan: Plan, built: Path) -> None:
    before = hashes(built)
    for other in (replace(plan, seed=43), replace(plan, seconds=9.0), replace(plan, preset=presets.get("dnr-v2"))):
        with pytest.raises(BadInput, match="made with another"):
            build(other)
    assert hashes(built) == before


def test_a_second_build_at_the_same_time_is_refused(plan: Plan, built: Path, tmp_path: Path) -> None:
    out = tmp_path / "busy"
    shutil.copytree(built, out)

    def second(done: int, total: int) -> None:
        with pytest.raises(EnvironmentFault, match="another build"):
            build(replace(plan, out=out))
        raise Cancelled("enough", "test", "none")

    with pytest.raises(Cancelled):
        build(replace(plan, out=out, items=4), progress=second)


def test_a_missing_kind_or_language_is_said_before_anything_is_written(plan: Plan, tmp_path: Path) -> None:
    out = tmp_path / "none"
    speechless = tuple(source for source in plan.sources if source.kind != "speech")
    for bad in (replace(plan, sources=speechless, out=out), replace(plan, variants=("xx",), out=out)):
        with pytest.raises(BadInput, match="no speech"):
            build(bad)
    assert not out.exists()


def test_files_are_24_bit_mono_and_stems_sum_to_the_last_code(built: Path) -> None:
    item = built / "audio/multi/train/000000"
    about = soundfile.info(item / "mixture.wav")
    assert (about.samplerate, about.channels, about.subtype, about.frames) == (RATE, 1, "PCM_24", 8 * RATE)
    codes = {path.stem: soundfile.read(path, dtype="int32")[0] >> 8 for path in item.glob("*.wav")}
    assert set(codes) == {"speech", "music", "sfx_fg", "sfx_bg", "sfx", "mixture"}
    assert np.array_equal(codes["sfx"], codes["sfx_fg"] + codes["sfx_bg"])
    assert np.array_equal(codes["mixture"], codes["speech"] + codes["music"] + codes["sfx"])
    array = np.load(built / "npy32/multi/train/000000/speech.npy")
    assert array.dtype == np.float32 and array.shape == (1, 8 * RATE)
    assert np.array_equal(array[0] * 2**23, codes["speech"])


@pytest.mark.parametrize("submix", presets.SUBMIXES)
def test_a_manifest_rebuilds_its_submix(built: Path, submix: str) -> None:
    rows = read_table(built / f"manifest/en/train/000000/{submix}.csv")
    assert rows and tuple(rows[0]) == EVENT_COLUMNS
    canvas = np.zeros(8 * RATE)
    for row in rows:
        start, length = int(row["start_sample"]), int(row["length_sample"])
        assert float(row["end_seconds"]) == pytest.approx((start + length) / RATE)
        sound = Piece(row["file"]).samples(int(row["segment_start_sample"]), length)
        loudness = integrated_loudness(sound, RATE)
        assert loudness is not None
        canvas[start : start + length] += sound * 10 ** ((float(row["lufs"]) - loudness) / 20)
    reached = integrated_loudness(canvas.astype(np.float32), RATE)
    assert reached == pytest.approx(float(rows[0]["submix_lufs"]), abs=1e-3)
    assert reached == pytest.approx(float(rows[0]["submix_lufs_target"]), abs=0.5)
    # The file is this at the master's gain: one factor, where nothing had to be limited.
    track, _ = soundfile.read(built / f"audio/en/train/000000/{submix}.wav")
    if np.abs(track).max() < 0.7:
        gain = (track @ canvas) / (canvas @ canvas)
        assert np.sum((track - gain * canvas) ** 2) <= 1e-6 * np.sum(track**2)


def test_metadata_tells_what_the_files_measure(built: Path) -> None:
    rows = {row["track"]: row for row in read_table(built / "audio_metadata/en/train/000002.csv")}
    for name in ("speech", "mixture"):
        samples, _ = soundfile.read(built / f"audio/en/train/000002/{name}.wav", dtype="float32")
        assert float(rows[name]["loudness_integrated"]) == pytest.approx(integrated_loudness(samples, RATE))
        assert float(rows[name]["naive_peak"]) == pytest.approx(20 * np.log10(np.abs(samples).max()))
        assert float(rows[name]["true_peak"]) >= float(rows[name]["naive_peak"])
    levels = read_table(built / "precompute/train.csv")
    assert [row["idx"] for row in levels] == ["0", "1", "2"]
    assert float(rows["mixture"]["loudness_integrated"]) == pytest.approx(float(levels[2]["master_lufs"]), abs=0.5)


def test_a_language_variant_speaks_that_language(plan: Plan, built: Path) -> None:
    spoken = {source.file: source.language for source in plan.sources}
    for index in range(3):
        rows = read_table(built / f"manifest/en/train/{index:06d}/speech.csv")
        assert {spoken[row["file"]] for row in rows} == {"en"}
        for name in ("music", "sfx_fg", "sfx_bg"):
            mine, others = (built / f"manifest/{v}/train/{index:06d}/{name}.csv" for v in ("en", "multi"))
            assert mine.read_bytes() == others.read_bytes()


def test_a_built_folder_is_read_as_items(built: Path) -> None:
    assert variants(built) == ("en", "multi") and splits(built) == ("train",)
    data = DnrFolder(built, "train")
    assert len(data) == 6 and data.rate == RATE
    assert data.names[0] == "en/000000" and data.variant_of[-1] == "multi"
    item = data[4]
    assert item.shape == (3, 8 * RATE) and item.dtype == torch.float32
    assert torch.equal(item[0] + item[1] + item[2], data.mixture(4))
    assert len(DnrFolder(built, "train", variants=["multi"])) == 3
    for wrong in ({"split": "val"}, {"split": "train", "variants": ["fr"]}):
        with pytest.raises(BadInput, match="no items"):
            DnrFolder(built, **wrong)  # type: ignore[arg-type]


def test_arrays_alone_are_items_too(built: Path, tmp_path: Path) -> None:
    shutil.copytree(built / "npy32", tmp_path / "npy32")
    assert torch.equal(DnrFolder(tmp_path, "train")[1], DnrFolder(built, "train")[1])


def test_version_2_folders_are_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    stems = {name: 0.1 * rng.standard_normal(44_100).astype(np.float32) for name in ("speech", "music", "sfx")}
    (tmp_path / "tt/1089").mkdir(parents=True)
    for name, samples in {**stems, "mix": sum(stems.values())}.items():
        soundfile.write(tmp_path / f"tt/1089/{name}.wav", samples, 44_100, subtype="PCM_16")
    data = DnrFolder(tmp_path, "test")
    assert (len(data), data.rate, data.names) == (1, 44_100, ("v2/1089",))
    assert torch.allclose(data[0].sum(dim=0), data.mixture(0), atol=1e-4)
    (tmp_path / "tt/1089/sfx.wav").unlink()
    with pytest.raises(BadInput, match="no sfx"):
        _ = data[0]


def test_the_product_preset_is_rendered_to_the_same_layout(plan: Plan, tmp_path: Path) -> None:
    product = replace(plan, preset=presets.get("product"), variants=("product",), out=tmp_path / "one", items=2)
    build(product)
    data = DnrFolder(tmp_path / "one", "train")
    assert len(data) == 2 and data[0].shape == (3, 8 * RATE)
    assert torch.equal(data[0].sum(dim=0), data.mixture(0))
    assert not torch.equal(data[0], data[1])
    build(replace(product, out=tmp_path / "two"))
    assert torch.equal(DnrFolder(tmp_path / "two", "train")[1], data[1])
