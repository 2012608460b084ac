"""What is heard is the tracks, to the sample: one playhead for all, no gap between them, and any place at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.dashboards.browser.conftest import Desk, running_desk, visit
from tests.dashboards.browser.film import samples_of, short_title

pytestmark = pytest.mark.slow

RATE = 48_000

# Renders what the player schedules, without a loudspeaker: A for a second, then B, then the mix, then A.
RENDER = """
async () => {
  const { Player } = await import("/static/title/player.js");
  const { Blocks } = await import("/static/title/blocks.js");
  const { tracks } = await desk.ask("GET", "/api/titles/glass-harbor/view");
  const blocks = new Blocks();
  for (const track of tracks) for (const number of track.index.audio.sizes.keys()) await blocks.get(track, number);
  const context = new OfflineAudioContext(2, 4 * 48000, 48000);
  const go = context.resume.bind(context);
  context.resume = async () => {};
  const player = new Player(tracks, { context, blocks });
  player.heard = "me";
  await player.play(100000);
  clearInterval(player.pumping);
  ["me_filled", "mix-fr-FR", "me"].forEach((id, number) => {
    context.suspend(number + 1).then(() => { player.hear(id); go(); });
  });
  const heard = await context.startRendering();
  return { begins: Math.round(player.origin.time * 48000), left: Array.from(heard.getChannelData(0)) };
}
"""

# How long after a jump the next sound is due, and how long the page took to get it there.
SEEK = """
async () => {
  const { player } = window.titlePage;
  const took = [];
  for (const frame of [30000, 200000, 300000, 10]) {
    const [at, clock] = [performance.now(), player.context.currentTime];
    await player.seek(frame);
    took.push([performance.now() - at, 1000 * (player.origin.time - clock)]);
    await new Promise((done) => setTimeout(done, 150));
  }
  return took;
}
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with running_desk(tmp_path_factory.mktemp("desk") / "home", short_title) as running:
        yield running


def test_every_track_is_heard_to_the_sample_and_a_switch_is_a_fade_without_a_gap(desk: Desk, chromium: Any) -> None:
    with visit(chromium, desk) as here:
        rendered = here.open("/titles/glass-harbor").evaluate(RENDER)
    heard, begins = np.array(rendered["left"], dtype=np.float64), rendered["begins"]
    tracks = {name: samples_of(desk.made / f"{name}.wav")[100_000:, 0] for name in ("me", "me_filled", "mix")}
    fade = round(0.008 * RATE)

    assert not heard[:begins].any()
    order = ("me", "me_filled", "mix", "me")
    for number, name in enumerate(order):
        first = number * RATE + (fade + 2 if number else begins)
        last = (number + 1) * RATE
        error = np.abs(heard[first:last] - tracks[name][first - begins : last - begins]).max()
        assert 20 * np.log10(error + 1e-12) < -90.0, name
    for number in (1, 2, 3):
        place = slice(number * RATE, number * RATE + fade)
        film = slice(place.start - begins, place.stop - begins)
        before, after = (tracks[order[number - one]][film] for one in (1, 0))
        assert (heard[place] >= np.minimum(before, after) - 1e-4).all()
        assert (heard[place] <= np.maximum(before, after) + 1e-4).all()


def test_a_jump_is_heard_within_fifty_milliseconds(desk: Desk, chromium: Any) -> None:
    with visit(chromium, desk) as here:
        page = here.open("/titles/glass-harbor")
        page.keyboard.press("Space")
        here.until("window.titlePage.player.frame > 20000")
        for asked, due in page.evaluate(SEEK):
            assert due < 50.0
            assert asked < 50.0
