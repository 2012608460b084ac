"""A network at work: signal by signal on the cores of a CPU, in batches on a GPU as large as its memory allows."""

from __future__ import annotations

import copy
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Protocol, Self

import torch
from torch import Tensor, nn

from dubline.separation.channels import Block
from dubline.separation.compute import Compute, Precision
from dubline.separation.network import Estimate, Network

log = logging.getLogger(__name__)

# Each thread holds a network's intermediate values, about 150 MB for 20 seconds.
MOST_THREADS = 8
# Signals of 20 seconds; larger batches no longer gain speed.
GPU_BATCH = 16

Separated = tuple[Block, Block]


class Work(Protocol):
    """What a `Runner` carries through a network."""

    def prepare(self) -> list[Tensor]:
        """The signals to separate, each ``(channels, samples)`` at the network's rate."""

    def conclude(self, mixes: Sequence[Tensor], estimates: Sequence[Estimate]) -> Separated:
        """Dialogue and music from what the network made of those signals, tensors on its device."""


class Runner:
    """Runs one network for one title; `submit` hands in work, and the answer waits until it is asked for.

    When a GPU runs out of memory the batch is halved, down to a single signal, then the network goes on on the CPU:
    ``device`` and ``fell_back`` say so.
    """

    def __init__(self, network: Network, compute: Compute, fell_back: Callable[[], None] | None = None) -> None:
        self._network = network
        self._device = device_of(network)
        self._precision = compute.precision
        self._batch = compute.batch or (GPU_BATCH if self._device.type == "cuda" else 0)
        self._told = fell_back
        self._waiting: list[tuple[Work, Future[Separated]]] = []
        self._threads = compute.threads or min(os.cpu_count() or 1, MOST_THREADS)
        self._before = torch.get_num_threads()

    def __enter__(self) -> Self:
        # One thread per signal: splitting small recurrent steps costs more than it gains, and the bits are then the
        # same on any number of cores.
        self._pool = ThreadPoolExecutor(self._threads, initializer=torch.set_num_threads, initargs=(1,))
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        torch.set_num_threads(self._before)

    def ahead(self, parts: int, signals: int) -> int:
        """How many segments of so many parts and signals to hand in beyond the one waited for: enough to keep busy."""
        segments = self._batch // signals if self._batch else max(-(-self._threads // parts), 2)
        return max(segments - 1, 0)

    def submit(self, work: Work) -> Callable[[], Separated]:
        """Hand in ``work``; calling what is returned gives its dialogue and music."""
        if not self._batch:
            return self._pool.submit(self._alone, work).result
        answer: Future[Separated] = Future()
        self._waiting.append((work, answer))

        def result() -> Separated:
            if not answer.done():
                self._flush()
            return answer.result()

        return result

    def _alone(self, work: Work) -> Separated:
        with torch.inference_mode():
            signals = [signal.to(self._device) for signal in work.prepare()]
            return work.conclude(signals, [self._single(signal) for signal in signals])

    def _single(self, signal: Tensor) -> Estimate:
        # Inference mode is per thread.
        with torch.inference_mode():
            return Estimate(*(stem[0] for stem in self._network(signal[None])))

    def _flush(self) -> None:
        """Separate all that waits."""
        waiting, self._waiting = self._waiting, []
        prepared = list(self._pool.map(lambda entry: entry[0].prepare(), waiting))
        estimates = iter(self._in_batches([signal for signals in prepared for signal in signals]))
        shares = [[next(estimates) for _ in signals] for signals in prepared]
        concluded = self._pool.map(_conclude, (work for work, _ in waiting), prepared, shares)
        for (_, answer), separated in zip(waiting, concluded, strict=True):
            answer.set_result(separated)

    def _in_batches(self, signals: list[Tensor]) -> list[Estimate]:
        """Estimates of all ``signals``, those of one length in batches."""
        found: dict[int, Estimate] = {}
        todo = sorted(range(len(signals)), key=lambda k: signals[k].shape[-1])
        while todo and self._batch:
            length = signals[todo[0]].shape[-1]
            part = [k for k in todo[: self._batch] if signals[k].shape[-1] == length]
            made = self._try(torch.stack([signals[k] for k in part]))
            if made is None:
                self._back_off(len(part))
                continue
            found.update(zip(part, made, strict=True))
            todo = todo[len(part) :]
        found.update(zip(todo, self._pool.map(lambda k: self._single(signals[k]), todo), strict=True))
        return [found[k] for k in range(len(signals))]

    def _try(self, batch: Tensor) -> list[Estimate] | None:
        """Estimates of the items of ``batch (items, channels, samples)``, or ``None`` when the memory is too small."""
        try:
            with torch.inference_mode(), _in_precision(self._precision, self._device):
                estimate = self._network(batch.to(self._device))
                return [Estimate(d.float(), m.float()) for d, m in zip(*estimate, strict=True)]
        except torch.OutOfMemoryError:
            return None

    def _back_off(self, items: int) -> None:
        """Half of ``items`` from now on; after a single one, the CPU."""
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        self._batch = items // 2
        if self._batch:
            return
        log.warning("the memory of %s is full: going on on the CPU", self._device)
        self._network = _copy_on_cpu(self._network)
        self._device = torch.device("cpu")
        if self._told is not None:
            self._told()


def device_of(network: Network) -> torch.device:
    """Where ``network`` is; one without parameters or buffers is on the CPU."""
    for tensor in (*network.parameters(), *network.buffers()):
        return tensor.device
    return torch.device("cpu")


def _conclude(work: Work, mixes: list[Tensor], estimates: list[Estimate]) -> Separated:
    with torch.inference_mode():
        devices = [estimate.dialogue.device for estimate in estimates]
        return work.conclude([mix.to(device) for mix, device in zip(mixes, devices, strict=True)], estimates)


def _copy_on_cpu(network: Network) -> Network:
    """A copy of ``network`` on the CPU that takes no memory where ``network`` is, which stays where it is."""
    memo: dict[int, object] = {id(p): nn.Parameter(p.detach().cpu(), requires_grad=False) for p in network.parameters()}
    memo |= {id(b): b.detach().cpu() for b in network.buffers()}
    return copy.deepcopy(network, memo)


@contextmanager
def _in_precision(precision: Precision, device: torch.device) -> Iterator[None]:
    """Matrix products in ``precision`` on a GPU: torch's own default would use tf32 in some layers only."""
    if device.type != "cuda":
        yield
        return
    cudnn: Any = torch.backends.cudnn
    backends: tuple[Any, ...] = (torch.backends.cuda.matmul, cudnn.conv, cudnn.rnn)
    before = [backend.fp32_precision for backend in backends]
    for backend in backends:
        backend.fp32_precision = "ieee" if precision == "float32" else "tf32"
    try:
        with torch.autocast("cuda", torch.bfloat16, enabled=precision == "bf16"):
            yield
    finally:
        for backend, value in zip(backends, before, strict=True):
            backend.fp32_precision = value
