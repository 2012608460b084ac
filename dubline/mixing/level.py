"""One gain for a whole dub: as loud as the dialogue it replaces."""

from __future__ import annotations

from dataclasses import dataclass

# A dub further from the original than this was delivered at another reference; a person should look at it.
MAX_GAIN_DB = 12.0


@dataclass(frozen=True, slots=True)
class LevelMatch:
    """The gain on the dub and why; ``limited`` when the match asked for more than `MAX_GAIN_DB`."""

    gain_db: float
    reason: str
    limited: bool = False


def match_level(*, ov_dialogue_lufs: float | None, dub_dialogue_lufs: float | None) -> LevelMatch:
    """The gain in dB that brings the dub's dialogue loudness to the original's, at most `MAX_GAIN_DB` either way.

    Both are energies inside speech (BS.1770); where one is undefined there is nothing to match and the gain is 0.
    """
    if ov_dialogue_lufs is None:
        return LevelMatch(0.0, "the original has no dialogue to match")
    if dub_dialogue_lufs is None:
        return LevelMatch(0.0, "no speech was found in the dub")
    wanted = ov_dialogue_lufs - dub_dialogue_lufs
    gain = min(max(wanted, -MAX_GAIN_DB), MAX_GAIN_DB)
    reason = f"dialogue from {dub_dialogue_lufs:.2f} to {ov_dialogue_lufs:.2f} LUFS"
    if gain != wanted:
        reason += f", held at {gain:+.0f} of the {wanted:+.2f} dB it would take"
    return LevelMatch(gain, reason, gain != wanted)
