"""Block by block gives what one piece gives, whatever the events."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dubline.audio.wav import WavReader
from dubline.repair.choose_removal import clean_scene
from dubline.repair.regions import moved_of, regions_of, removals_of
from dubline.repair.remover import JOIN_SECONDS, PIECE_SECONDS, Parts, Remover, cut
from dubline.vocalization.events import Event
from dubline.vocalization.rules import standard

Samples = npt.NDArray[np.float32]
RATE = 8000
FRAMES = RATE * 2

events = st.builds(
    lambda start, seconds, tags, disposition, stem: Event(
        start, start + seconds, tags, "speech", 0.9, 0.0, disposition, stem=stem
    ),
    st.floats(0, 1.99),
    st.floats(0.001, 1.0),
    st.sampled_from([("FC",), ("FL", "FR"), ("SL", "SR"), ("FL", "FC"), ("FC", "LFE")]),
    st.sampled_from(["keep", "optional", "remove"]),
    st.sampled_from(["me", "dx"]),
)
LONG = Event(0.5, 14.0, ("FC",), "speech", 0.9, 0.0, "remove")


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=st.lists(events, max_size=4), size=st.integers(300, FRAMES), seconds=st.just(2))
@example(found=[LONG], size=5000, seconds=15)
def test_blocks_do_not_matter_and_parts_add_up(
    found: list[Event], size: int, seconds: int, write: Callable[..., Path], noise: Callable[..., Samples]
) -> None:
    frames = RATE * seconds
    me, stem = noise(frames, 6, rms=0.1), noise(frames, 6, rms=0.1, seed=1)
    me[::7] *= np.float32(-0.0)
    other = write(stem, layout="5.1(side)", rate=RATE, name="dx.wav")
    with WavReader(write(me, layout="5.1(side)", rate=RATE)) as reader, WavReader(other) as dialogue:
        plan = regions_of(
            removals_of(found, reader.layout, rate=RATE, frames=frames),
            rate=RATE,
            frames=frames,
        )
        moved = moved_of(found, reader.layout, rate=RATE, frames=frames)

        def remover() -> Remover:
            return Remover(
                reader, plan, partial(clean_scene, rules=standard()), lambda *_: None, stem=dialogue, moved=moved
            )

        whole = remover().process(me, 0, stem)
        worker = remover()
        pieces = [worker.process(me[at : at + size], at, stem[at : at + size]) for at in range(0, frames, size)]
    for name in Parts.__slots__:
        joined = np.concatenate([getattr(piece, name) for piece in pieces])
        np.testing.assert_allclose(joined, getattr(whole, name), atol=1e-6)
    parts = whole.unfilled.astype(np.float64) + whole.optional + whole.guide
    np.testing.assert_allclose(parts, me.astype(np.float64) + stem, atol=1e-6)
    touched = np.zeros(me.shape, dtype=np.bool_)
    for region in plan:
        touched[region.start : region.end, list(region.columns)] = True
    assert whole.filled[~touched].tobytes() == me[~touched].tobytes()
    assert not touched[:, reader.layout.index("LFE")].any()


@given(start=st.integers(0, 10**6), length=st.integers(1, 10**7), rate=st.sampled_from([8000, 48000]))
def test_pieces_are_short_cover_the_region_and_reach_into_the_next(start: int, length: int, rate: int) -> None:
    pieces = list(cut(start, start + length, rate))
    assert (pieces[0][0], pieces[-1][1]) == (start, start + length)
    for (first, last), (following, _) in pairwise(pieces):
        assert (first < following and last - following == round(JOIN_SECONDS * rate)) or last == start + length
        assert following - first <= PIECE_SECONDS * rate
