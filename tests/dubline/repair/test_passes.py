"""A second pass does anew only what has changed, and gives what a single pass would."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dubline.audio.wav import WavReader
from dubline.repair.choose_removal import clean_scene
from dubline.repair.passes import NAMES, Before, Sources, work_through
from dubline.repair.plan import Plan, plan_of
from dubline.repair.scene import Scene
from dubline.vocalization.events import Event
from dubline.vocalization.rules import standard
from dubline.vocalization.watch import never, nothing

Samples = npt.NDArray[np.float32]
RATE = 8000
FIRST = [
    Event(12.0, 12.6, ("FC",), "speech", 0.9, 6.0, "remove"),
    Event(12.0, 13.0, ("FL", "FR"), "speech", 0.9, 6.0, "optional"),
    Event(35.0, 35.5, ("FC",), "speech", 0.9, 6.0, "optional"),
    Event(20.0, 20.5, ("FC",), "laughter", 0.9, 6.0, "optional", stem="dx"),
]
MORE = Event(12.7, 13.4, ("FC",), "speech", 0.9, 6.0, "remove")


def test_a_second_pass_gives_what_one_pass_by_its_plan_gives(
    tmp_path: Path, write: Callable[..., Path], noise: Callable[..., Samples]
) -> None:
    me, stem = noise(RATE * 40, 6, rms=0.1), noise(RATE * 40, 6, rms=0.1, seed=1)
    sources = Sources(write(me, layout="5.1", rate=RATE), write(stem, layout="5.1", rate=RATE, name="dx.wav"))
    with WavReader(sources.me) as reader:
        first, second = plan_of(FIRST, reader), plan_of([*FIRST, MORE], reader)
    cleaned: list[int] = []

    def passed(name: str, plan: Plan, before: Before | None = None) -> Path:
        folder = tmp_path / name
        folder.mkdir()

        def done(scene: Scene, _: object) -> None:
            cleaned.append(scene.start)

        work_through(
            sources,
            plan,
            folder,
            clean=partial(clean_scene, rules=standard()),
            done=done,
            before=before,
            progress=nothing,
            cancelled=never,
        )
        return folder

    earlier = passed("first", first)
    cleaned.clear()
    resumed = passed("second", second, Before(first, earlier))
    # The other channels and the event far away are not done again.
    assert cleaned == [round((12.0 - 0.02) * RATE)]
    direct = passed("direct", second)
    for name in NAMES.values():
        assert (resumed / name).read_bytes() == (direct / name).read_bytes(), name
        assert (resumed / name).read_bytes() != (earlier / name).read_bytes() or name == "optional.wav"
