"""Everything a screen needs of one track, in one pass over its sound: waveform, spectrogram, and what is heard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from dubline.audio.wav import Block, WavReader
from dubline.errors import Cancelled
from dubline.quality.spectrogram import HIGHEST_DB, HIGHEST_HZ, LOWEST_DB, LOWEST_HZ, ROWS
from dubline.quality.tiles import peaks, spectra
from dubline.quality.tiles.audition import BLOCK_FRAMES, flac
from dubline.quality.tiles.listening import RATE, heard, heard_frames
from dubline.quality.tiles.sections import Index, SectionWriter
from dubline.vocalization.watch import Cancel, Progress, never, nothing


def tile_track(path: Path, out: Path, *, progress: Progress = nothing, cancelled: Cancel = never) -> Index:
    """Write the pieces of the WAV at ``path`` to ``out``; gives their index.

    ``frames`` at ``rate`` is the length; ``audio`` holds FLAC files of ``span`` frames each; ``peaks`` and
    ``spectrogram`` are lists of levels, the finest first, in which a pair of ``peaks`` (int8 low, int8 high) or a
    column of ``spectrogram`` (in tiles of ``width`` columns) spans ``hop`` frames. All draw what is heard: the fold to
    two channels. Memory does not grow but for the peaks, 10 kB for a minute. Raises `BadInput`, `Cancelled`.
    """
    meter, tiler = peaks.PeakMeter(), spectra.SpectrogramTiler()
    levels = 0
    with WavReader(path) as reader, SectionWriter(out, out.parent) as writer:
        done, frames = 0, heard_frames(reader)
        for block in _regular(heard(reader), BLOCK_FRAMES):
            if cancelled():
                raise Cancelled("drawing was stopped", str(path), "start it again when ready")
            meter.process(block)
            writer.add("audio", flac(block))
            for level, tile in tiler.process(block):
                writer.add(f"spectrogram {level}", tile)
            done += len(block)
            progress(done, frames)
        for level, tile in tiler.finish():
            writer.add(f"spectrogram {level}", tile)
            levels = max(levels, level + 1)
        pairs = meter.levels()
        for level, drawn in enumerate(pairs):
            writer.add(f"peaks {level}", drawn.tobytes())
        at = writer.write()
    return {
        "rate": RATE,
        "frames": frames,
        "audio": {"span": BLOCK_FRAMES, **at["audio"]},
        "peaks": [
            {"hop": peaks.FINEST << level, "at": at[f"peaks {level}"]["at"], "count": len(drawn)}
            for level, drawn in enumerate(pairs)
        ],
        "spectrogram": {
            "width": spectra.WIDTH,
            "rows": ROWS,
            "hertz": [LOWEST_HZ, HIGHEST_HZ],
            "decibels": [LOWEST_DB, HIGHEST_DB],
            "levels": [{"hop": spectra.HOP << level, **at[f"spectrogram {level}"]} for level in range(levels)],
        },
    }


def _regular(blocks: Iterable[Block], size: int) -> Iterator[Block]:
    """The same samples in blocks of ``size`` frames, the last one shorter."""
    held: list[Block] = []
    count = 0
    for block in blocks:
        held.append(block)
        count += len(block)
        if count < size:
            continue
        joined = np.concatenate(held)
        whole = len(joined) // size * size
        for start in range(0, whole, size):
            yield joined[start : start + size]
        held, count = [joined[whole:]], len(joined) - whole
    if count:
        yield np.concatenate(held)
