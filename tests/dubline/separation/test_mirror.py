"""Mirrored sound has the length asked for and reads back and forth."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from dubline.separation.mirror import mirrored


def test_it_reads_back_and_forth_without_doubling_the_ends() -> None:
    assert mirrored(torch.tensor([1.0, 2.0, 3.0]), 8).tolist() == [1, 2, 3, 2, 1, 2, 3, 2]
    assert mirrored(torch.tensor([5.0]), 3).tolist() == [5, 5, 5]


@given(length=st.integers(1, 50), samples=st.integers(1, 200))
def test_it_begins_with_the_sound_and_takes_steps_of_one(length: int, samples: int) -> None:
    wave = torch.arange(length, dtype=torch.float32)[None]
    filled = mirrored(wave, samples)
    assert filled.shape == (1, max(length, samples)) and torch.equal(filled[:, :length], wave)
    if length > 1:
        assert (filled.diff().abs() == 1).all()
