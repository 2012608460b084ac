"""Several signals heard frame by frame: how likely speech is, and how loud the voice band is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, sosfilt

from dubline.audio.resample import resample_blocks
from dubline.audio.wav import Block
from dubline.vocalization.silero import FRAME, RATE, VoiceActivity

FRAME_SECONDS = FRAME / RATE
# The band that carries the formants of every voice: below it lies rumble, above it hiss.
VOICE_BAND_HZ = (300.0, 4000.0)
# Stands for digital silence, so that a level is always finite.
SILENCE_DBFS = -120.0


@dataclass(frozen=True, slots=True)
class Heard:
    """Per frame of `FRAME_SECONDS` and per stream: ``speech`` (frames, streams) in 0..1, ``level`` in dBFS."""

    speech: Block
    level: Block


def hear(blocks: Iterable[Block], *, rate: int, streams: int) -> Heard:
    """Everything in ``blocks``, each (n, streams) float32 at ``rate``; the last frame is completed with silence.

    Memory grows by eight bytes per frame and stream: a megabyte an hour.
    """
    activity, band = VoiceActivity(streams), VoiceBand(streams)
    speech, level = [], []
    for samples in resample_blocks(blocks, rate_in=rate, rate_out=RATE, channels=streams):
        speech.append(activity.process(samples))
        level.append(band.process(samples))
    none = np.zeros((0, streams), dtype=np.float32)
    return Heard(
        np.concatenate([none, *speech, activity.flush()]),
        np.concatenate([none, *level, band.flush()]),
    )


class VoiceBand:
    """Mean level of each frame in `VOICE_BAND_HZ`, dBFS."""

    def __init__(self, streams: int) -> None:
        self._streams = streams
        self._sections = butter(2, VOICE_BAND_HZ, "bandpass", fs=RATE, output="sos")
        self._state = np.zeros((len(self._sections), 2, streams))
        self._held = np.zeros((0, streams))

    def process(self, samples: Block) -> Block:
        if not len(samples):  # scipy filters no empty block
            return np.zeros((0, self._streams), dtype=np.float32)
        voiced, self._state = sosfilt(self._sections, samples, axis=0, zi=self._state)
        held = np.concatenate([self._held, voiced])
        count = len(held) // FRAME
        self._held = held[count * FRAME :]
        power = np.square(held[: count * FRAME]).reshape(count, FRAME, self._streams).mean(axis=1)
        level: Block = (10.0 * np.log10(power + 10.0 ** (SILENCE_DBFS / 10.0))).astype(np.float32)
        return level

    def flush(self) -> Block:
        return self.process(np.zeros((-len(self._held) % FRAME, self._streams), dtype=np.float32))
