"""The speeds a dub can run at against its master, and how they come about; where one track lies on another."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

_NTSC = Fraction(1000, 1001)

# Speed of the dub against the master -> what was done to it. Pull-up and pull-down by 1000/1001 (SMPTE ST 12-1's
# 23.976 and 29.97), and film run at 25 fps (PAL) or back.
CAUSES: dict[Fraction, str] = {
    Fraction(1): "the master's own speed",
    Fraction(25, 24): "a 25 fps dub on a 24 fps master",
    Fraction(24, 25): "a 24 fps dub on a 25 fps master",
    25 / (24 * _NTSC): "a 25 fps dub on a 23.976 fps master",
    24 * _NTSC / 25: "a 23.976 fps dub on a 25 fps master",
    1 / _NTSC: "a 24 fps dub on a 23.976 fps master, or 30 on 29.97",
    _NTSC: "a 23.976 fps dub on a 24 fps master, or 29.97 on 30",
}


@dataclass(frozen=True, slots=True)
class Line:
    """What belongs to second ``t`` of the title lies at second ``offset + t / speed`` of the dub."""

    offset: float
    speed: float

    def at(self, seconds: float) -> float:
        """Where in the dub the title's ``seconds`` lie."""
        return self.offset + seconds / self.speed

    def bent(self, shift: float, slope: float) -> Line:
        """This line, off by ``shift + slope * t`` seconds at second ``t``."""
        return Line(self.offset + shift, 1.0 / (1.0 / self.speed + slope))


def slope_between(speed: float, other: float) -> float:
    """Seconds per second by which a dub at ``other`` falls behind one at ``speed``."""
    return 1.0 / other - 1.0 / speed


def compatible(speed: float, slope_precision: float) -> tuple[Fraction, ...]:
    """The named speeds a measured ``speed`` cannot be told from, nearest first."""
    distance = {named: abs(slope_between(speed, float(named))) for named in CAUSES}
    return tuple(sorted((s for s in CAUSES if distance[s] <= slope_precision), key=lambda s: distance[s]))
