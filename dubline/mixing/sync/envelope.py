"""How loud the voice of a track is every 10 ms: all that the sync check keeps of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, sosfilt

from dubline.audio.wav import Block, WavReader
from dubline.vocalization.groups import front
from dubline.vocalization.watch import Cancel, Progress, in_step, never, nothing

Floats = npt.NDArray[np.float64]

# Frames of an envelope per second. 10 ms is shorter than a syllable's attack and gives 4 MB for three hours.
FRAMES_PER_SECOND = 100

# Where a voice has its energy; hum and hiss of a separated stem lie outside.
_BAND_HZ = (150.0, 4000.0)
# Frames below this are silence (BS.1770-4's absolute gate, as a level).
_FLOOR_DBFS = -70.0
# Loud speech lies about this far over the mean of what is within 10 dB of it.
_CREST_DB = 5.0
# A syllable and the pause after it differ by less than this in any room; what lies lower is nobody's word.
_RANGE_DB = 30.0


def levels(reader: WavReader, *, progress: Progress = nothing, cancelled: Cancel = never) -> Floats:
    """Level of the voice band of ``reader``'s `front` in dBFS, `FRAMES_PER_SECOND` values a second.

    Value ``k`` is of the 10 ms from ``k * rate // 100`` on; an unfinished last frame is left out.
    """
    blocks = in_step((reader,), progress=progress, cancelled=cancelled)
    heard = (front(block, reader.layout)[:, 0] for (block,) in blocks)
    powers = np.concatenate([np.zeros(0), *_powers(heard, reader.rate)])
    found: Floats = 10.0 * np.log10(np.maximum(powers, 1e-12))
    return found


def activity(levels_db: Floats) -> Floats:
    """How much a voice is at work in every frame, 0 to 1: its level over the `_RANGE_DB` below loud speech.

    All zeros for a track in which nothing rises over the floor.
    """
    powers = np.where(levels_db > _FLOOR_DBFS, 10.0 ** (levels_db / 10.0), 0.0)
    if not powers.any():
        return np.zeros(len(levels_db))
    gated = powers[powers > powers.mean() / 10.0]
    top = 10.0 * np.log10(gated.mean()) + _CREST_DB
    found: Floats = np.clip((levels_db - top) / _RANGE_DB + 1.0, 0.0, 1.0)
    return found


def _powers(blocks: Iterable[Block], rate: int) -> Iterator[Floats]:
    """Mean square of every whole frame of a mono stream, however it was cut into blocks."""
    low, high = _BAND_HZ
    sections = butter(1, (low, min(high, 0.45 * rate)), "bandpass", fs=rate, output="sos")
    memory = np.zeros((len(sections), 2))
    rest, done = np.zeros(0), 0
    for block in blocks:
        filtered, memory = sosfilt(sections, block, zi=memory)
        # Filter memory decays into denormal numbers in digital silence, which are very slow to compute.
        memory[np.abs(memory) < 1e-30] = 0.0
        rest = np.concatenate([rest, filtered])
        first = done * rate // FRAMES_PER_SECOND
        whole = ((first + len(rest) + 1) * FRAMES_PER_SECOND - 1) // rate - done
        edges = np.arange(done, done + whole + 1, dtype=np.int64) * rate // FRAMES_PER_SECOND - first
        if whole:
            used = int(edges[-1])
            yield np.add.reduceat(np.square(rest[:used]), edges[:-1]) / np.diff(edges)
            rest, done = rest[used:], done + whole
