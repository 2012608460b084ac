"""What a new candidate does otherwise: louder by figures, better or worse by verdicts, cleaner by voices left."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dubline.quality.difference import LEVEL_STEP, compare, to_json


def judged(verdict: str = "pass", *, lufs: float | None = -23.0, **checks: str) -> dict[str, Any]:
    return {
        "verdict": verdict,
        "measurement": {"integrated_lufs": lufs, "true_peak_dbtp": -3.0},
        "checks": [{"name": name, "verdict": told} for name, told in checks.items()],
    }


def turns(before: dict[str, Any], after: dict[str, Any], left: int = 0, leaves: int = 0) -> dict[str, str]:
    found = compare(before, after, report_before={"remaining": [1] * left}, report={"remaining": [1] * leaves})
    return {change.what: change.turn for change in found}


def test_the_same_is_no_change() -> None:
    assert turns(judged(peak="warn"), judged(peak="warn"), 3, 3) == {}


@given(was=st.floats(-60, 0), now=st.floats(-60, 0))
def test_louder_one_way_is_quieter_the_other(was: float, now: float) -> None:
    there, back = turns(judged(lufs=was), judged(lufs=now)), turns(judged(lufs=now), judged(lufs=was))
    assert bool(there) == bool(back) == (abs(now - was) >= LEVEL_STEP)
    assert set(there.values()) | set(back.values()) in (set(), {"louder", "quieter"})


@pytest.mark.parametrize(("was", "now", "turn"), [("pass", "fail", "worse"), ("fail", "warn", "better")])
def test_verdicts_and_checks_get_better_or_worse(was: str, now: str, turn: str) -> None:
    assert turns(judged(was, peak=was), judged(now, peak=now)) == {"verdict": turn, "peak": turn}


def test_a_check_nobody_made_before_tells_by_what_it_finds() -> None:
    assert turns(judged(), judged(peak="pass", lag="warn")) == {"peak": "better", "lag": "worse"}


def test_a_level_that_was_undefined_is_said_to_be_otherwise() -> None:
    assert turns(judged(lufs=None), judged()) == {"integrated_lufs": "otherwise"}


def test_voices_left_are_counted() -> None:
    found = compare(judged(), judged(), report_before={"remaining": [1, 2]}, report={"remaining": []})
    assert to_json(found)["summary"] == {"cleaner": 1}
    assert turns(judged(), judged(), 0, 1) == {"voices left in the M&E": "worse"}
