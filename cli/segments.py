"""Segments of a sound as a person names them: ``START-END``, in seconds or in timecode."""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import typer

from dubline.errors import BadInput
from dubline.media.probe import probe
from dubline.media.timecode import Timecode

# Frame rates are said with two or three decimals: 23.98 is 24000/1001.
_ROUNDING = Fraction(1, 100)


def segments(texts: Iterable[str], file: Path, frame_rate: str | None) -> list[tuple[float, float]]:
    """Start and end in seconds of each of ``texts``.

    Timecode is the film's own; with ``frame_rate`` it counts from 00:00:00:00. Raises `typer.BadParameter` for what
    is no segment, `BadInput` for timecode that ``file`` has no frames for.
    """
    pairs = [text.split("-") for text in texts]
    for text, pair in zip(texts, pairs, strict=True):
        if len(pair) != 2:
            raise typer.BadParameter(f"'{text}' is not START-END", param_hint="--segment")
    clock = _clock(file, frame_rate) if any(":" in edge for pair in pairs for edge in pair) else None
    return [(_seconds(start, clock, file), _seconds(end, clock, file)) for start, end in pairs]


def _clock(file: Path, frame_rate: str | None) -> Timecode:
    """What timecode counts at, and where it starts."""
    if frame_rate is not None:
        return Timecode(0, _rate(frame_rate))
    media = probe(file, need_picture=False)
    if media.video is None:
        raise BadInput("timecode for a file without a picture", str(file), "add --frame-rate, or give seconds")
    rate = media.video.frame_rate
    return Timecode.parse(media.timecode, rate, where=media.name) if media.timecode else Timecode(0, rate)


def _seconds(text: str, clock: Timecode | None, file: Path) -> float:
    if clock is not None and ":" in text:
        return float(Timecode.parse(text, clock.rate, where=str(file)).seconds - clock.seconds)
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds):
        raise typer.BadParameter(f"'{text}' is neither seconds nor timecode", param_hint="--segment")
    return seconds


def _rate(text: str) -> Fraction:
    try:
        said = Fraction(text)
    except (ValueError, ZeroDivisionError):
        said = Fraction(0)
    whole = Fraction(round(said))
    rate = min((whole, whole * 1000 / 1001), key=lambda known: abs(known - said))
    if rate <= 0 or abs(rate - said) > _ROUNDING:
        raise typer.BadParameter(f"'{text}' is not a frame rate, such as 25 or 23.976", param_hint="--frame-rate")
    return rate
