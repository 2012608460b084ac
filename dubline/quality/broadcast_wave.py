"""Checks of what a WAV says of itself: the broadcast extension (EBU Tech 3285), when it starts and how loud it is."""

from __future__ import annotations

from pathlib import Path

from dubline.audio.bext import Bext
from dubline.audio.wav import read_chunk
from dubline.errors import BadInput
from dubline.loudness.measurement import Measurement
from dubline.loudness.verdict import Check, Grade

# Written to a hundredth by whoever measured; meters that meet EBU Tech 3341 differ by a tenth each.
_METERS_DIFFER = 0.2
_FIGURES = ("integrated_lufs", "lra_lu", "true_peak_dbtp", "max_momentary_lufs", "max_short_term_lufs")
# The range is the least exact of them (EBU Tech 3342: 1 LU).
_TOLERANCE = dict.fromkeys(_FIGURES, _METERS_DIFFER) | {"lra_lu": 1.0}


def read_bext(path: Path) -> Bext | None:
    """The broadcast extension of a WAV; None where it has none, or one that cannot be read."""
    body = read_chunk(path, b"bext")
    try:
        return Bext.from_bytes(body, where=str(path)) if body is not None else None
    except BadInput:
        return None


def check_bext(files: tuple[Bext | None, ...]) -> Check:
    """Every file says when it starts."""
    there = sum(bext is not None for bext in files)
    good: Grade = "pass" if there == len(files) else "fail"
    note = "" if good == "pass" else "without it nobody knows where in the programme the file begins"
    return Check("bext", there, "", len(files), "a broadcast extension in every file", good, note)


def check_time_reference(files: tuple[Bext | None, ...], expected: int) -> Check:
    """Samples from midnight to the first one, to the sample, the same in every file."""
    found = {bext.time_reference for bext in files if bext is not None}
    wrong = sorted(found - {expected})
    value = wrong[0] if wrong else expected if found else None
    note = f"{value - expected:+d} samples" if wrong and value is not None else ""
    limit = "the master's start"
    return Check("time_reference", value, "samples", expected, limit, "pass" if found == {expected} else "fail", note)


def check_stated_loudness(bext: Bext, measured: Measurement) -> Check:
    """The loudness the file states is the one it has; a figure that is not stated is not wrong."""
    stated = {name: getattr(bext.loudness, name) for name in _FIGURES}
    off = {
        name: round(value - found, 2)
        for name, value in stated.items()
        if value is not None and (found := getattr(measured, name)) is not None
    }
    wrong = [f"{name} by {by:+.2f}" for name, by in off.items() if abs(by) > _TOLERANCE[name]]
    limit = f"as measured within {_METERS_DIFFER:g}"
    if not off:
        return Check("stated_loudness", None, "LU", None, limit, "pass", "not stated")
    worst = max(off.values(), key=abs)
    return Check("stated_loudness", worst, "LU", 0.0, limit, "fail" if wrong else "pass", ", ".join(wrong))
