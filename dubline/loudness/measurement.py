"""What a loudness measurement is: one flat record, the same in a report, in the catalog and on the command line."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

# Decimal places kept: far below any tolerance, and above the rounding noise in which two machines may differ.
_PLACES = 4

_LEVELS = (
    "integrated_lufs",
    "dialogue_lufs",
    "max_momentary_lufs",
    "max_short_term_lufs",
    "true_peak_dbtp",
    "sample_peak_dbfs",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Measurement:
    """Figures of one audio stream; None where a figure is undefined (silence, too short, speech not given).

    Loudness in LUFS and LU, peaks in dB relative to full scale, ``dialogue_fraction`` 0 to 1 of the duration.
    ``dialogue_lufs`` is ungated inside the speech spans (BS.1770-1) and approximates dialogue gating.
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

    def __post_init__(self) -> None:
        for field in (*_LEVELS, "lra_lu", "dialogue_fraction"):
            value = getattr(self, field)
            if value is not None:
                object.__setattr__(self, field, round(value, _PLACES))

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary of JSON values, in the order of the fields."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Measurement:
        """What `to_json` gave; other keys (a verdict, say) are left aside."""
        return cls(**{field.name: body[field.name] for field in dataclasses.fields(cls)})

    def gained(self, db: float) -> Measurement:
        """The figures after one linear gain of ``db``.

        Exact but for material near the absolute gate of -70 LUFS, which a gain can move across it.
        """
        levels = {name: getattr(self, name) for name in _LEVELS}
        return dataclasses.replace(self, **{name: value + db for name, value in levels.items() if value is not None})
