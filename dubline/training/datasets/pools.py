"""Which recordings each submix of each variant is drawn from, and how often."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dubline.errors import BadInput
from dubline.training.datasets.presets import DnrRules, Split
from dubline.training.datasets.sources import Piece, Source, pieces

# The variant whose speech is in every language there is.
MIXED = "multi"
_KINDS = {"speech": "speech", "music": "music", "sfx_fg": "effects", "sfx_bg": "effects"}


@dataclass(frozen=True)
class Pools:
    """The recordings of one split: background by submix, speech by language."""

    background: Mapping[str, Sequence[Piece]]
    speech: Mapping[str, Sequence[Piece]]
    weights: Mapping[str, float]

    def picker(self, submix: str, variant: str = MIXED) -> Callable[[np.random.Generator], Piece]:
        """Draws a recording for ``submix``.

        Background recordings are equally likely. So are those of one language; in the mixed variant a language is
        drawn first, by its weight, because corpora are not as large as their languages are spoken.
        """
        if submix != "speech":
            return _uniform(self.background[submix])
        if variant != MIXED:
            return _uniform(self.speech[variant])
        languages = list(self.speech)
        shares = np.array([self.weights.get(language, 1.0) for language in languages])
        shares /= shares.sum()

        def pick(rng: np.random.Generator) -> Piece:
            return _uniform(self.speech[languages[int(rng.choice(len(languages), p=shares))]])(rng)

        return pick


def _uniform(choices: Sequence[Piece]) -> Callable[[np.random.Generator], Piece]:
    return lambda rng: choices[int(rng.integers(len(choices)))]


def open_pools(
    rules: DnrRules, sources: Iterable[Source], split: Split, *, variants: Sequence[str], where: str
) -> Pools:
    """The pools of ``split``. Raises `BadInput` where a kind of recording or a variant's language is missing."""
    of_split = [source for source in sources if source.split == split]
    by_kind = {kind: [source for source in of_split if source.kind == kind] for kind in _KINDS.values()}
    for kind, found in by_kind.items():
        if not found:
            raise BadInput(
                f"no {kind} recordings for the split {split}", where, "add recordings, or name another split"
            )
    languages = sorted({source.language for source in by_kind["speech"]})
    speech = {
        language: pieces(
            (source for source in by_kind["speech"] if source.language == language), rules.speech.max_source_seconds
        )
        for language in languages
    }
    for variant in variants:
        if variant != MIXED and variant not in speech:
            raise BadInput(
                f"no speech of the variant {variant} for the split {split}",
                where,
                f"use {MIXED} or one of {', '.join(languages)}",
            )
    background = {
        name: pieces(by_kind[kind], rules.submix(name).max_source_seconds)
        for name, kind in _KINDS.items()
        if name != "speech"
    }
    return Pools(background, speech, rules.language_weights)
