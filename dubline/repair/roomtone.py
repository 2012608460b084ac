"""Room tone: a passage of background without voice, made into a loop that has no seam."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dubline.audio.wav import Block
from dubline.repair.spectra import Grid, Read, power

# Of a longer passage only the steadiest part is looped: a door slam must not come back every two seconds.
LOOP_SECONDS = 2.0
_STEP_SECONDS = 0.25
_LEVEL_SECONDS = 0.05
CROSSFADE_SECONDS = 0.25
# The loop takes the level right beside the event, but a change of scene there must not be followed.
MAX_MATCH_DB = 6.0


@dataclass(frozen=True, slots=True)
class RoomTone:
    """``loop`` (n, channels) repeats without a seam; ``power`` (channels, bins) is its mean power spectrum."""

    loop: Block
    power: npt.NDArray[np.float32]

    def at(self, start: int, end: int) -> Block:
        """The tone from frame ``start`` to ``end``, (n, channels): the same frame always sounds the same."""
        return self.loop[np.arange(start, end) % len(self.loop)]

    @property
    def silent(self) -> bool:
        """Whether the background is digital silence, so that nothing can be filled in."""
        return not self.loop.any()


def take_tone(read: Read, passage: tuple[int, int], *, beside: Block, rate: int, grid: Grid) -> RoomTone:
    """The room tone of ``passage`` (start, end in frames), all channels from the same moment.

    ``read(start, end)`` gives (n, channels); ``beside`` (n, channels) is the background right beside the event,
    whose level the tone takes.
    """
    steady = _steadiest(read(*passage), rate)
    tone = seamless(steady * _match(steady, beside), rate)
    # Even the shortest loop gives enough frames for a mean, because it repeats.
    repeated = np.take(tone, np.arange(max(len(tone), 4 * grid.window)), axis=0, mode="wrap")
    return RoomTone(tone, power(grid.analyze(repeated)).mean(axis=0))


def seamless(passage: Block, rate: int) -> Block:
    """``passage`` (n, channels) shortened by an equal-power crossfade of its end into its beginning."""
    fade = min(round(CROSSFADE_SECONDS * rate), len(passage) // 4)
    if fade == 0:
        return passage
    loop = passage[: len(passage) - fade].copy()
    turn = ((np.arange(fade) + 0.5) * (np.pi / 2 / fade)).astype(np.float32)[:, None]
    loop[:fade] = loop[:fade] * np.sin(turn) + passage[len(passage) - fade :] * np.cos(turn)
    return loop


def _steadiest(passage: Block, rate: int) -> Block:
    length, step = round(LOOP_SECONDS * rate), round(_STEP_SECONDS * rate)
    if len(passage) <= length:
        return passage
    hop = round(_LEVEL_SECONDS * rate)
    starts = range(0, len(passage) - length + 1, step)
    return min((passage[start : start + length] for start in starts), key=lambda part: _unsteadiness(part, hop))


def _unsteadiness(part: Block, hop: int) -> float:
    """Loudest over middle level, which a click or a slam makes large; infinite for a part that is half silent."""
    levels = np.square(part[: len(part) // hop * hop]).reshape(-1, hop * part.shape[1]).mean(axis=1)
    middle = float(np.median(levels))
    return float(levels.max()) / middle if middle > 0.0 else np.inf


def _match(tone: Block, beside: Block) -> np.float32:
    """One gain for all channels: per-channel gains would move the background's place in the room."""
    have, want = float(np.square(tone).mean()), float(np.square(beside).mean()) if len(beside) else 0.0
    if have == 0.0 or want == 0.0:
        return np.float32(1.0)
    limit = 10.0 ** (MAX_MATCH_DB / 20.0)
    return np.float32(np.clip(np.sqrt(want / have), 1.0 / limit, limit))
