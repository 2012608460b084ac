"""Items of the product preset: rows of scenes, each a mixture by our own rules, as a film is a row of scenes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dubline.errors import BadInput
from dubline.training.corpus import Samples, open_corpus
from dubline.training.datasets.presets import SPLITS, SceneRules, Split
from dubline.training.datasets.sources import Source
from dubline.training.mixtures.augment import fade
from dubline.training.mixtures.mastering import MasteredMixer, MasterRules
from dubline.training.mixtures.mixer import MixtureRules

# A cut between scenes, as an editor leaves it: too short to hear, long enough not to click.
_CUT_SECONDS = 0.005
_CODES = float(1 << 23)
# Scenes of one seed that a split may use: beyond any data set's size.
_SPAN = 1 << 40


def open_scenes(
    rules: SceneRules, folder: Path, cache: Path, sources: tuple[Source, ...], split: Split, *, seed: int
) -> MasteredMixer:
    """The scenes of ``split`` from the corpus ``folder``, decoded into ``cache`` on first use."""
    files = {source.file for source in sources if source.split == split}
    corpus = open_corpus(folder, cache)
    chosen = corpus.with_clips(clip for clip in corpus.clips if str(folder / clip.path) in files)
    if not chosen.of("speech"):
        raise BadInput(f"no speech recordings for the split {split}", str(folder), "add recordings")
    return MasteredMixer(chosen, mixture_rules(rules), master_rules(rules), seed=seed)


def master_rules(rules: SceneRules) -> MasterRules:
    """What becomes of one scene."""
    return MasterRules(walla=rules.walla, limited=rules.limited, coded=rules.coded)


def mixture_rules(rules: SceneRules) -> MixtureRules:
    """The rules of one scene."""
    try:
        return MixtureRules(**{**rules.mixture, "seconds": rules.scene_seconds})
    except TypeError as error:
        raise BadInput(f"the preset is not valid at scenes.mixture: {error}", "preset", "correct it") from error


def render_scenes(scenes: MasteredMixer, *, split: Split, index: int, frames: int) -> dict[str, Samples]:
    """Tracks speech, music, sfx and mixture of item ``index``, each ``(frames,)`` on the 24-bit grid."""
    count = -(-frames // scenes.mixer.rules.frames)
    first = SPLITS.index(split) * _SPAN + index * count
    drawn = [[fade(stem, _CUT_SECONDS) for stem in scenes.draw(number)] for number in range(first, first + count)]
    stems = [np.concatenate(parts)[:frames] for parts in zip(*drawn, strict=True)]
    loudest = max(float(np.abs(track).max(initial=0.0)) for track in (*stems, np.sum(stems, axis=0)))
    down = min(1.0, (1.0 - 8 / _CODES) / max(loudest, 1e-9))
    speech, music, effects = ((np.rint(stem * np.float32(down) * _CODES) / _CODES).astype(np.float32) for stem in stems)
    return {"speech": speech, "music": music, "sfx": effects, "mixture": speech + music + effects}
