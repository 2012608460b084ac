"""A corpus is decoded once, truly, and its halves share nobody."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from dubline.errors import BadInput
from dubline.training.corpus import Clip, Corpus, Holdout, decode_mono, open_corpus, split


def test_decoding_gives_the_recording_at_48_khz(tmp_path: Path) -> None:
    wave = 0.5 * np.sin(2 * np.pi * 440 * np.arange(44_100) / 44_100)
    soundfile.write(tmp_path / "a.wav", np.stack([wave, wave], axis=1), 44_100)
    decoded = decode_mono(tmp_path / "a.wav")
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000)
    assert abs(len(decoded) - 48_000) <= 1
    np.testing.assert_allclose(decoded[1_000:47_000], expected[1_000:47_000], atol=2e-3)


def test_the_pool_holds_every_clip_at_full_scale(corpus: Corpus) -> None:
    assert len(corpus.clips) == 28
    for clip in corpus.clips:
        assert np.abs(corpus.samples(clip)).max() == pytest.approx(0.9, abs=1e-3)


def test_the_second_opening_reads_the_cache(corpus: Corpus, corpus_folder: Path) -> None:
    again = open_corpus(corpus_folder, corpus_folder / "cache")
    assert again.clips == corpus.clips and np.array_equal(again.pool, corpus.pool)


def test_the_split_shares_no_group_and_no_held_out_language(corpus: Corpus) -> None:
    train, held = split(corpus, Holdout(languages=("hu",), share=0.3))
    assert len(train.clips) + len(held.clips) == len(corpus.clips)
    assert not {c.group for c in train.clips} & {c.group for c in held.clips}
    assert "hu" not in {c.language for c in train.clips}
    assert held.clips


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("dog_3_170015_A_14f001.opus", "dog_3_170015_B_9912ab.opus"),
        ("hurt6_59304d.opus", "hurt1_498366.opus"),
    ],
)
def test_takes_of_one_recording_stay_together(one: str, other: str) -> None:
    def clip(path: str) -> Clip:
        return Clip("effects", path, "source", "CC0-1.0", "", "", "x", 0, 1)

    assert clip(one).group == clip(other).group
    assert clip(one).group != clip("cat_1_000001_A_000000.opus").group


def test_a_folder_without_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"manifest\.csv"):
        open_corpus(tmp_path, tmp_path / "cache")


def test_an_unknown_kind_is_refused_with_its_line(tmp_path: Path) -> None:
    header = "kind,path,source_repo,license,language,speaker,label"
    (tmp_path / "manifest.csv").write_text(f"{header}\nnoises,a.wav,x,CC0-1.0,,,\n")
    with pytest.raises(BadInput, match="line 2"):
        open_corpus(tmp_path, tmp_path / "cache")
