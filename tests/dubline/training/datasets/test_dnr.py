"""Items of Divide and Remaster: exact sums, kept levels, limited peaks, variants that share their background."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dubline.loudness.clip import integrated_loudness, true_peak_db
from dubline.training.corpus import RATE, Samples
from dubline.training.datasets import presets
from dubline.training.datasets.dnr import TRACKS, item_levels, master, render_background, render_item
from dubline.training.datasets.pools import Pools, open_pools
from dubline.training.datasets.presets import SUBMIXES, Peak
from dubline.training.datasets.sources import from_corpus

preset = presets.get("dnr-v3").dnr
assert preset is not None
RULES = preset
LIMITER = Peak(control="limiter", ceiling_db=-2.0)


def _submixes(seed: int, *levels: float) -> dict[str, Samples]:
    rng = np.random.default_rng(seed)
    return {
        name: (10 ** (level / 20) * rng.standard_normal(4 * RATE)).astype(np.float32)
        for name, level in zip(SUBMIXES, levels, strict=True)
    }


def assert_sums(tracks: dict[str, Samples]) -> None:
    assert set(tracks) == set(TRACKS)
    assert np.array_equal(tracks["sfx"], tracks["sfx_fg"] + tracks["sfx_bg"])
    assert np.array_equal(tracks["mixture"], tracks["speech"] + tracks["music"] + tracks["sfx"])
    for track in tracks.values():
        codes = track.astype(np.float64) * 2**23
        assert np.array_equal(codes, np.rint(codes)) and np.abs(codes).max(initial=0) < 2**23


def test_mastering_keeps_relative_levels_and_sums_exactly() -> None:
    submixes = _submixes(1, -30, -35, -35, -43)
    tracks = master(submixes, LIMITER, lufs=-27.0)
    assert_sums(tracks)
    assert integrated_loudness(tracks["mixture"], RATE) == pytest.approx(-27.0, abs=0.01)
    gains = {name: np.sqrt(np.mean(tracks[name] ** 2) / np.mean(submixes[name] ** 2)) for name in SUBMIXES}
    assert max(gains.values()) == pytest.approx(min(gains.values()), rel=1e-4)


def test_peaks_of_a_submix_are_limited_and_the_others_left_alone() -> None:
    submixes = _submixes(2, -40, -40, -40, -50)
    submixes["sfx_fg"][RATE : RATE + 100] *= 300
    tracks = master(submixes, LIMITER, lufs=-20.0)
    assert_sums(tracks)
    level = true_peak_db(tracks["sfx_fg"], RATE)
    assert level is not None and -2.5 < level <= -1.99
    ratio = tracks["music"] / np.where(submixes["music"] == 0, 1, submixes["music"])
    assert np.ptp(ratio[np.abs(submixes["music"]) > 0.005]) < 1e-3 * np.median(ratio)


def test_a_mixture_above_full_scale_is_turned_down_and_not_clipped() -> None:
    submixes = _submixes(3, -10, -10, -10, -10)
    tracks = master(submixes, LIMITER, lufs=-2.0)
    assert_sums(tracks)
    assert np.abs(tracks["mixture"]).max() > 0.999
    halved = master(submixes, Peak(control="gain", ceiling_db=-6.02), lufs=-2.0)
    assert_sums(halved)
    assert np.abs(halved["mixture"]).max() == pytest.approx(0.5, abs=1e-3)


def test_silence_is_mastered_to_silence() -> None:
    tracks = master({name: np.zeros(RATE, np.float32) for name in SUBMIXES}, LIMITER, lufs=-27.0)
    assert_sums(tracks)
    assert not any(track.any() for track in tracks.values())


@pytest.fixture(scope="module")
def pools(corpus_folder: Path) -> Pools:
    return open_pools(RULES, from_corpus(corpus_folder), "train", variants=("multi", "en"), where="corpus")


def test_variants_share_background_and_levels(pools: Pools) -> None:
    place = {"seed": 42, "split": "train", "index": 3, "frames": 12 * RATE}
    background = render_background(RULES, pools, **place)
    again = render_background(RULES, pools, **place)
    items = {
        variant: render_item(RULES, pools, background, variant=variant, **place) for variant in ("multi", "en", "de")
    }
    for name, submix in background.items():
        assert np.array_equal(submix.samples, again[name].samples) and submix.events == again[name].events
    speech = {variant: item.submixes["speech"] for variant, item in items.items()}
    assert len({submix.target_lufs for submix in speech.values()}) == 1
    assert all("speech" in event.file for event in speech["en"].events)
    assert not np.array_equal(speech["en"].samples, speech["de"].samples)
    level = item_levels(RULES, seed=42, split="train", index=3)
    for item in items.values():
        assert_sums(dict(item.tracks))
        loudness = integrated_loudness(item.tracks["mixture"], RATE)
        assert loudness == pytest.approx(level.master_lufs, abs=0.5)


def test_levels_of_many_items_follow_the_table() -> None:
    levels = [item_levels(RULES, seed=1, split="train", index=index) for index in range(1_500)]
    speech, mastered, counts = (np.array(column) for column in zip(*levels, strict=True))
    assert speech.mean() == pytest.approx(-27, abs=0.4) and speech.std() == pytest.approx(4, rel=0.07)
    assert mastered.mean() == pytest.approx(-27, abs=0.1) and mastered.std() == pytest.approx(1, rel=0.07)
    assert counts.min() >= 1 and counts.mean() == pytest.approx(8, rel=0.03)
