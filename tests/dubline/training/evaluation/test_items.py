"""Evaluation items are reproducible, share nothing with training, and lie at the level they claim."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from dubline.audio.layout import Layout
from dubline.audio.wav import WavWriter
from dubline.errors import BadInput
from dubline.quality.ratios import si_sdr
from dubline.training.corpus import Corpus, Holdout, split
from dubline.training.evaluation.items import ItemSet, corpus_sets, dnr_set, folder_set

RATE = 48_000
# Half of all groups are held out, so that there is something of every kind.
HALF = Holdout(languages=("hu",), share=0.5)
STEMS = ("dialogue", "music", "effects")


def by_name(sets: list[ItemSet]) -> dict[str, ItemSet]:
    return {one.name: one for one in sets}


@pytest.fixture(scope="module")
def sets(corpus: Corpus) -> dict[str, ItemSet]:
    return by_name(corpus_sets(corpus, items=4, seconds=0.5, holdout=HALF))


def test_every_kind_of_material_is_a_set_and_half_as_many_stand_beside_the_first(sets: dict[str, ItemSet]) -> None:
    assert {name: len(one) for name, one in sets.items()} == {
        "unseen languages": 4,
        "seen languages": 2,
        "vocalizations": 2,
        "no dialogue": 2,
        "training recordings": 2,
    }
    assert [name for name, one in sets.items() if one.ordinary] == ["unseen languages", "seen languages"]


def test_the_same_arguments_give_the_same_samples_and_another_seed_others(corpus: Corpus) -> None:
    def samples(seed: int) -> np.ndarray:
        return np.stack([item.truth.mix for item in corpus_sets(corpus, items=2, seconds=0.5, seed=seed)[0]])

    np.testing.assert_array_equal(samples(1), samples(1))
    assert not np.array_equal(samples(1), samples(2))


def test_the_median_input_of_a_set_is_at_0_db(sets: dict[str, ItemSet]) -> None:
    for name in ("unseen languages", "seen languages", "vocalizations", "training recordings"):
        levels = [si_sdr(item.truth.mix, item.truth.stems.dx) for item in sets[name]]
        # Not quite nought, because dialogue and background are not quite at right angles.
        assert np.median(levels) == pytest.approx(0.0, abs=0.3)


def test_items_say_what_they_are_made_of(corpus: Corpus, sets: dict[str, ItemSet]) -> None:
    known = {clip.language for clip in split(corpus, HALF)[0].of("speech")}
    assert "hu" in {item.traits["language"] for item in sets["unseen languages"]}
    assert not known & {item.traits["language"] for item in sets["unseen languages"]}
    assert known >= {item.traits["language"] for item in sets["seen languages"]}
    assert {item.traits["label"] for item in sets["vocalizations"]} == {"vocalizations"}
    for item in sets["no dialogue"]:
        assert not item.truth.stems.dx.any()
        assert item.truth.stems.me.any()


def test_languages_take_turns(corpus: Corpus) -> None:
    everything = Holdout(languages=("hu", "de", "fr"), share=0.0)
    unseen = by_name(corpus_sets(corpus, items=6, seconds=0.5, holdout=everything))["unseen languages"]
    assert [item.traits["language"] for item in unseen] == ["de", "fr", "hu"] * 2


def test_a_corpus_of_which_nothing_is_held_out_is_refused(corpus: Corpus) -> None:
    with pytest.raises(BadInput, match="no speaker is held out"):
        corpus_sets(corpus, holdout=Holdout(languages=(), share=0.0))


def write_item(folder: Path, layout: Layout, *, frames: int = 4_800, rate: int = RATE, leave_out: str = "") -> None:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(6)
    for name in STEMS:
        if name != leave_out:
            with WavWriter(folder / f"{name}.wav", rate=rate, layout=layout) as writer:
                writer.write((0.1 * rng.standard_normal((frames, layout.channels))).astype(np.float32))


def test_a_folder_of_stems_is_read_in_its_own_layout_and_rate(tmp_path: Path) -> None:
    write_item(tmp_path / "b", Layout.parse("5.1"))
    write_item(tmp_path / "a", Layout.parse("stereo"), rate=44_100)
    first, second = folder_set(tmp_path)
    assert (first.id, first.truth.layout.name, first.truth.rate) == ("a", "stereo", 44_100)
    assert (second.id, second.truth.mix.shape) == ("b", (4_800, 6))
    stems = second.truth.stems
    np.testing.assert_array_equal(second.truth.mix, stems.dx + (stems.mx + stems.fx))
    assert second.traits["background"] == "music and effects"
    assert [item.id for item in folder_set(tmp_path, items=1)] == ["a"]


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ("empty", "no folder in it holds a dialogue.wav"),
        ("missing", "music.wav is missing"),
        ("unequal", "differ in rate, layout or length"),
        ("silent", "no samples"),
        ("nan", "NaN"),
    ],
)
def test_items_that_cannot_be_used_are_named(tmp_path: Path, trouble: str, said: str) -> None:
    if trouble != "empty":
        write_item(
            tmp_path / "a",
            Layout.default(1),
            leave_out="music" if trouble == "missing" else "",
            frames=0 if trouble == "silent" else 4_800,
        )
    if trouble == "unequal":
        soundfile.write(tmp_path / "a" / "music.wav", np.zeros(100), RATE)
    if trouble == "nan":
        soundfile.write(tmp_path / "a" / "music.wav", np.full(4_800, np.nan), RATE, subtype="FLOAT")
    with pytest.raises(BadInput, match=said):
        list(folder_set(tmp_path))


def test_items_of_a_divide_and_remaster_folder(tmp_path: Path) -> None:
    for name in ("000001", "000002", "000003", "000004"):
        folder = tmp_path / "audio" / "deu" / "test" / name
        folder.mkdir(parents=True)
        for stem in ("speech", "music", "sfx"):
            level = 0.2 if stem == "speech" else 0.0 if stem == "music" else 0.1
            soundfile.write(folder / f"{stem}.wav", np.full(480, level), RATE, subtype="FLOAT")
    chosen = list(dnr_set(tmp_path, items=2))
    assert [item.id for item in chosen] == ["deu/000001", "deu/000003"]
    assert chosen[0].traits == {"background": "effects", "language": "deu"}
    np.testing.assert_allclose(chosen[0].truth.mix, 0.3, rtol=1e-6)
