"""A measurement held against a spec: one check per limit, and the worst of them as the verdict."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from dubline.loudness.criterion import DECIMALS, Criterion, alternative, criterion, programme_lufs
from dubline.loudness.measurement import STABLE_RANGE_SECONDS, Measurement
from dubline.loudness.specs import LoudnessLimit, Spec

Grade = Literal["pass", "warn", "fail"]
_SEVERITY: dict[Grade, int] = {"pass": 0, "warn": 1, "fail": 2}


@dataclasses.dataclass(frozen=True, slots=True)
class Check:
    """One figure, what was asked of it, and how it fared."""

    name: str
    value: float | int | str | None
    unit: str
    target: float | str | None
    limit: str
    verdict: Grade
    note: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """``pass`` on target, ``warn`` accepted but off target or not measurable, ``fail`` outside a reject limit."""

    verdict: Grade
    checks: tuple[Check, ...]

    def to_json(self) -> dict[str, Any]:
        """``{"verdict": ..., "checks": [...]}`` in JSON values."""
        return {"verdict": self.verdict, "checks": [dataclasses.asdict(check) for check in self.checks]}


def judge(measurement: Measurement, spec: Spec, segments: Sequence[Measurement] = ()) -> Verdict:
    """Hold ``measurement`` against every limit of ``spec`` that a measurement can answer.

    ``segments`` are the figures of the title's segments, for a spec whose window holds for each of them; without
    them the whole counts as the one segment.
    """
    checks = (
        *_loudness(measurement, spec),
        *_segments(segments, spec),
        _true_peak(measurement, spec),
        *_short_term(measurement, spec),
        *_short_term_over_programme(measurement, spec),
        *_programme_over_dialogue(measurement, spec),
        *_loudness_range(measurement, spec),
        *_dialogue_range(measurement, spec),
        *_format(measurement, spec),
        *_unverified(spec),
    )
    return Verdict(worst(check.verdict for check in checks), checks)


def worst(grades: Iterable[Grade]) -> Grade:
    """The gravest of ``grades``; ``pass`` when there is none."""
    return max(grades, key=_SEVERITY.__getitem__, default="pass")


def _loudness(measurement: Measurement, spec: Spec) -> tuple[Check, ...]:
    found = criterion(measurement, spec)
    if found is None:
        return ()
    grade, note = _loudness_grade(found, alternative(measurement, spec, found))
    check = Check(
        name=f"{found.limit.gate}_loudness",
        value=found.value,
        unit="LUFS",
        target=found.limit.target_lufs,
        limit=_window(found.limit),
        verdict=grade,
        note=note,
    )
    return (check,)


def _loudness_grade(found: Criterion, other: Criterion | None) -> tuple[Grade, str]:
    """The grade of the figure that counts, and what is to be said of it; ``other`` may save what it refuses."""
    if found.value is None:
        return "warn", "silent or shorter than 400 ms: nothing to measure"
    if found.on_target:
        return "pass" if found.complete else "warn", found.note
    if found.accepted:
        return "warn", found.note
    if other is None:
        return "fail", found.note
    theirs = "unknown" if other.value is None else f"{other.value:.2f} LUFS"
    if other.accepted:
        saved = f"the {other.limit.gate} measure ({theirs}, {_window(other.limit)}) is accepted instead"
        return "warn", f"{found.note}; {saved}"
    both = f"{found.limit.gate} {found.value:.2f} LUFS and {other.limit.gate} {theirs}: neither is accepted"
    return "fail", f"{found.note}; {both}"


def _segments(segments: Sequence[Measurement], spec: Spec) -> tuple[Check, ...]:
    """The loudness window for every segment, where the spec holds each of them to it."""
    if spec.loudness is None or not spec.loudness.each_segment:
        return ()
    return tuple(
        dataclasses.replace(check, name=f"segment_{number}_{check.name}")
        for number, segment in enumerate(segments, start=1)
        for check in _loudness(segment, spec)
    )


def _window(limit: LoudnessLimit) -> str:
    low, high = limit.target_lufs - limit.tol_low, limit.target_lufs + limit.tol_high
    text = f"{low:g} to {high:g}"
    if (limit.reject_low, limit.reject_high) == (limit.tol_low, limit.tol_high):
        return text
    return (
        f"{text}, refused outside {limit.target_lufs - limit.reject_low:g} to {limit.target_lufs + limit.reject_high:g}"
    )


def _true_peak(measurement: Measurement, spec: Spec) -> Check:
    peak, asked, refused = measurement.true_peak_dbtp, spec.max_true_peak_dbtp, spec.qc_max_true_peak_dbtp
    shown = -math.inf if peak is None else round(peak, DECIMALS)
    return Check(
        name="true_peak",
        value=peak,
        unit="dBTP",
        target=asked,
        limit=f"at most {asked:g}" + (f", refused above {refused:g}" if refused > asked else ""),
        verdict="pass" if shown <= asked else "warn" if shown <= refused else "fail",
        note="digital silence has no peak" if peak is None else "",
    )


def _short_term(measurement: Measurement, spec: Spec) -> tuple[Check, ...]:
    asked, value = spec.max_short_term_lufs, measurement.max_short_term_lufs
    if asked is None:
        return ()
    within = value is None or round(value, DECIMALS) <= asked
    note = "silent or shorter than 3 s: nothing to measure" if value is None else ""
    return (Check("max_short_term", value, "LUFS", asked, f"at most {asked:g}", "pass" if within else "fail", note),)


def _short_term_over_programme(measurement: Measurement, spec: Spec) -> tuple[Check, ...]:
    most = spec.max_short_term_over_programme_lu
    if most is None:
        return ()
    name, limit = "short_term_over_programme", f"at most {most:g}"
    short_term, programme = measurement.max_short_term_lufs, programme_lufs(spec.loudness, measurement)
    if short_term is None or programme is None:
        return (Check(name, None, "LU", most, limit, "pass", "silent or shorter than 3 s: nothing to measure"),)
    above = round(short_term - programme, DECIMALS)
    return (Check(name, above, "LU", most, limit, "pass" if above <= most else "fail"),)


def _programme_over_dialogue(measurement: Measurement, spec: Spec) -> tuple[Check, ...]:
    most = spec.max_programme_over_dialogue_lu
    if most is None:
        return ()
    programme, dialogue = measurement.integrated_lufs, measurement.dialogue_lufs
    if programme is None or dialogue is None:
        note = "needs programme loudness and located speech: not judged"
        return (Check("programme_over_dialogue", None, "LU", None, f"at most {most:g}", "pass", note),)
    above = round(programme - dialogue, DECIMALS)
    note = "" if above <= most else "dialogue sits far under the programme; the spec advises a narrower mix"
    grade: Grade = "pass" if above <= most else "warn"
    return (Check("programme_over_dialogue", above, "LU", None, f"at most {most:g}", grade, note),)


def _loudness_range(measurement: Measurement, spec: Spec) -> tuple[Check, ...]:
    if spec.lra_recommended_lu is None:
        return ()
    low, high = spec.lra_recommended_lu
    value, seconds = measurement.lra_lu, measurement.duration_seconds
    return (_range_check("loudness_range", value, (low, high), f"{low:g} to {high:g}", seconds),)


def _dialogue_range(measurement: Measurement, spec: Spec) -> tuple[Check, ...]:
    most, fraction = spec.dialogue_lra_max_lu, measurement.dialogue_fraction
    if most is None:
        return ()
    value, seconds = measurement.dialogue_lra_lu, measurement.duration_seconds * (fraction or 0.0)
    return (_range_check("dialogue_loudness_range", value, (-math.inf, most), f"at most {most:g}", seconds),)


def _range_check(name: str, value: float | None, advised: tuple[float, float], limit: str, seconds: float) -> Check:
    """A range is advice: it warns, and only where there is enough sound for it to be stable."""
    stable = seconds >= STABLE_RANGE_SECONDS
    inside = value is None or advised[0] <= round(value, DECIMALS) <= advised[1]
    note = "nothing to measure: silent, too short, or no speech located" if value is None else ""
    if value is not None and not stable:
        note = "shorter than a minute: not stable, not judged"
    grade: Grade = "pass" if inside or not stable else "warn"
    return Check(name, value, "LU", None, f"{limit} recommended", grade, note)


def _format(measurement: Measurement, spec: Spec) -> tuple[Check, ...]:
    checks: list[Check] = []
    if spec.layouts:
        grade: Grade = "pass" if measurement.layout in spec.layouts else "fail"
        checks.append(Check("layout", measurement.layout, "", None, _one_of(spec.layouts), grade))
    if spec.sample_rates:
        grade = "pass" if measurement.sample_rate in spec.sample_rates else "fail"
        checks.append(Check("sample_rate", measurement.sample_rate, "Hz", None, _one_of(spec.sample_rates), grade))
    return tuple(checks)


def _one_of(allowed: Sequence[object]) -> str:
    return ("one of " if len(allowed) > 1 else "") + ", ".join(str(value) for value in allowed)


def _unverified(spec: Spec) -> tuple[Check, ...]:
    if spec.verified:
        return ()
    note = "this spec was not verified against its publisher's own text: confirm its figures with the client"
    return (Check("spec", f"{spec.id} version {spec.version}", "", None, "said, not judged", "pass", note),)
