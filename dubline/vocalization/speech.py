"""Where speech is in a dialogue stem, a dub or a mix: the spans that dialogue loudness is measured in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from dubline.audio.spans import Spans
from dubline.audio.wav import WavReader
from dubline.vocalization.ear import FRAME_SECONDS, hear
from dubline.vocalization.groups import dialogue_group, front, listen_to
from dubline.vocalization.hysteresis import SpanRules, runs
from dubline.vocalization.watch import Cancel, Progress, in_step, never, nothing

Floats = npt.NDArray[np.float32]

# What a separator leaves can have the shape of speech; below the absolute gate of BS.1770 nobody hears it.
FLOOR_DBFS = -70.0


def speech_spans(
    path: Path,
    *,
    mixed: bool = False,
    threshold: float = 0.5,
    release: float = 0.35,
    minimum_speech_seconds: float = 0.25,
    minimum_silence_seconds: float = 0.1,
    pad_seconds: float = 0.03,
    floor_dbfs: float = FLOOR_DBFS,
    progress: Progress = nothing,
    cancelled: Cancel = never,
) -> Spans:
    """Speech in a WAV of any rate and layout, in seconds.

    A dialogue track is heard in all of its `front`. One that is ``mixed`` with music and effects is heard in its
    center, where dialogue is, else in the front pair.

    A span begins where silero-vad's probability reaches ``threshold`` and ends where it falls under ``release``;
    frames whose voice band lies under ``floor_dbfs`` are never speech. ``progress`` counts sample frames.
    Raises `BadInput` for a file that cannot be read or holds samples that are not finite, `Cancelled`.
    """
    with WavReader(path) as reader:
        layout, group = reader.layout, (dialogue_group(reader.layout),)
        blocks = in_step((reader,), progress=progress, cancelled=cancelled)
        voices = (listen_to(block, group) if mixed else front(block, layout) for (block,) in blocks)
        heard = hear(voices, rate=reader.rate, streams=1)
        duration = reader.frames / reader.rate
    scores = audible_speech(heard.speech[:, 0], heard.level[:, 0], floor_dbfs=floor_dbfs)
    rules = SpanRules(threshold, release, minimum_speech_seconds, minimum_silence_seconds, pad_seconds)
    return Spans(tuple(runs(scores, rules=rules, frame_seconds=FRAME_SECONDS, duration_seconds=duration)))


def audible_speech(speech: Floats, level: Floats, *, floor_dbfs: float = FLOOR_DBFS) -> Floats:
    """``speech`` (frames,) in 0..1, but 0 where ``level`` (frames,) lies under the floor."""
    return np.where(level >= floor_dbfs, speech, np.float32(0.0))
