"""The broadcast extension chunk (EBU Tech 3285): where in the programme a WAV file begins."""

from __future__ import annotations

import struct


def bext_chunk(*, description: str, originator: str, time_reference: int) -> bytes:
    """A version 1 ``bext`` body of 602 bytes; ``time_reference`` is samples since midnight.

    No date is written: the same order must give the same bytes, and the manifest dates the run.
    """
    return struct.pack(
        "<256s32s32s10s8sQH64s190x",
        description.encode("ascii", "replace")[:256],
        originator.encode("ascii", "replace")[:32],
        b"",
        b"",
        b"",
        time_reference,
        1,
        b"",
    )
