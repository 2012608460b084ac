"""The page's timecodes are the master's, at every frame rate and across the minutes where numbers are left out."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest

from dubline.media.timecode import Timecode
from tests.dashboards.browser.conftest import Desk, running_desk, visit

pytestmark = pytest.mark.slow

CODES = """
async ([fps, start, drop, frames]) => {
  const { timecode } = await import("/static/title/timecode.js");
  return frames.map((frame) => timecode(((frame + 0.5) * fps[1]) / fps[0], fps, start, drop));
}
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with running_desk(tmp_path_factory.mktemp("desk") / "home", lambda room: None) as running:
        yield running


@pytest.mark.parametrize(
    ("rate", "start"),
    [
        (Fraction(24), "01:00:00:00"),
        (Fraction(24000, 1001), "00:59:58:10"),
        (Fraction(25), "10:00:00:00"),
        (Fraction(30000, 1001), "00:58:59;20"),
        (Fraction(60000, 1001), "00:00:59;40"),
    ],
)
def test_every_frame_has_the_code_that_the_library_gives_it(
    desk: Desk, chromium: Any, rate: Fraction, start: str
) -> None:
    first = Timecode.parse(start, rate)
    frames = [*range(0, 40_000, 7), *range(1795, 1805)]
    with visit(chromium, desk) as here:
        asked = [[rate.numerator, rate.denominator], start, ";" in start, frames]
        shown = here.page.evaluate(CODES, asked)
    assert shown == [str(Timecode(first.frames + frame, rate, first.drop)) for frame in frames]
