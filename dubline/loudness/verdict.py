"""A measurement held against a spec: one check per limit, and the worst of them as the verdict."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any, Literal

from dubline.loudness.criterion import DECIMALS, Criterion, criterion
from dubline.loudness.measurement import Measurement
from dubline.loudness.specs import LoudnessLimit, Spec

Grade = Literal["pass", "warn", "fail"]
_SEVERITY: dict[Grade, int] = {"pass": 0, "warn": 1, "fail": 2}

# Under a minute the loudness range is not stable (EBU Tech 3342).
_STABLE_RANGE_SECONDS = 60.0


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


def judge(measurement: Measurement, spec: Spec) -> Verdict:
    """Hold ``measurement`` against every limit of ``spec`` that a measurement can answer."""
    checks = (
        *_loudness(measurement, spec),
        _true_peak(measurement, spec),
        *_short_term(measurement, spec),
        *_programme_over_dialogue(measurement, spec),
        *_loudness_range(measurement, spec),
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
    if found.value is None:
        return (_loudness_check(found, "warn", "silent or shorter than 400 ms: nothing to measure"),)
    grade: Grade = "pass" if found.on_target else "warn" if found.accepted else "fail"
    note = found.note
    if grade == "fail" and _saved_by_fallback(measurement, found.limit):
        grade, note = "warn", f"{note}; the programme measure is accepted instead"
    if grade == "pass" and not found.complete:
        grade = "warn"
    return (_loudness_check(found, grade, note),)


def _loudness_check(found: Criterion, grade: Grade, note: str) -> Check:
    return Check(
        name=f"{found.limit.gate}_loudness",
        value=found.value,
        unit="LUFS",
        target=found.limit.target_lufs,
        limit=_window(found.limit),
        verdict=grade,
        note=note,
    )


def _saved_by_fallback(measurement: Measurement, limit: LoudnessLimit) -> bool:
    if not limit.either_accepted or limit.fallback is None:
        return False
    return Criterion(limit.fallback, measurement.integrated_lufs).accepted


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
    shown = -float("inf") if peak is None else round(peak, DECIMALS)
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
    advised, value = spec.lra_recommended_lu, measurement.lra_lu
    if advised is None or value is None:
        return ()
    inside = advised[0] <= round(value, DECIMALS) <= advised[1]
    stable = measurement.duration_seconds >= _STABLE_RANGE_SECONDS
    return (
        Check(
            name="loudness_range",
            value=value,
            unit="LU",
            target=None,
            limit=f"{advised[0]:g} to {advised[1]:g} recommended",
            verdict="pass" if inside or not stable else "warn",
            note="" if stable else "shorter than a minute: not stable, not judged",
        ),
    )


def _format(measurement: Measurement, spec: Spec) -> tuple[Check, ...]:
    checks: list[Check] = []
    if spec.layouts:
        grade: Grade = "pass" if measurement.layout in spec.layouts else "fail"
        checks.append(Check("layout", measurement.layout, "", None, _one_of(spec.layouts), grade))
    if spec.sample_rates:
        grade = "pass" if measurement.sample_rate in spec.sample_rates else "fail"
        checks.append(Check("sample_rate", measurement.sample_rate, "Hz", None, _one_of(spec.sample_rates), grade))
    return tuple(checks)


def _one_of(allowed: Iterable[object]) -> str:
    return "one of " + ", ".join(str(value) for value in allowed)


def _unverified(spec: Spec) -> tuple[Check, ...]:
    if spec.verified:
        return ()
    note = "this spec was not verified against its publisher's own text: confirm its figures with the client"
    return (Check("spec", f"{spec.id} version {spec.version}", "", None, "verified", "pass", note),)
