"""Listening again: whether a voice is still heard in a scene that was cleaned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dubline.audio.wav import Block
from dubline.repair.scene import Scene
from dubline.vocalization.chances import any_voice
from dubline.vocalization.ear import FRAME_SECONDS
from dubline.vocalization.events import LABELS, Label
from dubline.vocalization.groups import Group, dialogue_group
from dubline.vocalization.listen import Heard, listen
from dubline.vocalization.rules import DetectionRules


@dataclass(frozen=True, slots=True)
class Hint:
    """The chance that a voice of any kind still sounds in an event, its likeliest label, and what makes an event."""

    label: Label
    score: float
    threshold: float

    @property
    def is_voice(self) -> bool:
        """Whether detection would begin an event with it."""
        return self.score >= self.threshold


def hints(scene: Scene, piece: Block, rules: DetectionRules) -> dict[int, Hint]:
    """Per event of ``scene`` what is heard in it when ``piece`` (length, channels) takes the place of the M&E."""
    sets = sorted({removal.columns for removal in scene.removals})
    groups = tuple(
        Group(tuple(scene.layout.tags[at] for at in columns), tuple(scene.columns.index(at) for at in columns))
        for columns in sets
    )
    heard = listen(scene.around(piece), rate=scene.rate, groups=groups, stem=_dialogue(scene))
    return {r.event: _hint(heard, sets.index(r.columns), _frames(scene, r.start, r.end), rules) for r in scene.removals}


def _frames(scene: Scene, start: int, end: int) -> slice:
    """The detector's frames of an event, as far as it lies in the scene."""
    first, last = (at - scene.start + scene.lead for at in (max(start, scene.start), min(end, scene.end)))
    frame = FRAME_SECONDS * scene.rate
    return slice(int(first / frame), max(int(np.ceil(last / frame)), int(first / frame) + 1))


def _hint(heard: Heard, group: int, frames: slice, rules: DetectionRules) -> Hint:
    chances = heard.chances(group, rules, frames)
    label = LABELS[int(chances.max(axis=0, initial=0.0).argmax())]
    return Hint(label, round(float(any_voice(chances).max(initial=0.0)), 4), rules.voice.threshold)


def _dialogue(scene: Scene) -> Block | None:
    """The DX stem where dialogue is, (n, 1), as far as it is in the scene's channels."""
    if scene.stem is None:
        return None
    where = [scene.columns.index(at) for at in dialogue_group(scene.layout).columns if at in scene.columns]
    said: Block = scene.stem[:, where or slice(None)].mean(axis=1, keepdims=True)
    return said
