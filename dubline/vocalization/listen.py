"""How surely each kind of vocalization sounds, frame by frame: in a short piece, or in a whole stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dubline.audio.resample import resample_blocks
from dubline.audio.wav import Block
from dubline.vocalization.classifier import Classifier, Decided
from dubline.vocalization.ear import VoiceBand
from dubline.vocalization.events import LABELS
from dubline.vocalization.groups import Group, listen_to
from dubline.vocalization.silero import RATE
from dubline.vocalization.speech import FLOOR_DBFS


@dataclass(frozen=True, slots=True)
class Heard:
    """Per frame of `ear.FRAME_SECONDS`, the first beginning with the sound.

    ``scores``: (frames, groups, labels) float16 in 0..1, labels in the order of `LABELS`, 0 where nothing is audible;
    ``level``: (frames, groups) float32, that of the voice band in dBFS.
    """

    scores: npt.NDArray[np.float16]
    level: Block


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
    """Hears several parallel 16 kHz signals block by block; memory grows by 22 bytes per frame and signal."""

    def __init__(self, streams: int) -> None:
        self._classifier, self._band = Classifier(streams), VoiceBand(streams)
        self._scores = [np.zeros((0, streams, len(LABELS)), np.float16)]
        self._level = [np.zeros((0, streams), np.float32)]

    def process(self, block: Block, context: Block | None = None) -> None:
        """``block``: (n, streams) float32 at 16 kHz; ``context``: (n, 1), the dialogue meanwhile, always or never."""
        self._scores.append(_scores(self._classifier.process(block, context)))
        self._level.append(self._band.process(block))

    def heard(self) -> Heard:
        """Everything heard, the last frame completed with silence; ends the stream."""
        scores = np.concatenate([*self._scores, _scores(self._classifier.flush())])
        level = np.concatenate([*self._level, self._band.flush()])
        scores[level < FLOOR_DBFS] = 0.0
        return Heard(scores, level)


def side_by_side(parts: Sequence[Heard]) -> Heard:
    """What was heard of the same time by several listeners, their groups in order."""
    scores, level = (np.concatenate(each, axis=1) for each in zip(*((p.scores, p.level) for p in parts), strict=True))
    return Heard(scores, level)


def _scores(decided: Decided) -> npt.NDArray[np.float16]:
    """What the classifier makes of it, silero-vad's view included: (frames, streams, labels)."""
    return decided.scores.astype(np.float16)
