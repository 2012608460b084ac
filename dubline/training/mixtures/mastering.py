"""What becomes of a mixture on the way to a master: a crowd behind the dialogue, a soft limiter, a codec."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dubline.training.corpus import RATE, Corpus
from dubline.training.mixtures.codec import random_codec, residue
from dubline.training.mixtures.limiter import apply_curve, soft_gain_curve
from dubline.training.mixtures.mixer import Mixer, Mixture, MixtureRules, active_rms
from dubline.training.mixtures.walla import walla_bed

# Different voices in a crowd, and the crowd's level under the scene's in dB (mean, deviation).
_VOICES = 12
_WALLA_UNDER_DB = (14.0, 4.0)
# A soft limiter's ranges: threshold under the scene's peak in dB, ratio, release in seconds.
_THRESHOLD_DB, _RATIO, _RELEASE = (3.0, 12.0), (2.0, 8.0), (0.05, 0.3)


@dataclass(frozen=True, slots=True)
class MasterRules:
    """Shares of mixtures with a crowd, through a soft limiter, and through a codec."""

    walla: float = 0.1
    limited: float = 0.15
    coded: float = 0.15


class MasteredMixer:
    """Draws the mixtures of a `Mixer`, mastered; the same seed and number always give the same one."""

    def __init__(self, corpus: Corpus, mixtures: MixtureRules, rules: MasterRules, *, seed: int) -> None:
        self.mixer = Mixer(corpus, mixtures, seed=seed)
        self.seed = seed
        self._rules = rules
        self._corpus = corpus
        self._speech = corpus.of("speech")

    def draw(self, number: int) -> Mixture:
        """Mixture ``number``, perhaps with a crowd behind its dialogue, limited, or coded and decoded."""
        rng = np.random.default_rng((self.seed, number, 1))
        mixture = self.mixer.draw(number)
        crowded, limited, coded = rng.random(3) < (self._rules.walla, self._rules.limited, self._rules.coded)
        if crowded and self._speech and mixture.dialogue.any():
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
