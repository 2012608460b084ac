"""What sounds in a recording, and who is kept apart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile
import soxr
from hypothesis import given
from hypothesis import strategies as st

from dubline.training.corpus import Clip, Corpus
from dubline.training.hearing.material import (
    LABEL_OF,
    label_of,
    material_of,
    sounding,
    speaks,
    split_by_label,
    taught_and_unheard,
    together,
)
from dubline.vocalization.silero import FRAME
from dubline.vocalization.silero import RATE as HEARD_RATE


@given(start=st.integers(0, 60), length=st.integers(4, 40), noise_db=st.floats(-90.0, -45.0), seed=st.integers(0, 9))
def test_a_burst_over_noise_sounds_where_it_is(start: int, length: int, noise_db: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    samples = 10.0 ** (noise_db / 20.0) * rng.standard_normal(100 * FRAME)
    time = np.arange(length * FRAME) / HEARD_RATE
    samples[start * FRAME : (start + length) * FRAME] += 0.3 * np.sin(2 * np.pi * 900.0 * time)
    active = sounding(samples.astype(np.float32))
    assert len(active) == 100
    held = np.zeros(100, np.bool_)
    held[start : start + length] = True
    # The filter rings on into a neighboring frame or two.
    assert (active & ~held).sum() <= 3
    assert (held & ~active).sum() == 0


def test_a_pause_inside_an_utterance_belongs_to_it_and_a_long_one_does_not() -> None:
    time = np.arange(FRAME) / HEARD_RATE
    tone = np.sin(2 * np.pi * 900.0 * time)
    frames = [
        tone if at in range(5, 10) or at in range(14, 20) or at in range(60, 70) else 0 * tone for at in range(90)
    ]
    active = sounding(np.concatenate(frames).astype(np.float32))
    assert active[10:14].all()
    assert not active[24:58].any()


def test_every_kind_of_vocalization_of_the_corpus_has_a_label(corpus: Corpus) -> None:
    speech, call = corpus.of("speech")[0], corpus.of("vocalizations")[0]
    assert label_of(speech) == "speech"
    assert {label_of(replace(call, label=name)) for name in LABEL_OF} == set(LABEL_OF.values())
    assert label_of(replace(call, label="applause")) is None


def _voices(*groups: tuple[str, str, int]) -> Corpus:
    """A corpus of clips: label, speaker, frames."""
    clips = [
        Clip("vocalizations", f"{at}.wav", "made/here", "CC0-1.0", "", speaker, label, 0, frames)
        for at, (label, speaker, frames) in enumerate(groups)
    ]
    return Corpus(tuple(clips), np.zeros(1, np.int16))


@given(st.lists(st.tuples(st.sampled_from(sorted(LABEL_OF)), st.sampled_from("abcdefgh"), st.integers(1, 500))))
def test_no_performer_is_on_both_sides(groups: list[tuple[str, str, int]]) -> None:
    kept, held = split_by_label(_voices(*groups))
    assert len(kept.clips) + len(held.clips) == len(groups)
    assert {clip.group for clip in kept.clips}.isdisjoint(clip.group for clip in held.clips)


def test_a_label_with_several_performers_is_on_both_sides() -> None:
    kept, held = split_by_label(_voices(*(("cough", name, 100) for name in "abcdef"), ("laughter", "g", 50)))
    assert {clip.label for clip in kept.clips} == {"cough", "laughter"}
    assert {clip.label for clip in held.clips} == {"cough"}


def test_what_a_license_keeps_from_teaching_may_be_measured_on() -> None:
    corpus = _voices(*(("cough", name, 100) for name in "abcdef"))
    closed = replace(corpus.clips[0], speaker="z", license="CC-BY-NC-4.0")
    taught, unheard = taught_and_unheard(corpus.with_clips([*corpus.clips, closed]))
    assert closed in unheard.clips and closed not in taught.clips
    assert {clip.group for clip in taught.clips}.isdisjoint(clip.group for clip in unheard.clips)


def test_material_is_as_long_at_16_khz(corpus: Corpus) -> None:
    material = material_of(corpus)
    assert {label: len(takes) for label, takes in material.voices.items()} == {"speech": 8}
    assert {kind: len(takes) for kind, takes in material.backgrounds.items()} == {"music": 6, "effects": 10}
    assert all(len(take.samples) == 4 * HEARD_RATE for take in material.backgrounds["music"])


def test_a_background_in_which_somebody_speaks_is_none(sample: Path) -> None:
    spoken, rate = soundfile.read(sample / "dub_fr.wav", dtype="float32", always_2d=True)
    mono = soxr.resample(spoken.mean(axis=1), rate, HEARD_RATE)
    rng = np.random.default_rng(1)
    noise = (0.05 * rng.standard_normal(len(mono))).astype(np.float32)
    assert speaks(mono)
    assert not speaks(noise)


def test_together_are_the_takes_of_each(corpus: Corpus) -> None:
    speech, other = (Corpus(tuple(clips), corpus.pool) for clips in (corpus.of("speech"), corpus.of("music")))
    both = together([material_of(speech), material_of(other), material_of(speech)])
    assert len(both.voices["speech"]) == 2 * len(material_of(speech).voices["speech"]) > 0
    assert {kind: len(takes) for kind, takes in both.backgrounds.items()} == {
        kind: len(takes) for kind, takes in material_of(other).backgrounds.items()
    }
