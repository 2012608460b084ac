"""How surely each kind of vocalization sounds, frame by frame: in a short piece, or in a whole stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dubline.audio.resample import resample_blocks
from dubline.audio.wav import Block
from dubline.vocalization.chances import Chances, chances_of
from dubline.vocalization.classifier import Classifier, Decided
from dubline.vocalization.ear import VoiceBand
from dubline.vocalization.groups import Group, listen_to
from dubline.vocalization.rules import DetectionRules
from dubline.vocalization.silero import RATE
from dubline.vocalization.speech import FLOOR_DBFS


@dataclass(frozen=True, slots=True)
class Heard:
    """Per frame of `ear.FRAME_SECONDS`, the first beginning with the sound.

    ``scores``: (frames, groups, labels) float16 in 0..1, labels in the order of `LABELS`, 0 where nothing is audible;
    ``speech``: (frames, groups) float16 in 0..1, silero-vad's word on it, 0 there too; ``level``: (frames, groups)
    float32, that of the voice band in dBFS.
    """

    scores: npt.NDArray[np.float16]
    speech: npt.NDArray[np.float16]
    level: Block

    def chances(self, group: int, rules: DetectionRules, frames: slice = slice(None)) -> Chances:
        """What ``rules`` make of it in ``frames`` of one group: (frames, labels)."""
        return chances_of(self.scores[frames, group], self.speech[frames, group], rules)


def listen(samples: Block, *, rate: int, groups: tuple[Group, ...], stem: Block | None = None) -> Heard:
    """What is heard in ``samples`` (n, channels) of an M&E, in each of ``groups``.

    ``stem`` (n, 1) is what the DX stem says meanwhile, where dialogue is (`dialogue_group`). For pieces of a film, a
    second or more: all of it is in memory at once, and what precedes it is taken for silence. Raises
    `EnvironmentFault` where the weights of the classifier or of silero-vad are missing.
    """
    listener = Listener(len(groups))
    streams = np.concatenate([listen_to(samples, groups), *(() if stem is None else (stem,))], axis=1)
    for block in resample_blocks([streams], rate_in=rate, rate_out=RATE, channels=streams.shape[1]):
        listener.process(block[:, : len(groups)], None if stem is None else block[:, len(groups) :])
    return listener.heard()


class Listener:
    """Hears several parallel 16 kHz signals block by block; memory grows by 24 bytes per frame and signal."""

    def __init__(self, streams: int) -> None:
        self._classifier, self._band = Classifier(streams), VoiceBand(streams)
        self._decided: list[tuple[npt.NDArray[np.float16], npt.NDArray[np.float16]]] = []
        self._level = [np.zeros((0, streams), np.float32)]

    def process(self, block: Block, context: Block | None = None) -> None:
        """``block``: (n, streams) float32 at 16 kHz; ``context``: (n, 1), the dialogue meanwhile, always or never."""
        self._decided.append(_halved(self._classifier.process(block, context)))
        self._level.append(self._band.process(block))

    def heard(self) -> Heard:
        """Everything heard, the last frame completed with silence; ends the stream."""
        decided = zip(*[*self._decided, _halved(self._classifier.flush())], strict=True)
        scores, speech = (np.concatenate(each) for each in decided)
        level = np.concatenate([*self._level, self._band.flush()])
        scores[level < FLOOR_DBFS] = 0.0
        speech[level < FLOOR_DBFS] = 0.0
        return Heard(scores, speech, level)


def side_by_side(parts: Sequence[Heard]) -> Heard:
    """What was heard of the same time by several listeners, their groups in order."""
    each = zip(*((part.scores, part.speech, part.level) for part in parts), strict=True)
    return Heard(*(np.concatenate(one, axis=1) for one in each))


def _halved(decided: Decided) -> tuple[npt.NDArray[np.float16], npt.NDArray[np.float16]]:
    return decided.scores.astype(np.float16), decided.speech.astype(np.float16)
