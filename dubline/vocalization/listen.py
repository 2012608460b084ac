"""How surely each kind of vocalization sounds in a short piece of an M&E, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dubline.audio.wav import Block
from dubline.vocalization.ear import FRAME_SECONDS, hear
from dubline.vocalization.events import LABELS, Label
from dubline.vocalization.groups import Group, listen_to
from dubline.vocalization.speech import audible_speech


@dataclass(frozen=True, slots=True)
class Heard:
    """Per frame of `FRAME_SECONDS`, the first beginning with the piece.

    ``scores``: (frames, groups, labels) in 0..1, labels in the order of `LABELS`; ``level``: (frames, groups), that of
    the voice band in dBFS.
    """

    scores: Block
    level: Block

    def peak(self, label: Label, group: int, *, start_seconds: float, end_seconds: float) -> float:
        """The highest score of ``label`` in a group, an index, between two times of the piece; 0.0 where nothing is."""
        first, last = int(start_seconds / FRAME_SECONDS), int(np.ceil(end_seconds / FRAME_SECONDS))
        inside = self.scores[max(first, 0) : max(last, 1), group, LABELS.index(label)]
        return float(inside.max(initial=0.0))


def listen(samples: Block, *, rate: int, groups: tuple[Group, ...], stem: Block | None = None) -> Heard:
    """What is heard in ``samples`` (n, channels) of an M&E, in each of ``groups``.

    ``stem`` (n, 1) is what the DX stem says meanwhile, where dialogue is (`dialogue_group`). For pieces of a film, a
    second or more: all of it is in memory at once, and what precedes it is taken for silence.
    """
    heard = hear([listen_to(samples, groups)], rate=rate, streams=len(groups))
    scores = np.zeros((*heard.speech.shape, len(LABELS)), dtype=np.float32)
    scores[:, :, LABELS.index("speech")] = audible_speech(heard.speech, heard.level)
    return Heard(scores, heard.level)
