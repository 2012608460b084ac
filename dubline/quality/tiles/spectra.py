"""The spectrogram at every zoom: pictures of a fixed width, columns twice as long from level to level."""

from __future__ import annotations

import io
from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import scipy.fft
from PIL import Image

from dubline.audio.wav import Block
from dubline.quality.spectrogram import HIGHEST_DB, LOWEST_DB, ROWS, SPREAD, TRANSFORM, pooling
from dubline.quality.tiles.listening import RATE

# Samples from column to column at the finest level: 10.7 ms.
HOP = 512
# Columns of a tile; one at the finest level spans as much as a block of sound.
WIDTH = 256
TILE_FRAMES = HOP * WIDTH

Power = npt.NDArray[np.float32]
Tile = tuple[int, bytes]


class SpectrogramTiler:
    """Draws a stream of `TILE_FRAMES` at a time; the last block may be shorter.

    A tile is a gray PNG of `ROWS` rows, high frequencies first: 0 is `LOWEST_DB` or less, 255 `HIGHEST_DB`. It holds
    levels, not colors, so that a screen can subtract two of them. Memory: a tile per level.
    """

    def __init__(self) -> None:
        self._window = np.hanning(TRANSFORM).astype(np.float32)
        scale = (2.0 / float(self._window.sum())) ** 2 / SPREAD
        self._pool = (pooling(RATE) * scale).astype(np.float32)
        # A column is centered on the first sample it stands for.
        self._before: Block = np.zeros((TRANSFORM // 2, 2), dtype=np.float32)
        self._waiting: Block | None = None
        self._pending: defaultdict[int, list[Power]] = defaultdict(list)
        self._given: Counter[int] = Counter()

    def process(self, block: Block) -> Iterator[Tile]:
        """Take the next ``block``, ``(frames, 2)`` at `RATE`; gives the tiles that are whole, with their level."""
        if self._waiting is not None:
            yield from self._draw(self._waiting, block)
        self._waiting = block

    def finish(self) -> Iterator[Tile]:
        """The tiles that are left, the last of every level up to one of a single tile; ends the stream."""
        if self._waiting is not None:
            yield from self._draw(self._waiting, np.zeros((0, 2), dtype=np.float32))
        for level in range(64):
            rest = self._rest(level)
            if rest.shape[1]:
                yield from self._give(level, rest)
            if self._given[level] <= 1:
                return

    def _draw(self, block: Block, after: Block) -> Iterator[Tile]:
        columns = -(-len(block) // HOP)
        needed = (columns - 1) * HOP + TRANSFORM
        sound = np.concatenate([self._before, block, after[: TRANSFORM // 2]])
        sound = np.pad(sound, ((0, max(needed - len(sound), 0)), (0, 0)))[:needed]
        frames = np.lib.stride_tricks.sliding_window_view(sound, TRANSFORM, axis=0)[::HOP]
        spectra = scipy.fft.rfft(frames * self._window, axis=2)
        squares = spectra.real**2 + spectra.imag**2
        power = squares[:, 0] + squares[:, 1]
        self._before = block[-(TRANSFORM // 2) :]
        yield from self._take(0, self._pool @ power.T)

    def _take(self, level: int, columns: Power) -> Iterator[Tile]:
        """Keep columns for the next tile of a level."""
        self._pending[level].append(columns)
        if sum(part.shape[1] for part in self._pending[level]) == WIDTH:
            yield from self._give(level, self._rest(level))

    def _give(self, level: int, columns: Power) -> Iterator[Tile]:
        """A tile, and half as many columns to the level above."""
        self._pending[level] = []
        self._given[level] += 1
        yield level, _png(columns)
        yield from self._take(level + 1, _halved(columns))

    def _rest(self, level: int) -> Power:
        parts = self._pending[level]
        return np.concatenate(parts, axis=1) if parts else np.zeros((ROWS, 0), dtype=np.float32)


def _halved(columns: Power) -> Power:
    """Each two columns as their mean power; a last one without a neighbor stands for itself."""
    if columns.shape[1] % 2:
        columns = np.concatenate([columns, columns[:, -1:]], axis=1)
    halved: Power = columns.reshape(len(columns), -1, 2).mean(axis=2)
    return halved


def _png(columns: Power) -> bytes:
    decibels = 10.0 * np.log10(np.maximum(columns, 1e-20))
    shades = np.clip((decibels - LOWEST_DB) / (HIGHEST_DB - LOWEST_DB), 0.0, 1.0) * 255.0
    buffer = io.BytesIO()
    # Level 6 makes tiles 2 % smaller in three times the time.
    Image.fromarray(shades.round().astype(np.uint8)).save(buffer, format="png", compress_level=3)
    return buffer.getvalue()
