"""Two makings of one deliverable side by side: what got louder, what cleaner, what worse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

# What clients write their limits in tenths of; less is not heard, and differs between meters.
LEVEL_STEP = 0.1
_VERDICTS = ("pass", "warn", "fail")
_LEVELS = {
    "integrated_lufs": "LUFS",
    "dialogue_lufs": "LUFS",
    "max_momentary_lufs": "LUFS",
    "max_short_term_lufs": "LUFS",
    "true_peak_dbtp": "dBTP",
    "lra_lu": "LU",
}

Turn = Literal["louder", "quieter", "wider", "narrower", "better", "worse", "cleaner", "otherwise"]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is otherwise than before; a value is None where it was, or is, undefined or not looked at."""

    what: str
    turn: Turn
    before: float | int | str | None
    after: float | int | str | None
    unit: str = ""


def compare(
    before: Mapping[str, Any], after: Mapping[str, Any], *, report_before: Mapping[str, Any], report: Mapping[str, Any]
) -> list[Change]:
    """Every change between two delivery reports of one place, and between the reports of their M&E's cleaning.

    Levels by their figures, from 0.1 on; checks by their verdicts; voices that stayed in the M&E by their number.
    With several tracks the figures are the first one's.
    """
    return [
        *_levels(before["measurement"], after["measurement"]),
        *_verdicts(before, after),
        *_left(report_before, report),
    ]


def to_json(changes: list[Change]) -> dict[str, Any]:
    """``changes``, and in ``summary`` how many there are of each turn."""
    turns = [change.turn for change in changes]
    return {
        "summary": {turn: turns.count(turn) for turn in dict.fromkeys(turns)},
        "changes": [asdict(change) for change in changes],
    }


def _levels(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for name, unit in _LEVELS.items():
        was, now = before.get(name), after.get(name)
        change = Change(name, "otherwise", was, now, unit)
        if was is None or now is None:
            if was != now:
                yield change
        elif abs(now - was) >= LEVEL_STEP:
            turns: tuple[Turn, Turn] = ("wider", "narrower") if unit == "LU" else ("louder", "quieter")
            more, less = turns
            yield replace(change, turn=more if now > was else less)


def _verdicts(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    was = {"verdict": before["verdict"]} | {check["name"]: check["verdict"] for check in before["checks"]}
    now = {"verdict": after["verdict"]} | {check["name"]: check["verdict"] for check in after["checks"]}
    for name in was | now:
        one, other = was.get(name), now.get(name)
        if one != other:
            better = _rank(other) < _rank(one)
            yield Change(name, "better" if better else "worse", one, other)


def _rank(verdict: str | None) -> float:
    """What nobody judges lies between a pass and a warning: it neither assures nor warns."""
    return 0.5 if verdict is None else float(_VERDICTS.index(verdict))


def _left(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    was, now = len(before["remaining"]), len(after["remaining"])
    if was != now:
        yield Change("voices left in the M&E", "cleaner" if now < was else "worse", was, now)
