"""SMPTE timecode (ST 12-1): frame labels to frames, seconds and samples, all exact."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

from dubline.errors import BadInput

_PATTERN = re.compile(r"(\d{2}):([0-5]\d):([0-5]\d)([:;])(\d{2,3})")
# Drop-frame skips this many labels a minute for every 30 of the nominal rate, except each tenth minute (ST 12-1).
_DROPPED_PER_30 = 2


@dataclass(frozen=True, slots=True)
class Timecode:
    """A frame count since 00:00:00:00 at ``rate`` frames per second, labeled drop-frame or not."""

    frames: int
    rate: Fraction
    drop: bool = False

    @classmethod
    def parse(cls, text: str, rate: Fraction, *, where: str = "timecode") -> Self:
        """``HH:MM:SS:FF``, or ``HH:MM:SS;FF`` for drop-frame, at ``rate``; `BadInput` where no such frame exists."""
        match = _PATTERN.fullmatch(text.strip())
        if match is None:
            raise BadInput(f"'{text}' is not a timecode", where, "write HH:MM:SS:FF, or HH:MM:SS;FF for drop-frame")
        hours, minutes, seconds, frame = (int(match[group]) for group in (1, 2, 3, 5))
        nominal, drop = nominal_rate(rate), match[4] == ";"
        if frame >= nominal:
            raise BadInput(f"'{text}' has no frame {frame} at {float(rate):.3f} fps", where, f"stay below {nominal}")
        dropped = _dropped_per_minute(rate) if drop else 0
        if drop and not dropped:
            raise BadInput(f"'{text}' is drop-frame at {float(rate):.3f} fps", where, "use ':' at this frame rate")
        if drop and seconds == 0 and minutes % 10 and frame < dropped:
            raise BadInput(f"'{text}' is a dropped label", where, f"frames start at {dropped} in this minute")
        total_minutes = 60 * hours + minutes
        labels = (total_minutes * 60 + seconds) * nominal + frame
        return cls(labels - dropped * (total_minutes - total_minutes // 10), Fraction(rate), drop)

    @property
    def seconds(self) -> Fraction:
        """Real time since 00:00:00:00."""
        return self.frames / self.rate

    def samples(self, sample_rate: int) -> int:
        """Samples since 00:00:00:00, to the nearest: the BWF TimeReference (EBU Tech 3285).

        It follows the frames and not the clock on the label: 01:00:00:00 is 172 800 000 samples at 24 and
        25 fps, and 172 972 800 at 23.976 (48 kHz).
        """
        return round(self.seconds * sample_rate)

    def __str__(self) -> str:
        nominal = nominal_rate(self.rate)
        labels = self.frames + (_labels_skipped(self.frames, self.rate) if self.drop else 0)
        seconds, frame = divmod(labels, nominal)
        minutes, second = divmod(seconds, 60)
        hour, minute = divmod(minutes, 60)
        return f"{hour:02}:{minute:02}:{second:02}{';' if self.drop else ':'}{frame:02}"


def nominal_rate(rate: Fraction) -> int:
    """Labels per second of timecode at ``rate``: 24 for 24000/1001, 30 for 30000/1001."""
    return round(rate)


def _dropped_per_minute(rate: Fraction) -> int:
    nominal = nominal_rate(rate)
    exact = Fraction(rate) == Fraction(nominal * 1000, 1001)
    return _DROPPED_PER_30 * nominal // 30 if exact and nominal % 30 == 0 else 0


def _labels_skipped(frames: int, rate: Fraction) -> int:
    """How many labels drop-frame has skipped before frame ``frames``."""
    dropped = _dropped_per_minute(rate)
    minute = nominal_rate(rate) * 60 - dropped
    tens, rest = divmod(frames, minute * 10 + dropped)
    # The first minute of ten keeps all its labels, so it is longer by what the others drop.
    return 9 * dropped * tens + (dropped * ((rest - dropped) // minute) if rest >= dropped else 0)
