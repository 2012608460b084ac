from __future__ import annotations

import pytest

from dubline.mixing.level import match_level


@pytest.mark.parametrize(
    ("original", "dub", "gain", "limited"),
    [
        (-27.0, -23.0, -4.0, False),
        (-27.0, -35.0, 8.0, False),
        (-27.0, -39.0, 12.0, False),
        (-27.0, -50.0, 12.0, True),
        (-40.0, -20.0, -12.0, True),
        (None, -20.0, 0.0, False),
        (-27.0, None, 0.0, False),
        (None, None, 0.0, False),
    ],
)
def test_the_dub_takes_the_level_of_the_original(
    original: float | None, dub: float | None, gain: float, limited: bool
) -> None:
    match = match_level(ov_dialogue_lufs=original, dub_dialogue_lufs=dub)
    assert (match.gain_db, match.limited) == (gain, limited)


def test_the_reason_says_what_it_would_have_taken() -> None:
    assert match_level(ov_dialogue_lufs=-27.0, dub_dialogue_lufs=-50.0).reason == (
        "dialogue from -50.00 to -27.00 LUFS, held at +12 of the +23.00 dB it would take"
    )
