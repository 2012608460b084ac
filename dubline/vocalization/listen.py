"""How surely each kind of vocalization sounds, frame by frame: in a short piece, or in a whole stream."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dubline.audio.resample import resample_blocks
from dubline.audio.wav import Block
from dubline.vocalization.ear import FRAME_SECONDS, VoiceBand
from dubline.vocalization.events import LABELS, Label
from dubline.vocalization.groups import Group, listen_to
from dubline.vocalization.silero import RATE, VoiceActivity
from dubline.vocalization.sounds import peak
from dubline.vocalization.speech import audible_speech


@dataclass(frozen=True, slots=True)
class Heard:
    """Per frame of `FRAME_SECONDS`, the first beginning with the sound.

    ``scores``: (frames, groups, labels) in 0..1, labels in the order of `LABELS`, 0 where nothing is audible;
    ``level``: (frames, groups), that of the voice band in dBFS.
    """

    scores: Block
    level: Block

    def peak(self, label: Label, group: int, *, start_seconds: float, end_seconds: float) -> float:
        """The highest score of ``label`` in a group, an index, between two times; 0.0 where nothing is."""
        return peak(self.scores[:, group, LABELS.index(label)], start_seconds, end_seconds, FRAME_SECONDS)


def listen(samples: Block, *, rate: int, groups: tuple[Group, ...], stem: Block | None = None) -> Heard:
    """What is heard in ``samples`` (n, channels) of an M&E, in each of ``groups``.

    ``stem`` (n, 1) is what the DX stem says meanwhile, where dialogue is (`dialogue_group`). For pieces of a film, a
    second or more: all of it is in memory at once, and what precedes it is taken for silence.
    """
    listener = Listener(len(groups))
    streams = np.concatenate([listen_to(samples, groups), *(() if stem is None else (stem,))], axis=1)
    for block in resample_blocks([streams], rate_in=rate, rate_out=RATE, channels=streams.shape[1]):
        listener.process(block[:, : len(groups)], None if stem is None else block[:, len(groups) :])
    return listener.heard()


class Listener:
    """Hears several parallel 16 kHz signals block by block; memory grows by 22 bytes per frame and signal."""

    def __init__(self, streams: int) -> None:
        self._activity, self._band = VoiceActivity(streams), VoiceBand(streams)
        self._speech = [np.zeros((0, streams), np.float32)]
        self._level = [np.zeros((0, streams), np.float32)]

    def process(self, block: Block, context: Block | None = None) -> None:
        """``block``: (n, streams) float32 at 16 kHz; ``context``: (n, 1), the dialogue meanwhile, always or never."""
        self._speech.append(self._activity.process(block))
        self._level.append(self._band.process(block))

    def heard(self) -> Heard:
        """Everything heard, the last frame completed with silence; ends the stream."""
        speech = np.concatenate([*self._speech, self._activity.flush()])
        level = np.concatenate([*self._level, self._band.flush()])
        scores = np.zeros((*speech.shape, len(LABELS)), dtype=np.float32)
        scores[:, :, LABELS.index("speech")] = audible_speech(speech, level)
        return Heard(scores, level)
