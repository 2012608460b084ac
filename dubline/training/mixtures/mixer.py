"""Mixtures made on the fly: the same seed and number always give the same mixture, whoever asks and in whatever order.

The level tables follow Divide and Remaster v3 in spirit; unlike it, every human vocalization belongs to the dialogue,
and the wet (reverberant) dialogue is the target, because a dub needs the room of the removed voice gone as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dubline.training.corpus import RATE, Clip, Corpus, Samples
from dubline.training.mixtures.augment import Color, fade, random_room, recolor
from dubline.training.mixtures.calls import call
from dubline.training.mixtures.synthetic import impacts, machine, noise, notes

# Frames shorter than this do not decide a sound's level: 50 ms.
LEVEL_FRAME = RATE // 20
# A frame this far under the loudest one is a pause, and does not count towards the level.
PAUSE_DB = 30.0
SILENCE_RMS = 1e-4


Shares = npt.NDArray[np.float64]


class Tree(NamedTuple):
    """Groups of groups of clips with the probability of each; empty where there are no clips."""

    shares: Shares
    branches: list[tuple[Shares, list[list[Clip]]]]


Synthesizer = Callable[[np.random.Generator, int], Samples]


class Mixture(NamedTuple):
    """The stems of one mixture, each ``(frames,)`` float32; their sum is the mix."""

    dialogue: Samples
    music: Samples
    effects: Samples

    @property
    def mix(self) -> Samples:
        """Dialogue, music and effects together."""
        total: Samples = self.dialogue + self.music + self.effects
        return total


@dataclass(frozen=True, slots=True)
class MixtureRules:
    """How a mixture is drawn. Probabilities are per mixture; levels are in dB, (mean, deviation)."""

    seconds: float = 3.0
    without_dialogue: float = 0.1
    without_background: float = 0.04
    with_music: float = 0.6
    with_bed: float = 0.55
    talkers: tuple[float, ...] = (0.55, 0.30, 0.15)
    vocalization: float = 0.35
    made_call: float = 0.3
    spots: tuple[float, ...] = (0.25, 0.35, 0.25, 0.15)
    dialogue_over_background: tuple[float, float] = (0.0, 7.0)
    music_over_effects: tuple[float, float] = (0.0, 7.0)
    event_spread: float = 4.0
    level: tuple[float, float] = (-28.0, 7.0)
    rooms: float = 0.55
    synthetic: float = 0.15
    voice: Color = field(default_factory=lambda: Color(line=0.08))
    music: Color = field(default_factory=lambda: Color(speed=(0.7, 1.4), reverse=0.25))
    effects: Color = field(default_factory=lambda: Color(speed=(0.5, 1.8), reverse=0.2))

    @property
    def frames(self) -> int:
        """Length of a mixture in samples."""
        return round(self.seconds * RATE)


class Mixer:
    """Draws mixtures from a corpus."""

    def __init__(self, corpus: Corpus, rules: MixtureRules, *, seed: int) -> None:
        self.rules = rules
        self.seed = seed
        self._corpus = corpus
        self._voices = _tree(corpus.of("speech"), lambda clip: (clip.language, clip.speaker))
        self._calls = _tree(corpus.of("vocalizations"), lambda clip: (clip.label, clip.group))
        self._music = _tree(corpus.of("music"), lambda clip: (clip.source, clip.group))
        effects = corpus.of("effects")
        self._spots = _tree(effects, lambda clip: (clip.source + clip.label, clip.group))
        beds = [clip for clip in effects if clip.frames >= 2 * RATE] or effects
        self._beds = _tree(beds, lambda clip: (clip.label, clip.group))

    def draw(self, number: int) -> Mixture:
        """Mixture ``number`` of this seed."""
        rng = np.random.default_rng((self.seed, number))
        kind = rng.random()
        silent = np.zeros(self.rules.frames, np.float32)
        voiced = kind >= self.rules.without_dialogue
        backed = not voiced or kind < 1 - self.rules.without_background
        dialogue = self._dialogue(rng) if voiced else silent
        music, effects = self._background(rng) if backed else (silent, silent)
        return self._balance(rng, dialogue, music, effects)

    def _dialogue(self, rng: np.random.Generator) -> Samples:
        """One to three talkers or vocalizations, in one room more often than not."""
        impulse = random_room(rng) if rng.random() < self.rules.rooms else None
        canvas = np.zeros(self.rules.frames, np.float32)
        for _ in range(1 + rng.choice(len(self.rules.talkers), p=self.rules.talkers)):
            called = bool(self._calls.branches) and (
                not self._voices.branches or rng.random() < self.rules.vocalization
            )
            color = replace(self.rules.voice, speed=(0.7, 1.4)) if called else self.rules.voice
            seconds = rng.uniform(0.3, 1.0) * self.rules.seconds
            source: Tree | Synthesizer = self._calls if called else self._voices
            if called and self._voices.branches and rng.random() < self.rules.made_call:
                source = self._made_call
            self._place(rng, canvas, source, (seconds, color, impulse))
        return canvas

    def _background(self, rng: np.random.Generator) -> tuple[Samples, Samples]:
        """Music, a continuous bed and spot effects; one of them at least."""
        music = np.zeros(self.rules.frames, np.float32)
        effects = np.zeros(self.rules.frames, np.float32)
        rules, full = self.rules, self.rules.seconds
        if rng.random() < rules.with_music:
            source = self._or_synthetic(rng, self._music, (notes,))
            self._place(rng, music, source, (full, rules.music, None), start=0)
        if rng.random() < rules.with_bed or not music.any():
            source = self._or_synthetic(rng, self._beds, (noise, machine))
            self._place(rng, effects, source, (full, rules.effects, None), start=0)
        for _ in range(rng.choice(len(rules.spots), p=rules.spots)):
            impulse = random_room(rng) if rng.random() < rules.rooms / 2 else None
            source = self._or_synthetic(rng, self._spots, (impacts, noise, machine))
            self._place(rng, effects, source, (rng.uniform(0.2, 1.0) * full, rules.effects, impulse))
        return music, effects

    def _made_call(self, rng: np.random.Generator, frames: int) -> Samples:
        """A laugh, sob, shout or moan of a speaker's voice, at most ``frames`` long."""
        return call(rng, self._excerpt(rng, _pick(rng, self._voices), RATE))[:frames]

    def _or_synthetic(
        self, rng: np.random.Generator, recorded: Tree, made: tuple[Synthesizer, ...]
    ) -> Tree | Synthesizer:
        """The recordings, or in a share of the cases, and where there are none, one of the generators."""
        if recorded.branches and rng.random() >= self.rules.synthetic:
            return recorded
        return made[rng.integers(len(made))]

    def _place(
        self,
        rng: np.random.Generator,
        canvas: Samples,
        tree: Tree | Synthesizer,
        how: tuple[float, Color, Samples | None],
        start: int | None = None,
    ) -> None:
        """Add one sound to ``canvas`` at a random place and level: ``how`` is length in s, color, room."""
        seconds, color, impulse = how
        wanted = int(seconds * RATE * color.speed[1])
        sound = self._excerpt(rng, _pick(rng, tree), wanted) if isinstance(tree, Tree) else fade(tree(rng, wanted))
        sound = recolor(rng, sound, color, impulse)
        level = active_rms(sound)
        if level < SILENCE_RMS / 10:
            return
        gain = 10 ** (rng.normal(0.0, self.rules.event_spread) / 20) * 0.05 / level
        sound = sound[: int(seconds * RATE) + (0 if impulse is None else len(impulse))]
        if start is None:
            start = int(rng.integers(-len(sound) // 4, max(len(canvas) - len(sound) // 2, 1)))
        first, last = max(start, 0), min(start + len(sound), len(canvas))
        if last > first:
            canvas[first:last] += np.float32(gain) * sound[first - start : last - start]

    def _excerpt(self, rng: np.random.Generator, clip: Clip, frames: int) -> Samples:
        """``frames`` samples from a random place of ``clip``, or the whole clip where it is shorter.

        A quiet place is left for another one, twice at most.
        """
        for attempt in range(3):
            offset = int(rng.integers(0, max(clip.frames - frames, 0) + 1))
            sound = self._corpus.samples(clip, offset, frames)
            if attempt == 2 or np.sqrt(np.mean(np.square(sound))) > 0.01:
                break
        return fade(sound)

    def _balance(self, rng: np.random.Generator, dialogue: Samples, music: Samples, effects: Samples) -> Mixture:
        """Set music against effects, dialogue against both, then the level of all; peaks turn the whole mix down."""
        rules = self.rules
        music = _at_level(music, 0.05)
        effects = _at_level(effects, 0.05 * 10 ** (-rng.normal(*rules.music_over_effects) / 20))
        dialogue = _at_level(dialogue, 1.0)
        background = active_rms(music + effects)
        dialogue = dialogue * np.float32((background or 1.0) * 10 ** (rng.normal(*rules.dialogue_over_background) / 20))
        mix = dialogue + music + effects
        wanted = 10 ** (rng.normal(*rules.level) / 20) / max(active_rms(mix), 1e-9)
        gain = np.float32(min(wanted, 0.99 / max(float(np.abs(mix).max()), 1e-9)))
        return Mixture(dialogue * gain, music * gain, effects * gain)


def _tree(clips: list[Clip], keys: Callable[[Clip], tuple[str, str]]) -> Tree:
    """Clips sorted into branches and twigs, each as likely as the root of its length: a long source is heard more
    often than a short one, but by far not in proportion."""
    branches: dict[str, dict[str, list[Clip]]] = {}
    for clip in clips:
        branch, twig = keys(clip)
        branches.setdefault(branch, {}).setdefault(twig, []).append(clip)
    grown = []
    for twigs in branches.values():
        lengths = [sum(clip.frames for clip in twig) for twig in twigs.values()]
        grown.append((_shares(lengths), list(twigs.values()), sum(lengths)))
    return Tree(_shares([length for *_, length in grown]), [(shares, twigs) for shares, twigs, _ in grown])


def _shares(lengths: list[int]) -> Shares:
    roots = np.sqrt(np.asarray(lengths, np.float64))
    shares: Shares = roots / roots.sum()
    return shares


def _pick(rng: np.random.Generator, tree: Tree) -> Clip:
    shares, twigs = tree.branches[rng.choice(len(tree.branches), p=tree.shares)]
    twig = twigs[rng.choice(len(twigs), p=shares)]
    return twig[rng.integers(len(twig))]


def active_rms(samples: Samples) -> float:
    """Root mean square of ``(n,)`` over the frames that are not pauses; 0.0 for silence."""
    frames = samples[: len(samples) // LEVEL_FRAME * LEVEL_FRAME].reshape(-1, LEVEL_FRAME)
    if not len(frames):
        frames = samples[None]
    power = np.mean(np.square(frames), axis=1)
    loudest = float(power.max(initial=0.0))
    if loudest == 0.0:
        return 0.0
    return float(np.sqrt(power[power >= loudest * 10 ** (-PAUSE_DB / 10)].mean()))


def _at_level(samples: Samples, rms: float) -> Samples:
    """``samples`` scaled to an active level of ``rms``; silence stays silence."""
    level = active_rms(samples)
    return samples * np.float32(rms / level) if level > 0 else samples
