"""Items of the product preset: rows of scenes, each a mixture by our own rules, as a film is a row of scenes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dubline.errors import BadInput
from dubline.training.augment import fade
from dubline.training.codec import random_codec, residue
from dubline.training.corpus import RATE, Corpus, Samples, open_corpus
from dubline.training.limiter import apply_curve, soft_gain_curve
from dubline.training.mixtures import Mixer, Mixture, MixtureRules, active_rms
from dubline.training.presets import SPLITS, SceneRules, Split
from dubline.training.sources import Source
from dubline.training.walla import walla_bed

# A cut between scenes, as an editor leaves it: too short to hear, long enough not to click.
_CUT_SECONDS = 0.005
_CODES = float(1 << 23)
# Scenes of one seed that a split may use: beyond any data set's size.
_SPAN = 1 << 40
# Different voices in a crowd, and the crowd's level under the scene's in dB (mean, deviation).
_VOICES = 12
_WALLA_UNDER_DB = (14.0, 4.0)
# A soft limiter's ranges: threshold under the scene's peak in dB, ratio, release in seconds.
_THRESHOLD_DB, _RATIO, _RELEASE = (3.0, 12.0), (2.0, 8.0), (0.05, 0.3)


class Scenes:
    """Draws the scenes of one split: mixtures, with what becomes of them on the way to a master."""

    def __init__(self, rules: SceneRules, corpus: Corpus, *, seed: int) -> None:
        self.mixer = Mixer(corpus, mixture_rules(rules), seed=seed)
        self._rules = rules
        self._seed = seed
        self._corpus = corpus
        self._speech = corpus.of("speech")

    def draw(self, number: int) -> Mixture:
        """Scene ``number``: a mixture, perhaps with a crowd behind its dialogue, limited, or coded and decoded."""
        rng = np.random.default_rng((self._seed, number, 1))
        mixture = self.mixer.draw(number)
        crowded, limited, coded = rng.random(3) < (self._rules.walla, self._rules.limited, self._rules.coded)
        if crowded and mixture.dialogue.any():
            mixture = self._with_walla(rng, mixture)
        if limited:
            mixture = _limited(rng, mixture)
        if coded:
            # What the codec adds is nobody's: with the effects, stems still sum to what is heard.
            mixture = mixture._replace(effects=mixture.effects + residue(mixture.mix, *random_codec(rng)))
        return mixture

    def _with_walla(self, rng: np.random.Generator, mixture: Mixture) -> Mixture:
        clips = [self._speech[k] for k in rng.integers(0, len(self._speech), _VOICES)]
        bed = walla_bed(rng, [self._corpus.samples(clip) for clip in clips], len(mixture.dialogue))
        level = active_rms(mixture.mix) * 10 ** (-rng.normal(*_WALLA_UNDER_DB) / 20)
        return mixture._replace(dialogue=mixture.dialogue + bed * np.float32(level / max(active_rms(bed), 1e-9)))


def _limited(rng: np.random.Generator, mixture: Mixture) -> Mixture:
    """The mix through a soft limiter, the same gain on every stem."""
    peak_db = 20 * np.log10(max(float(np.abs(mixture.mix).max()), 1e-9))
    curve = soft_gain_curve(
        mixture.mix,
        RATE,
        threshold_db=peak_db - rng.uniform(*_THRESHOLD_DB),
        ratio=rng.uniform(*_RATIO),
        release_seconds=rng.uniform(*_RELEASE),
    )
    return Mixture(*apply_curve(curve, *mixture))


def open_scenes(
    rules: SceneRules, folder: Path, cache: Path, sources: tuple[Source, ...], split: Split, *, seed: int
) -> Scenes:
    """The scenes of ``split`` from the corpus ``folder``, decoded into ``cache`` on first use."""
    files = {source.file for source in sources if source.split == split}
    corpus = open_corpus(folder, cache)
    chosen = corpus.with_clips(clip for clip in corpus.clips if str(folder / clip.path) in files)
    if not chosen.of("speech"):
        raise BadInput(f"no speech recordings for the split {split}", str(folder), "add recordings")
    return Scenes(rules, chosen, seed=seed)


def mixture_rules(rules: SceneRules) -> MixtureRules:
    """The rules of one scene."""
    try:
        return MixtureRules(**{**rules.mixture, "seconds": rules.scene_seconds})
    except TypeError as error:
        raise BadInput(f"the preset is not valid at scenes.mixture: {error}", "preset", "correct it") from error


def render_scenes(scenes: Scenes, *, split: Split, index: int, frames: int) -> dict[str, Samples]:
    """Tracks speech, music, sfx and mixture of item ``index``, each ``(frames,)`` on the 24-bit grid."""
    count = -(-frames // scenes.mixer.rules.frames)
    first = SPLITS.index(split) * _SPAN + index * count
    drawn = [[fade(stem, _CUT_SECONDS) for stem in scenes.draw(number)] for number in range(first, first + count)]
    stems = [np.concatenate(parts)[:frames] for parts in zip(*drawn, strict=True)]
    loudest = max(float(np.abs(track).max(initial=0.0)) for track in (*stems, np.sum(stems, axis=0)))
    down = min(1.0, (1.0 - 8 / _CODES) / max(loudest, 1e-9))
    speech, music, effects = ((np.rint(stem * np.float32(down) * _CODES) / _CODES).astype(np.float32) for stem in stems)
    return {"speech": speech, "music": music, "sfx": effects, "mixture": speech + music + effects}
