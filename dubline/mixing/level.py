"""As loud as the dialogue it replaces: one gain for a whole dub, or one per scene within narrow limits."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from dubline.audio.spans import Spans
from dubline.loudness.windows import BLOCKS_PER_SECOND, Energies, ungated

# A dub further from the original than this was delivered at another reference; a person should look at it.
MAX_GAIN_DB = 12.0

# Breaths and the room answer after the last word: a gain does not move this near to speech.
_GUARD_SECONDS = 0.5
# Slow enough that the room between two scenes is not heard to move, as long as the pause allows it.
_RAMP_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class LevelRules:
    """How a dub's level is matched to the original's: by one gain, by one per scene, or not.

    Scenes are told apart by pauses of ``pause_seconds`` in both dialogues; a scene's gain stays ``within_db`` of the
    dub's, and is the dub's where either side speaks for less than ``minimum_speech_seconds`` in it. No gain exceeds
    ``max_gain_db`` either way.
    """

    match: Literal["global", "scene", "off"] = "global"
    max_gain_db: float = MAX_GAIN_DB
    pause_seconds: float = 4.0
    within_db: float = 3.0
    minimum_speech_seconds: float = 2.0


@dataclass(frozen=True, slots=True)
class SceneLevel:
    """One scene, from its first word to its last: loudness in LUFS inside speech (None where too little is said),
    the gain on the dub in dB, and whether a limit held it.
    """

    start_seconds: float
    end_seconds: float
    ov_dialogue_lufs: float | None
    dub_dialogue_lufs: float | None
    gain_db: float
    limited: bool


@dataclass(frozen=True, slots=True)
class Level:
    """The gain on a dub and why; ``limited`` when the match asked for more than is allowed. Loudness in LUFS."""

    match: str
    gain_db: float
    reason: str
    limited: bool = False
    ov_dialogue_lufs: float | None = None
    dub_dialogue_lufs: float | None = None
    scenes: tuple[SceneLevel, ...] = ()

    def factors(self, first: int, frames: int, rate: int) -> npt.NDArray[np.float32]:
        """What to multiply ``frames`` frames from number ``first`` on by: ``(frames, 1)``, or ``(1, 1)`` for all.

        Between two scenes the gain goes from one to the other in a straight line of decibels, inside the pause.
        """
        moves = list(self._moves())
        if not moves:
            return np.full((1, 1), 10.0 ** (self.gain_db / 20.0), np.float32)
        places, gains = np.array(moves).T
        decibels = np.interp(np.arange(first, first + frames) / rate, places, gains)
        found: npt.NDArray[np.float32] = (10.0 ** (decibels / 20.0)).astype(np.float32)[:, None]
        return found

    def _moves(self) -> Iterator[tuple[float, float]]:
        """Corners of the gain over time: seconds and decibels."""
        for one, next_one in itertools.pairwise(self.scenes):
            middle = (one.end_seconds + next_one.start_seconds) / 2.0
            pause = next_one.start_seconds - one.end_seconds
            half = min(_RAMP_SECONDS, max(pause - 2.0 * _GUARD_SECONDS, 0.0)) / 2.0
            yield middle - half, one.gain_db
            yield middle + half, next_one.gain_db


def match_level(ov: Energies | None, dub: Energies, *, ov_speech: Spans, dub_speech: Spans, rules: LevelRules) -> Level:
    """The gain in dB that brings the dub's dialogue loudness to the original's, within ``rules``.

    Both are energies inside speech (BS.1770, ungated); where one is undefined there is nothing to match and the gain
    is 0. ``ov`` is None where there is no original dialogue.
    """
    ov_lufs = None if ov is None else ungated(ov.within(ov_speech))
    dub_lufs = ungated(dub.within(dub_speech))
    if rules.match == "off":
        return Level("off", 0.0, "level matching is off", False, ov_lufs, dub_lufs)
    if ov is None or ov_lufs is None:
        return Level(rules.match, 0.0, "the original has no dialogue to match", False, ov_lufs, dub_lufs)
    if dub_lufs is None:
        return Level(rules.match, 0.0, "no speech was found in the dub", False, ov_lufs, dub_lufs)
    wanted = ov_lufs - dub_lufs
    gain = _held(wanted, 0.0, rules.max_gain_db)
    reason = f"dialogue from {dub_lufs:.2f} to {ov_lufs:.2f} LUFS"
    if gain != wanted:
        reason += f", held at {gain:+g} of the {wanted:+.2f} dB it would take"
    scenes: tuple[SceneLevel, ...] = ()
    if rules.match == "scene":
        spans = scenes_of(ov_speech, dub_speech, pause_seconds=rules.pause_seconds)
        scenes = tuple(_scene(span, ov, dub, ov_speech, dub_speech, gain, rules) for span in spans.items)
        reason += f", within {rules.within_db:g} dB of that in each of {len(scenes)} scenes"
    return Level(rules.match, gain, reason, gain != wanted, ov_lufs, dub_lufs, scenes)


def scenes_of(ov_speech: Spans, dub_speech: Spans, *, pause_seconds: float) -> Spans:
    """Spans without a pause of ``pause_seconds`` in both dialogues, each from its first word to its last."""
    scenes: list[tuple[float, float]] = []
    for start, end in sorted([*ov_speech.items, *dub_speech.items]):
        if scenes and start - scenes[-1][1] < pause_seconds:
            scenes[-1] = (scenes[-1][0], max(scenes[-1][1], end))
        else:
            scenes.append((start, end))
    return Spans(tuple(scenes))


def _scene(
    span: tuple[float, float],
    ov: Energies,
    dub: Energies,
    ov_speech: Spans,
    dub_speech: Spans,
    gain: float,
    rules: LevelRules,
) -> SceneLevel:
    ov_lufs = _spoken(ov, ov_speech, span, rules.minimum_speech_seconds)
    dub_lufs = _spoken(dub, dub_speech, span, rules.minimum_speech_seconds)
    if ov_lufs is None or dub_lufs is None:
        return SceneLevel(*span, ov_lufs, dub_lufs, gain, False)
    wanted = ov_lufs - dub_lufs
    held = _held(_held(wanted, gain, rules.within_db), 0.0, rules.max_gain_db)
    return SceneLevel(*span, ov_lufs, dub_lufs, held, held != wanted)


def _spoken(energies: Energies, speech: Spans, span: tuple[float, float], minimum_seconds: float) -> float | None:
    first, last = (round(edge * BLOCKS_PER_SECOND) for edge in span)
    said = energies.part(first, last).within(speech)
    return ungated(said) if len(said.sums) >= minimum_seconds * BLOCKS_PER_SECOND else None


def _held(value: float, middle: float, reach: float) -> float:
    return min(max(value, middle - reach), middle + reach)
