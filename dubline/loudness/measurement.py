"""What a loudness measurement is: one flat record, the same in a report, in the catalog and on the command line."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

# Decimal places kept: far below any tolerance, and above the rounding noise in which two machines may differ.
_PLACES = 4

# EBU Tech 3342: before a minute has passed, a loudness range is not to be relied on.
STABLE_RANGE_SECONDS = 60.0

# What each loudness counts, for whoever reads the figures.
GATES = {
    "integrated_lufs": "programme: 400 ms blocks above -70 LUFS and above 10 LU under their mean (BS.1770-4)",
    "dialogue_lufs": "dialogue: all sound inside detected speech (BS.1770-1); approximates dialogue gating",
    "ungated_lufs": "none: all sound (BS.1770-1)",
}

_LEVELS = (
    "integrated_lufs",
    "dialogue_lufs",
    "ungated_lufs",
    "max_momentary_lufs",
    "max_short_term_lufs",
    "true_peak_dbtp",
    "sample_peak_dbfs",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Measurement:
    """Figures of one audio stream; None where a figure is undefined (silence, too short, speech not given).

    Loudness in LUFS and LU, peaks in dB relative to full scale, ``dialogue_fraction`` 0 to 1 of the duration.
    ``dialogue_lufs`` is ungated inside the speech spans (BS.1770-1) and approximates dialogue gating;
    ``dialogue_lra_lu`` is the loudness range (EBU Tech 3342) of the speech alone, its parts joined;
    ``ungated_lufs`` counts all sound (BS.1770-1).
    """

    integrated_lufs: float | None
    dialogue_lufs: float | None
    dialogue_fraction: float | None
    lra_lu: float | None
    max_momentary_lufs: float | None
    max_short_term_lufs: float | None
    true_peak_dbtp: float | None
    sample_peak_dbfs: float | None
    duration_seconds: float
    sample_rate: int
    channels: int
    layout: str
    dialogue_lra_lu: float | None = None
    ungated_lufs: float | None = None

    def __post_init__(self) -> None:
        for field in (*_LEVELS, "lra_lu", "dialogue_fraction", "dialogue_lra_lu"):
            value = getattr(self, field)
            if value is not None:
                object.__setattr__(self, field, round(value, _PLACES))

    @property
    def lra_stable(self) -> bool:
        """Whether the sound is long enough, a minute, for its loudness range to be relied on (EBU Tech 3342)."""
        return self.duration_seconds >= STABLE_RANGE_SECONDS

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary of JSON values, in the order of the fields, and `lra_stable`."""
        return dataclasses.asdict(self) | {"lra_stable": self.lra_stable}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Measurement:
        """What `to_json` gave; other keys (a verdict, say) are left aside."""
        return cls(**{field.name: body[field.name] for field in dataclasses.fields(cls) if field.name in body})

    def gained(self, db: float) -> Measurement:
        """The figures after one linear gain of ``db``.

        Exact but for material near the absolute gate of -70 LUFS, which a gain can move across it.
        """
        levels = {name: getattr(self, name) for name in _LEVELS}
        return dataclasses.replace(self, **{name: value + db for name, value in levels.items() if value is not None})
