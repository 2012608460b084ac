"""Which removal a scene gets: the least invasive after which no voice is heard and little enough of it is left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dubline.audio.wav import Block
from dubline.repair import candidate
from dubline.repair.again import Hint, hints
from dubline.repair.candidate import Candidate
from dubline.repair.evidence import evidence_in
from dubline.repair.rebuild import Gap, rebuild
from dubline.repair.replace import replace
from dubline.repair.scene import Scene
from dubline.repair.separate import separate
from dubline.repair.subtract import subtract
from dubline.vocalization.rules import DetectionRules

Separator = Callable[[Scene], Block]


@dataclass(frozen=True, slots=True)
class Tried:
    """A candidate and what was heard with it, per event."""

    candidate: Candidate
    heard: dict[int, Hint]

    @property
    def passes(self) -> bool:
        """Whether nobody would hear a voice in any event."""
        return not any(hint.is_voice for hint in self.heard.values())

    @property
    def worst(self) -> float:
        """The highest score over its threshold."""
        return max((hint.score / hint.threshold for hint in self.heard.values()), default=0.0)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A scene without its voice, each block (length, channels).

    ``voice`` is what goes to OPT or the DX guide; ``stays + fill`` is the M&E without it. ``rebuilt`` says by which
    method the background was rebuilt, None where there was nothing to rebuild from.
    """

    voice: Block
    stays: Block
    fill: Block
    chosen: Tried
    tried: tuple[Tried, ...]
    before: dict[int, Hint]
    rebuilt: str | None


def clean_scene(
    scene: Scene,
    *,
    rules: DetectionRules,
    separator: Separator | None = None,
    stubborn: frozenset[int] = frozenset(),
) -> Cleaned:
    """Take the voice out of ``scene``; ``separator`` gives a second opinion on what is dialogue in it.

    What keeps most of the background is tried first, and what passes is taken. Of the events ``stubborn``, which were
    heard all the same, nothing is let stay.
    """
    evidence = evidence_in(scene, separator(scene) if separator is not None else None)
    voice = scene.weight * evidence.estimate
    built = rebuild(Gap(scene.before, scene.after, scene.length, scene.rate, scene.me, scene.me - voice))
    masked = [subtract(evidence, built.samples), separate(evidence, built.samples)]
    thorough = any(removal.event in stubborn for removal in scene.removals)
    offers = sorted((one for one in masked if one is not None and not thorough), key=lambda one: -one.kept)
    tried: list[Tried] = []
    for offer in (*offers, replace(built.samples)):
        piece = np.add(*candidate.filled(scene, offer))
        tried.append(Tried(offer, hints(scene, piece, rules)))
        if tried[-1].passes:
            break
    chosen = tried[-1] if tried[-1].passes else min(tried, key=lambda one: one.worst)
    stays, fill = candidate.filled(scene, chosen.candidate)
    return Cleaned(
        voice,
        stays,
        fill,
        chosen,
        tuple(tried),
        hints(scene, scene.me, rules),
        None if scene.barren else built.method,
    )
