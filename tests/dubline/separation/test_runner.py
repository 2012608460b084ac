"""A network in batches gives what it gives alone, and too little memory only makes it slower."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Self

import numpy as np
import pytest
import torch
from torch import Tensor

from dubline.separation.compute import Compute
from dubline.separation.engine import separate
from dubline.separation.network import Estimate, Network
from dubline.separation.runner import _copy_on_cpu, device_of


class Cramped(Network):
    """A network on a device with memory for so many signals at once; its copy lies where memory is no matter."""

    def __init__(self, inner: Network, room: int) -> None:
        super().__init__(rate=inner.rate, channels=inner.channels, hop=inner.hop, segment_seconds=1, context_seconds=1)
        self.inner = inner
        self.room = room
        self.batches: list[int] = []

    def forward(self, waveform: Tensor) -> Estimate:
        """The inner network's estimate; raises `torch.OutOfMemoryError` for a larger batch than there is room for."""
        self.batches.append(len(waveform))
        if len(waveform) > self.room:
            raise torch.OutOfMemoryError("no room")
        estimate: Estimate = self.inner(waveform)
        return estimate

    def __deepcopy__(self, memo: object) -> Self:
        return type(self)(self.inner, room=1_000)


def dialogue(title: Any, network: Network, **options: Any) -> np.ndarray:
    return np.concatenate([stems.dx for stems in separate(title, network=network, **options)])


@pytest.fixture
def title(source: Callable[..., Any]) -> Any:
    return source(5.3, layout="3.0")


def test_batches_change_nothing(title: Any, tiny: Network) -> None:
    network = Cramped(tiny, room=1_000)
    together = dialogue(title, network, compute=Compute(batch=6))
    assert max(network.batches) == 6
    assert np.abs(together - dialogue(title, network)).max() < 1e-5


def test_a_batch_that_does_not_fit_is_halved_until_it_does(title: Any, tiny: Network) -> None:
    network = Cramped(tiny, room=2)
    halved = dialogue(title, network, compute=Compute(batch=8), fell_back=pytest.fail)
    tried = [size for size in network.batches if size > 2]
    assert tried and tried == sorted(tried, reverse=True), "no size is tried again after it failed"
    assert np.abs(halved - dialogue(title, Cramped(tiny, room=1_000))).max() < 1e-5


def test_without_room_for_one_signal_the_cpu_goes_on_and_says_so_once(
    title: Any, tiny: Network, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[bool] = []
    with caplog.at_level(logging.WARNING):
        there = dialogue(title, Cramped(tiny, room=0), compute=Compute(batch=4), fell_back=lambda: told.append(True))
    assert told == [True]
    assert [record.message for record in caplog.records] == ["the memory of cpu is full: going on on the CPU"]
    assert np.array_equal(there, dialogue(title, Cramped(tiny, room=1_000)))


def test_other_errors_of_a_network_are_not_swallowed(title: Any, through: Callable[..., Network]) -> None:
    class Broken(through):  # type: ignore[misc, valid-type]
        def forward(self, waveform: Tensor) -> Estimate:
            raise RuntimeError("broken")

    for compute in (Compute(), Compute(batch=4)):
        with pytest.raises(RuntimeError, match="broken"):
            dialogue(title, Broken(1), compute=compute)


def test_threads_of_the_process_are_as_before(title: Any, tiny: Network) -> None:
    before = torch.get_num_threads()
    dialogue(title, tiny)
    assert torch.get_num_threads() == before


def test_a_copy_on_the_cpu_is_the_same_network_and_shares_nothing(tiny: Network) -> None:
    wave = torch.randn(1, 1, 5_000)
    copied = _copy_on_cpu(tiny)
    assert device_of(copied).type == "cpu"
    assert torch.equal(copied(wave).dialogue, tiny(wave).dialogue)
    mine = {parameter.data_ptr() for parameter in tiny.parameters()}
    on_device = next(tiny.parameters()).device.type
    assert on_device == "cpu" or not mine & {parameter.data_ptr() for parameter in copied.parameters()}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize(("precision", "within"), [("float32", 1e-4), ("tf32", 1e-2), ("bf16", 5e-2)])
def test_a_gpu_gives_what_the_cpu_gives(precision: Any, within: float, title: Any, tiny: Network) -> None:
    here = dialogue(title, tiny)
    there = dialogue(title, _copy_on_cpu(tiny).to("cuda"), compute=Compute(precision=precision))
    assert np.abs(there - here).max() < within
