"""Which loudness figure a spec judges a measurement by, and which window it must lie in."""

from __future__ import annotations

from dataclasses import dataclass

from dubline.loudness.measurement import Measurement
from dubline.loudness.specs import LoudnessLimit, Spec

# Figures are judged at the resolution they are shown with; a meter's own tolerance is ten times that.
DECIMALS = 2
# The absolute gate of BS.1770-4. An ungated figure under it is a decoder's dither in a silent reel, not loudness.
_HEARD_LUFS = -70.0


@dataclass(frozen=True, slots=True)
class Criterion:
    """A window and the figure to hold against it; ``value`` is None where the figure is undefined."""

    limit: LoudnessLimit
    value: float | None
    note: str = ""
    # False where the spec asks for a dialogue measure and nobody said where the speech is.
    complete: bool = True

    @property
    def offset(self) -> float | None:
        """LU above the target, rounded for judging; None where the figure is undefined."""
        return None if self.value is None else round(self.value - self.limit.target_lufs, DECIMALS)

    @property
    def on_target(self) -> bool:
        """Inside the tolerance."""
        return self.offset is not None and -self.limit.tol_low <= self.offset <= self.limit.tol_high

    @property
    def accepted(self) -> bool:
        """Inside the reject limits."""
        return self.offset is not None and -self.limit.reject_low <= self.offset <= self.limit.reject_high


def criterion(measurement: Measurement, spec: Spec) -> Criterion | None:
    """The figure that counts: the spec's own measure, or its fallback where there is too little speech.

    None for a spec without a loudness measure.
    """
    limit = spec.loudness
    if limit is None:
        return None
    if limit.fallback is None:
        return _programme(limit, measurement)
    if measurement.dialogue_fraction is None:
        note = "speech was not located, so the fallback measure was judged"
        return _programme(limit.fallback, measurement, note, complete=False)
    percent = round(100 * measurement.dialogue_fraction, DECIMALS)
    if percent < limit.min_speech_percent:
        note = f"{percent:.1f} % speech, under {limit.min_speech_percent:g} %: the fallback measure was judged"
        return _programme(limit.fallback, measurement, note)
    if _heard(measurement.dialogue_lufs) is None:
        note = "silent where the speech is, so the fallback measure was judged"
        return _programme(limit.fallback, measurement, note)
    note = f"{percent:.1f} % speech; ungated inside the speech spans, which approximates dialogue gating"
    return Criterion(limit, measurement.dialogue_lufs, note)


def alternative(measurement: Measurement, spec: Spec, found: Criterion) -> Criterion | None:
    """The measure that may save what ``found`` refuses, for a client whose QC accepts either; None for others."""
    limit = spec.loudness
    if limit is None or limit.fallback is None or not limit.either_accepted:
        return None
    if found.limit.gate == "dialogue":
        return _programme(limit.fallback, measurement)
    return Criterion(limit, measurement.dialogue_lufs)


def programme_lufs(limit: LoudnessLimit | None, measurement: Measurement) -> float | None:
    """Programme loudness as ``limit`` asks for it: BS.1770-1 has no gate."""
    if limit is not None and limit.gate == "programme" and limit.algorithm == "bs1770-1":
        return _heard(measurement.ungated_lufs)
    return measurement.integrated_lufs


def _heard(lufs: float | None) -> float | None:
    return lufs if lufs is not None and lufs >= _HEARD_LUFS else None


def _programme(limit: LoudnessLimit, measurement: Measurement, note: str = "", *, complete: bool = True) -> Criterion:
    return Criterion(limit, programme_lufs(limit, measurement), note, complete)
