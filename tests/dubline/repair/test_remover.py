"""Block by block gives what one piece gives, whatever the events."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dubline.audio.wav import WavReader
from dubline.repair.regions import regions_of, removals_of
from dubline.repair.remover import Parts, Remover
from dubline.vocalization.events import Event

Samples = npt.NDArray[np.float32]
RATE = 8000
FRAMES = RATE * 2

events = st.builds(
    lambda start, seconds, tags, disposition: Event(start, start + seconds, tags, "speech", 0.9, 0.0, disposition),
    st.floats(0, 1.99),
    st.floats(0.001, 1.0),
    st.sampled_from([("FC",), ("FL", "FR"), ("SL", "SR"), ("FL", "FC"), ("FC", "LFE")]),
    st.sampled_from(["keep", "optional", "remove"]),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=st.lists(events, max_size=6), size=st.integers(300, FRAMES), guided=st.booleans())
def test_blocks_do_not_matter_and_parts_add_up(
    found: list[Event], size: int, guided: bool, write: Callable[..., Path], noise: Callable[..., Samples]
) -> None:
    me, stem = noise(FRAMES, 6, rms=0.1), noise(FRAMES, 6, rms=0.1, seed=1)
    other = write(stem, layout="5.1(side)", rate=RATE, name="dx.wav")
    with WavReader(write(me, layout="5.1(side)", rate=RATE)) as reader, WavReader(other) as dialogue:
        plan = regions_of(removals_of(found, reader.layout, rate=RATE, frames=FRAMES), rate=RATE, frames=FRAMES)
        whole = Remover(reader, plan, dialogue if guided else None).process(me, 0)
        remover = Remover(reader, plan, dialogue if guided else None)
        pieces = [remover.process(me[at : at + size], at) for at in range(0, FRAMES, size)]
    for name in Parts.__slots__:
        joined = np.concatenate([getattr(piece, name) for piece in pieces])
        np.testing.assert_allclose(joined, getattr(whole, name), atol=1e-6)
    np.testing.assert_allclose(whole.unfilled.astype(np.float64) + whole.optional + whole.guide, me, atol=1e-7)
    touched = np.zeros(me.shape, dtype=np.bool_)
    for region in plan:
        touched[region.start : region.end, list(region.columns)] = True
    assert np.array_equal(whole.filled[~touched], me[~touched])
    assert not touched[:, reader.layout.index("LFE")].any()
