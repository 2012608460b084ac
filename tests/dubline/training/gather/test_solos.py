from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubline.training.gather.solos import melody, midi, variable


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (0x00, "00"), (0x40, "40"), (0x7F, "7f"), (0x80, "8100"), (0x2000, "c000"), (0x3FFF, "ff7f"),
        (0x4000, "818000"), (0x100000, "c08000"), (0x1FFFFF, "ffff7f"), (0x200000, "81808000"),
        (0x8000000, "c0808000"), (0xFFFFFFF, "ffffff7f"),
    ],
)  # fmt: skip
def test_quantities_are_written_as_the_standard_s_table_has_them(number: int, written: str) -> None:
    """Standard MIDI Files 1.0, "Conventions"."""
    assert variable(number).hex() == written


@given(st.integers(0, 127), st.integers(0, 1000))
def test_a_melody_ends_every_note_it_begins_and_its_file_is_as_long_as_it_says(program: int, seed: int) -> None:
    events = melody(np.random.default_rng(seed), program)
    assert [at for at, _ in events] == sorted(at for at, _ in events)
    assert events[0][1][0] == 0xC0 or events[0][0] == 0
    begun = sum(message[0] == 0x90 for _, message in events)
    assert begun == sum(message[0] == 0x80 for _, message in events) > 0
    assert all(0 <= byte < 128 for _, message in events for byte in message[1:])
    written = midi(events)
    assert written[:4] == b"MThd" and written[14:18] == b"MTrk"
    assert int.from_bytes(written[18:22], "big") == len(written) - 22
    assert written.endswith(b"\xff\x2f\x00")
