"""Items of the product preset: rows of scenes, each a mixture by our own rules, as a film is a row of scenes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dubline.errors import BadInput
from dubline.training.augment import fade
from dubline.training.corpus import Samples, open_corpus
from dubline.training.mixtures import Mixer, Mixture, MixtureRules
from dubline.training.presets import SPLITS, SceneRules, Split
from dubline.training.sources import Source

# A cut between scenes, as an editor leaves it: too short to hear, long enough not to click.
_CUT_SECONDS = 0.005
_CODES = float(1 << 23)
# Mixtures of one seed that a split may use: beyond any data set's size.
_SPAN = 1 << 40


def open_scenes(
    rules: SceneRules, folder: Path, cache: Path, sources: tuple[Source, ...], split: Split, *, seed: int
) -> Mixer:
    """A mixer over the recordings of ``split`` in the corpus ``folder``, decoded into ``cache`` on first use."""
    files = {source.file for source in sources if source.split == split}
    corpus = open_corpus(folder, cache)
    chosen = corpus.with_clips(clip for clip in corpus.clips if str(folder / clip.path) in files)
    if not chosen.of("speech"):
        raise BadInput(f"no speech recordings for the split {split}", str(folder), "add recordings")
    return Mixer(chosen, mixture_rules(rules), seed=seed)


def mixture_rules(rules: SceneRules) -> MixtureRules:
    """The rules of one scene."""
    try:
        return MixtureRules(**{**rules.mixture, "seconds": rules.scene_seconds})
    except TypeError as error:
        raise BadInput(f"the preset is not valid at scenes.mixture: {error}", "preset", "correct it") from error


def render_scenes(mixer: Mixer, *, split: Split, index: int, frames: int) -> dict[str, Samples]:
    """Tracks speech, music, sfx and mixture of item ``index``, each ``(frames,)`` on the 24-bit grid."""
    length = mixer.rules.frames
    scenes = -(-frames // length)
    first = SPLITS.index(split) * _SPAN + index * scenes
    drawn = [_faded(mixer.draw(number)) for number in range(first, first + scenes)]
    stems = [np.concatenate(parts)[:frames] for parts in zip(*drawn, strict=True)]
    down = min(1.0, (1.0 - 8 / _CODES) / max(float(np.abs(np.sum(stems, axis=0)).max()), *_peaks(stems)))
    speech, music, effects = ((np.rint(stem * np.float32(down) * _CODES) / _CODES).astype(np.float32) for stem in stems)
    return {"speech": speech, "music": music, "sfx": effects, "mixture": speech + music + effects}


def _peaks(stems: list[Samples]) -> list[float]:
    return [max(float(np.abs(stem).max()), 1e-9) for stem in stems]


def _faded(mixture: Mixture) -> list[Samples]:
    return [fade(stem, _CUT_SECONDS) for stem in (mixture.dialogue, mixture.music, mixture.effects)]
