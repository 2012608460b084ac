"""Which licenses let a studio use a model that was trained on the material."""

from __future__ import annotations

import re
from collections.abc import Iterable

from dubline.training.corpus import Clip, Corpus

# Named in a license, these rule the material out whatever else it offers: no commercial use, no derived works, source
# code owed to every user of a service, or nobody knows.
_REFUSED = re.compile(
    r"\bNC\b|non-?commercial|\bND\b|no-?deriv|\bAGPL|affero|not stated|unknown|unclear|research[- ]only|all rights",
    re.IGNORECASE,
)
_USABLE = re.compile(
    r"\bCC-?0\b|public[- ]domain|\bCC[- ]BY\b|\bL?GPL|\bApache|\bODbL|free[- ]art|\bFAL\b|\bMIT\b|\bBSD\b",
    re.IGNORECASE,
)


def usable(license: str) -> bool:
    """Whether material under ``license``, as a manifest names it, may go into a model that a studio works with.

    True for CC0, public domain, CC-BY, CC-BY-SA, GPL, LGPL, Apache, ODbL, Free Art, MIT and BSD; everything else needs
    a decision by a person.
    """
    return bool(_USABLE.search(license)) and not _REFUSED.search(license)


def usable_part(corpus: Corpus) -> Corpus:
    """The recordings of ``corpus`` under usable licenses."""
    return corpus.with_clips(clip for clip in corpus.clips if usable(clip.license))


def refused(clips: Iterable[Clip]) -> list[str]:
    """What is not usable, as ``source (license)``, each once."""
    return sorted({f"{c.source} ({c.license or 'no license'})" for c in clips if not usable(c.license)})
