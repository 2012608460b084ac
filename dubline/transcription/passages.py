"""The passages of a track in which somebody speaks, as a recognizer wants them: mono at 16 kHz, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dubline.audio.resample import resample_blocks
from dubline.audio.spans import Spans
from dubline.audio.wav import BLOCK_FRAMES, WavReader
from dubline.vocalization.groups import groups_of, listen_to
from dubline.vocalization.hysteresis import join

RATE = 16_000
# Sentences of one exchange help each other; what lies further apart is another one.
PAUSE_SECONDS = 1.5
# Room for the onset and the end of a word that activity detection cut.
MARGIN_SECONDS = 0.25
# Keeps what is in memory at once to a few megabytes, whatever the film.
LONGEST_SECONDS = 300.0

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Passage:
    """``samples`` (n,) float32 at `RATE`, which begin at ``start_seconds`` of the track."""

    start_seconds: float
    samples: Samples

    @property
    def seconds(self) -> float:
        """Duration."""
        return len(self.samples) / RATE


def passages(path: Path, speech: Spans) -> Iterator[Passage]:
    """Where ``speech`` is in the WAV at ``path``: the sum of its channels but the LFE, in order of time."""
    with WavReader(path) as reader:
        groups = groups_of(reader.layout)
        for start, end in _stretches(speech, reader.frames / reader.rate):
            first, last = round(start * reader.rate), min(round(end * reader.rate), reader.frames)
            if first >= last:
                continue
            blocks = _between(reader, first, last)
            heard = (listen_to(block, groups).sum(axis=1, keepdims=True) for block in blocks)
            whole = list(resample_blocks(heard, rate_in=reader.rate, rate_out=RATE, channels=1))
            yield Passage(first / reader.rate, np.concatenate(whole)[:, 0])


def _between(reader: WavReader, first: int, last: int) -> Iterator[Samples]:
    blocks = reader.blocks(BLOCK_FRAMES, start=first)
    for at in range(first, last, BLOCK_FRAMES):
        yield next(blocks)[: last - at]


def _stretches(speech: Spans, duration: float) -> Iterator[tuple[float, float]]:
    wide = [(max(start - MARGIN_SECONDS, 0.0), min(end + MARGIN_SECONDS, duration)) for start, end in speech.items]
    for start, end in join(wide, gap=PAUSE_SECONDS):
        for at in np.arange(start, end, LONGEST_SECONDS):
            yield float(at), min(float(at) + LONGEST_SECONDS, end)
