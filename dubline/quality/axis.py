"""Axes of the QC pictures: SVG fragments made of numbers alone, colored by the page's style sheet."""

from __future__ import annotations

from dataclasses import dataclass

# Ticks at round times: as many as fit and not more.
_STEPS = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
_MOST_TICKS = 12


@dataclass(frozen=True, slots=True)
class Plot:
    """The drawing area inside an SVG, in its units, and the seconds it spans."""

    left: float
    top: float
    width: float
    height: float
    seconds: float

    def x(self, seconds: float) -> float:
        """Horizontal place of a time."""
        return self.left + self.width * seconds / self.seconds


def time_axis(plot: Plot) -> str:
    """Ticks and clock labels under ``plot``."""
    step = next((step for step in _STEPS if plot.seconds / step <= _MOST_TICKS), _STEPS[-1])
    bottom = plot.top + plot.height
    parts = []
    for number in range(int(plot.seconds / step) + 1):
        at = plot.x(number * step)
        parts.append(f'<path class="tick" d="M{at:.1f} {bottom:.1f}v4"/>')
        parts.append(f'<text class="label" x="{at:.1f}" y="{bottom + 16:.1f}" text-anchor="middle">')
        parts.append(f"{clock(number * step)}</text>")
    return "".join(parts)


def level_axis(plot: Plot, marks: tuple[tuple[float, str], ...]) -> str:
    """Grid lines across ``plot`` at the heights in ``marks``, each with its label on the left."""
    right = plot.left + plot.width
    return "".join(
        f'<path class="grid" d="M{plot.left:.1f} {at:.1f}H{right:.1f}"/>'
        f'<text class="label" x="{plot.left - 6:.1f}" y="{at + 4:.1f}" text-anchor="end">{label}</text>'
        for at, label in marks
    )


def clock(seconds: float) -> str:
    """``75`` as ``1:15``, ``3675.5`` as ``1:01:15.5``."""
    tenths = round(seconds * 10)
    hours, rest = divmod(tenths, 36_000)
    minutes, rest = divmod(rest, 600)
    whole, tenth = divmod(rest, 10)
    fraction = f".{tenth}" if tenth else ""
    if hours:
        return f"{hours}:{minutes:02d}:{whole:02d}{fraction}"
    return f"{minutes}:{whole:02d}{fraction}"


def instant(seconds: float) -> str:
    """``75.5`` as ``1:15.50``: a time that short events need to the hundredth."""
    hundredths = round(seconds * 100)
    minutes, rest = divmod(hundredths, 6000)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}:{minutes:02d}" if hours else str(minutes)
    return f"{head}:{rest // 100:02d}.{rest % 100:02d}"
