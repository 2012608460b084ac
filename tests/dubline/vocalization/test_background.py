from __future__ import annotations

import numpy as np
import pytest

from dubline.vocalization.background import level_over_background


def test_an_event_ten_db_over_its_background_says_so() -> None:
    level = np.full(1000, -40.0, np.float32)
    level[500:520] = -30.0
    assert level_over_background(level, [(15.0, 15.6)], frame_seconds=0.03) == [pytest.approx(10.0, abs=0.01)]


def test_other_events_are_not_background() -> None:
    level = np.full(1000, -40.0, np.float32)
    level[480:500] = -10.0
    level[500:520] = -30.0
    spans = [(14.4, 15.0), (15.0, 15.6)]
    assert level_over_background(level, spans, frame_seconds=0.03)[1] == pytest.approx(10.0, abs=0.01)


def test_over_digital_silence_the_level_is_finite() -> None:
    level = np.full(100, -120.0, np.float32)
    level[50:] = -20.0
    assert level_over_background(level, [(0.5, 1.0)], frame_seconds=0.01) == [pytest.approx(70.0, abs=0.1)]


def test_an_event_as_long_as_the_file_is_measured_against_its_own_quietest_part() -> None:
    level = np.linspace(-60.0, -20.0, 100, dtype=np.float32)
    assert 20.0 < level_over_background(level, [(0.0, 1.0)], frame_seconds=0.01)[0] < 40.0
