"""Which gains conform a mix to its spec: none, one on the dialogue, or one on all of it.

Only figures are worked with here; nothing is read or written. No gain moves with the sound.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from dubline.loudness.balance import Balance
from dubline.loudness.criterion import DECIMALS, Criterion, criterion, programme_lufs
from dubline.loudness.measurement import Measurement
from dubline.loudness.specs import Spec

# A dub is mixed at levels similar to the original's, to which its dialogue was matched: 3 dB is the most that still
# is similar (a doubling of power). Beyond it the mix as a whole is at another level.
MAX_DIALOGUE_GAIN_DB = 3.0
# What a limiter may take off the highest peak: it is then rounding off peaks. A mix that needs more is another mix.
MAX_LIMITED_DB = 6.0


@dataclass(frozen=True, slots=True)
class Aim:
    """What a plan reckons with, as earlier attempts taught: where peaks have to end, and what loudness gets lost.

    ``ceiling_dbtp`` is the limiter's; ``shift_lu`` what limiting and encoding add to the loudness planned, and
    ``short_term_lu`` to the loudest 3 s;
    ``max_limited_db`` what may be limited; ``dialogue`` whether a gain on the dialogue is still a way.
    """

    ceiling_dbtp: float
    shift_lu: float = 0.0
    short_term_lu: float = 0.0
    max_limited_db: float = MAX_LIMITED_DB
    dialogue: bool = True


@dataclass(frozen=True, slots=True)
class Gains:
    """Gains in dB on the dialogue and on the mix, and why; ``planned_lufs`` is what the spec's figure should be then.

    ``limit`` names the limit that cannot be met, None where all can.
    """

    dialogue_db: float
    mix_db: float
    reason: str
    planned_lufs: float | None
    limit: str | None = None


def plan_gains(measured: Measurement, spec: Spec, aim: Aim, balance: Callable[[], Balance | None]) -> Gains:
    """The least that conforms a mix with the figures ``measured`` to ``spec``.

    In this order: nothing; a gain on the dialogue of at most `MAX_DIALOGUE_GAIN_DB`, the rest as it is; one gain on
    the mix, as near to the target as peaks (less what may be limited) and the short-term limits allow. ``balance`` is
    asked for the dialogue's part in the mix only when it is needed; None where that is not known.
    """
    found = _found(measured, spec, aim)
    headroom, why = _headroom(measured, spec, aim)
    if found is None or found.value is None:
        about = "the spec sets no loudness" if found is None else "loudness is undefined"
        return _by_peaks(headroom, about, why)
    broken = over_programme(measured, spec)
    if broken is None and found.on_target and headroom >= 0:
        return Gains(0.0, 0.0, f"inside the tolerance of {spec.id} as it is", found.value)
    if broken is not None or not found.on_target:
        gains = _on_dialogue(balance(), spec, aim, found) if aim.dialogue else None
        if gains is not None:
            return gains
    return _on_mix(found, headroom, why, broken)


def over_programme(measured: Measurement, spec: Spec) -> str | None:
    """How far the loudest 3 s lie above the programme where the spec forbids it: no gain on the mix changes that."""
    most, loudest = spec.max_short_term_over_programme_lu, measured.max_short_term_lufs
    programme = programme_lufs(spec.loudness, measured)
    if most is None or loudest is None or programme is None or round(loudest - programme, DECIMALS) <= most:
        return None
    return f"the loudest 3 s lie {loudest - programme:.2f} LU above the programme, at most {most:g} are allowed"


def _found(measured: Measurement, spec: Spec, aim: Aim) -> Criterion | None:
    found = criterion(measured, spec)
    return found if found is None or found.value is None else replace(found, value=found.value + aim.shift_lu)


def _headroom(measured: Measurement, spec: Spec, aim: Aim) -> tuple[float, str]:
    """The largest gain in dB on the mix that the limits besides its loudness allow, and the one that allows no more."""
    most, why = math.inf, ""
    if measured.true_peak_dbtp is not None:
        most = aim.ceiling_dbtp + aim.max_limited_db - measured.true_peak_dbtp
        limited = f"with at most {aim.max_limited_db:.2f} dB limited,"
        why = f"the true-peak limit of {spec.max_true_peak_dbtp:g} dBTP, {limited}"
    if spec.max_short_term_lufs is not None and measured.max_short_term_lufs is not None:
        room = spec.max_short_term_lufs - aim.short_term_lu - measured.max_short_term_lufs
        if room < most:
            most, why = room, f"the short-term limit of {spec.max_short_term_lufs:g} LUFS"
    # A mix that was conformed to the limit exactly must not be gained again for the last hundredth.
    return (0.0 if round(most, DECIMALS) == 0 else most), why


def _by_peaks(headroom: float, about: str, why: str) -> Gains:
    if headroom >= 0:
        return Gains(0.0, 0.0, about, None)
    return Gains(0.0, headroom, f"{about}; lowered to what {why} allows", None)


def _on_dialogue(balance: Balance | None, spec: Spec, aim: Aim, found: Criterion) -> Gains | None:
    """The gain on the dialogue that meets loudness and short-term limits, to the target if it reaches; else None."""
    if balance is None:
        return None

    def figure(measured: Measurement) -> float | None:
        landed = criterion(measured, spec)
        return landed.value if landed is not None else None

    target = found.limit.target_lufs
    gain = balance.gain_to(target - aim.shift_lu, figure, limit_db=MAX_DIALOGUE_GAIN_DB)
    measured = balance.measurement(gain)
    landed = _found(measured, spec, aim)
    if landed is None or landed.value is None or landed.limit != found.limit or not landed.on_target:
        return None
    loudest, most = measured.max_short_term_lufs, spec.max_short_term_lufs
    if over_programme(measured, spec) is not None:
        return None
    if loudest is not None and most is not None and round(loudest + aim.short_term_lu, DECIMALS) > most:
        return None
    reason = f"{gain:+.2f} dB on the dialogue, {_landing(found, landed.value)}"
    return Gains(gain, 0.0, reason, landed.value)


def _on_mix(found: Criterion, headroom: float, why: str, broken: str | None) -> Gains:
    value = found.value or 0.0
    wanted = 0.0 if found.on_target else found.limit.target_lufs - value
    gain = min(wanted, headroom)
    landed = replace(found, value=value + gain)
    if broken is not None:
        return Gains(0.0, gain, f"{broken}: not reachable without dynamics or a new mix", landed.value, broken)
    if landed.on_target:
        reason = f"{gain:+.2f} dB on the whole mix, {_landing(found, value + gain)}"
        if gain < wanted:
            reason += f"; {why} allows no more"
        return Gains(0.0, gain, reason, landed.value)
    low = found.limit.target_lufs - found.limit.tol_low
    limit = f"{why} allows {gain:+.2f} dB, which lands at {value + gain:.2f} LUFS, under {low:g}"
    return Gains(0.0, gain, f"{limit}: not reachable without dynamics or a new mix", landed.value, limit)


def _landing(found: Criterion, value: float) -> str:
    target = found.limit.target_lufs
    near = abs(value - target) < 0.01
    return f"to the target of {target:g} LUFS" if near else f"to {value:.2f} LUFS, inside the tolerance"
