"""Items to evaluate on, whose true stems are known: mixtures of held-out recordings, data sets, folders of stems."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dubline.audio.layout import Layout
from dubline.audio.wav import WavReader
from dubline.errors import BadInput, Cancelled
from dubline.quality.ratios import si_sdr
from dubline.quality.separation import Truth, true_stems
from dubline.separation.engine import Stems
from dubline.training.corpus import RATE, Clip, Corpus, Holdout, split
from dubline.training.datasets.folder import DnrFolder
from dubline.training.datasets.presets import Split
from dubline.training.mixtures.augment import Color
from dubline.training.mixtures.mixer import Mixer, Mixture, MixtureRules
from dubline.vocalization.watch import Cancel, Progress, never, nothing

# Training validates on another seed: figures come from mixtures that have not chosen the weights.
SEED = 2027
SECONDS = 6.0
ITEMS = 100
# Everything figures depend on, so that they stay comparable when training changes what it hears.
RULES = MixtureRules(
    without_dialogue=0.0,
    without_background=0.0,
    vocalization=0.25,
    made_call=0.0,
    synthetic=0.0,
    dialogue_over_background=(0.0, 5.0),
    music=Color(speed=(0.8, 1.25), reverse=0.25),
    effects=Color(speed=(0.6, 1.5), reverse=0.2),
)

UNSEEN, SEEN = "unseen languages", "seen languages"
CALLS, SILENT, TRAINING = "vocalizations", "no dialogue", "training recordings"

HOLDOUT = Holdout()
STEM_FILES = ("dialogue.wav", "music.wav", "effects.wav")
_LISTED = ", ".join(STEM_FILES)

Mixers = list[tuple[str, Mixer]]


@dataclass(frozen=True, slots=True)
class Item:
    """One item: its true stems, where it comes from, and what is known of it (language, label, background)."""

    id: str
    truth: Truth
    traits: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ItemSet:
    """Items that are summarised together, made or read one at a time. ``ordinary`` sets hold dialogue over background
    that no training has heard: they are what a model is judged by."""

    name: str
    count: int
    item: Callable[[int], Item]
    ordinary: bool = True

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Item]:
        return map(self.item, range(self.count))


@dataclass(frozen=True, slots=True)
class _Plan:
    """A set to draw: its recordings by what they are told apart by (``trait``), each value taking its turn."""

    name: str
    trait: str
    parts: Mapping[str, Corpus]
    count: int
    rules: MixtureRules

    def mixers(self, seed: int, level: float = 0.0) -> Mixers:
        """A mixer of every value, with ``level`` dB more of dialogue."""
        mean, deviation = self.rules.dialogue_over_background
        rules = replace(self.rules, dialogue_over_background=(mean + level, deviation))
        return [(value, Mixer(part, rules, seed=seed)) for value, part in sorted(self.parts.items())]


def corpus_sets(
    corpus: Corpus,
    *,
    items: int = ITEMS,
    seconds: float = SECONDS,
    seed: int = SEED,
    holdout: Holdout = HOLDOUT,
    progress: Progress = nothing,
    cancelled: Cancel = never,
) -> list[ItemSet]:
    """Mono mixtures of ``seconds`` from what ``holdout`` keeps from training; the same arguments give the same samples.

    ``items`` in languages that training never hears; half as many in the languages it does hear by other speakers, of
    calls alone (laughs, coughs, ...), without dialogue, and, to tell what was learned by heart, of training recordings.
    Languages and labels take turns, so that each counts alike. Dialogue lies over the background by as much as brings
    the median input of its set to 0 dB SI-SDR; finding that out takes a first pass, which ``progress`` is told of.
    Sets that the corpus has nothing for are left out. Raises `BadInput` where no voice is left to evaluate on.
    """
    plans = _plans(corpus, holdout, items, replace(RULES, seconds=seconds))
    voiced = [plan for plan in plans if plan.name != SILENT]
    total, done = sum(plan.count for plan in voiced), 0
    levels: dict[str, float] = {}
    for plan in voiced:
        mixers, found = plan.mixers(seed), []
        for number in range(plan.count):
            stop_if(cancelled)
            mixture = _turn(mixers, number)[1]
            found.append(si_sdr(mixture.mix, mixture.dialogue))
            done += 1
            progress(done, total)
        levels[plan.name] = -float(np.median([level for level in found if np.isfinite(level)] or [0.0]))
    return [_set(plan, plan.mixers(seed, levels.get(plan.name, 0.0))) for plan in plans]


def dnr_set(root: Path, part: Split = "test", *, items: int | None = None) -> ItemSet:
    """The items of one split of a Divide and Remaster folder, mono; at most ``items`` of them, evenly chosen."""
    folder = DnrFolder(root, part)
    chosen = _evenly(len(folder), items)

    def read(number: int) -> Item:
        k = chosen[number]
        stems = [stem[:, np.newaxis] for stem in folder[k].numpy()]
        truth = Truth(true_stems(*stems), folder.rate, Layout.default(1))
        return _item(folder.names[k], truth, {"language": folder.variant_of[k]})

    return ItemSet(f"{part} split", len(chosen), read)


def folder_set(root: Path, *, items: int | None = None) -> ItemSet:
    """Every ``ID/dialogue.wav``, ``ID/music.wav`` and ``ID/effects.wav`` in ``root``, in any layout and at any rate.

    At most ``items`` of them, evenly chosen. An item is read whole, so it should be of minutes and not of hours. Raises
    `BadInput` for a folder without items, and for stems that are missing or differ in rate, layout or length.
    """
    found = sorted(path.parent for path in root.glob(f"*/{STEM_FILES[0]}"))
    if not found:
        raise BadInput(f"no folder in it holds a {STEM_FILES[0]}", str(root), f"give every item {_LISTED}")
    chosen = [found[k] for k in _evenly(len(found), items)]
    for folder in chosen:
        for name in STEM_FILES:
            if not (folder / name).is_file():
                raise BadInput(f"{name} is missing", str(folder), f"give every item {_LISTED}")
    return ItemSet("items", len(chosen), lambda number: _read(chosen[number]))


def stop_if(cancelled: Cancel) -> None:
    """Raise `Cancelled` when asked to stop."""
    if cancelled():
        raise Cancelled("the evaluation was stopped", "between two items", "start it again when ready")


def _plans(corpus: Corpus, holdout: Holdout, items: int, rules: MixtureRules) -> list[_Plan]:
    train, held = split(corpus, holdout)
    known = {clip.language for clip in train.of("speech")}
    languages = _apart(held, "speech", lambda clip: clip.language)
    fewer = max(items // 2, 1)
    voiced = [
        _Plan(UNSEEN, "language", {k: v for k, v in languages.items() if k not in known}, items, rules),
        _Plan(SEEN, "language", {k: v for k, v in languages.items() if k in known}, fewer, rules),
        _Plan(CALLS, "label", _apart(held, "vocalizations", lambda clip: clip.label), fewer, rules),
    ]
    plans = [plan for plan in voiced if plan.parts]
    if not plans:
        raise BadInput("no speaker is held out", "corpus", "add speakers or languages to its manifest")
    plans.append(_Plan(SILENT, "", {"": held}, fewer, replace(rules, without_dialogue=1.0)))
    if train.of("speech"):
        plans.append(_Plan(TRAINING, "", {"": train}, fewer, rules))
    return plans


def _apart(corpus: Corpus, kind: str, value: Callable[[Clip], str]) -> dict[str, Corpus]:
    """A corpus for every value among the clips of one ``kind``: all of ``corpus`` but those of another value.

    Speech keeps the calls it is mixed with; calls stand alone.
    """
    rest = [
        clip for clip in corpus.clips if clip.kind != kind and not (kind == "vocalizations" and clip.kind == "speech")
    ]
    values = {value(clip) for clip in corpus.of(kind)}
    return {
        one: corpus.with_clips([*rest, *(clip for clip in corpus.of(kind) if value(clip) == one)]) for one in values
    }


def _turn(mixers: Mixers, number: int) -> tuple[str, Mixture]:
    value, mixer = mixers[number % len(mixers)]
    return value, mixer.draw(number)


def _set(plan: _Plan, mixers: Mixers) -> ItemSet:
    def draw(number: int) -> Item:
        value, mixture = _turn(mixers, number)
        stems = [stem[:, np.newaxis] for stem in mixture]
        traits = {plan.trait: value} if plan.trait else {}
        return _item(f"{plan.name} {number:04d}", Truth(true_stems(*stems), RATE, Layout.default(1)), traits)

    return ItemSet(plan.name, plan.count, draw, ordinary=plan.name in (UNSEEN, SEEN))


def _item(name: str, truth: Truth, traits: Mapping[str, str]) -> Item:
    return Item(name, truth, {"background": background(truth.stems), **traits})


def background(stems: Stems) -> str:
    """What there is beside the dialogue."""
    there = [name for name, stem in (("music", stems.mx), ("effects", stems.fx)) if stem.any()]
    return " and ".join(there) or "none"


def _evenly(count: int, wanted: int | None) -> list[int]:
    if wanted is None or wanted >= count:
        return list(range(count))
    return [number * count // wanted for number in range(wanted)]


def _read(folder: Path) -> Item:
    stems, forms = [], set()
    for name in STEM_FILES:
        with WavReader(folder / name) as reader:
            forms.add((reader.rate, reader.layout, reader.frames))
            stems.append(reader.read())
    if len(forms) > 1:
        raise BadInput("stems differ in rate, layout or length", str(folder), "export them from one session")
    if not all(np.isfinite(stem).all() for stem in stems):
        raise BadInput("NaN or infinite samples", str(folder), "export the stems again")
    ((rate, layout, frames),) = forms
    if not frames:
        raise BadInput("stems hold no samples", str(folder), "export them again")
    return _item(folder.name, Truth(true_stems(*stems), rate, layout), {})
