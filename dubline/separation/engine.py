"""One streaming engine for every network: a title's blocks in, aligned stems out, memory independent of its length."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
import soxr
import torch
from torch import Tensor

from dubline.audio.layout import Layout
from dubline.errors import BadInput, Cancelled
from dubline.separation.channels import Block, Part, decode, encode, parts
from dubline.separation.compute import DEFAULT_COMPUTE, Compute
from dubline.separation.network import Estimate, Network
from dubline.separation.runner import Runner, Separated
from dubline.separation.segments import Segment, Segmentation, segmentation
from dubline.separation.sides import Signal, bound_side
from dubline.separation.voice import has_voice

READ_FRAMES = 65_536
# +120 dBFS: beyond it a file's scale is wrong (integers read as floats), and squares leave the range of float32.
LOUDEST = 1e6

Progress = Callable[[int, int], None]


class Source(Protocol):
    """A title's sound as blocks; `dubline.audio.wav.WavReader` is one."""

    @property
    def rate(self) -> int:
        """Frames per second."""

    @property
    def layout(self) -> Layout:
        """What the columns of a block feed."""

    @property
    def frames(self) -> int:
        """Length of the title."""

    def blocks(self, size: int = ..., *, start: int = ...) -> Iterator[Block]:
        """Blocks ``(frames, channels)`` float32 of at most ``size`` frames, from frame ``start`` on."""


class Stems(NamedTuple):
    """Aligned blocks ``(frames, channels)`` float32. ``me = mix - dx`` and ``fx = me - mx`` to the last bit."""

    dx: Block
    mx: Block
    fx: Block
    me: Block


def cuts(source: Source, network: Network) -> Segmentation:
    """The segments in which ``network`` separates ``source``: the units of progress and of sharing out work."""
    return segmentation(
        source.frames,
        rate=source.rate,
        network_rate=network.rate,
        hop=network.hop,
        segment_seconds=network.segment_seconds,
        context_seconds=network.context_seconds,
    )


def separate(
    source: Source,
    *,
    network: Network,
    segments: range | None = None,
    cut: Segmentation | None = None,
    compute: Compute = DEFAULT_COMPUTE,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
    fell_back: Callable[[], None] | None = None,
) -> Iterator[Stems]:
    """Stems of ``source`` from front to back, one block per segment.

    ``segments`` picks consecutive segments of `cuts`; their samples are those of the whole run to the last bit, so a
    title may be shared out. ``progress(done, total)`` counts frames; ``fell_back()`` is called when the GPU's memory
    is too small for a single signal and the CPU takes over. Raises `BadInput` for NaN, infinite or absurd samples and
    for a source shorter than it says, `Cancelled` before the next segment once ``cancelled()`` is true.
    """
    cut = cut or cuts(source, network)
    wanted = segments if segments is not None else range(cut.count)
    total, done = sum(len(cut[k].core) for k in wanted), 0
    join = _Join(cut)

    def go_on() -> None:
        if cancelled is not None and cancelled():
            raise Cancelled("separation stopped", f"after {done} of {total} frames", "start it again")

    # The segment before the first one lends the tail that is blended into it.
    first = max(wanted.start - 1, 0) if wanted else wanted.stop
    with Runner(network, compute, fell_back) as runner:
        for index, window in _in_flight(source, cut, range(first, wanted.stop), network, runner, go_on):
            segment = cut[index]
            dx, mx = join(segment, *window.result())
            if index < wanted.start:
                continue
            core = slice(segment.core.start - segment.window.start, segment.core.stop - segment.window.start)
            me = window.mix[core] - dx
            done += len(segment.core)
            yield Stems(dx, mx, me - mx, me)
            if progress is not None:
                progress(done, total)


@dataclass(frozen=True, slots=True)
class _Window:
    """A window's mix ``(frames, channels)`` and the answers for its parts, asked for or already there."""

    mix: Block
    parts: Sequence[tuple[Part, Callable[[], Separated]]]

    def result(self) -> Separated:
        """Dialogue and music; what is in no part stays exact zeros."""
        dialogue, music = np.zeros_like(self.mix), np.zeros_like(self.mix)
        for part, answer in self.parts:
            dialogue[:, part.columns], music[:, part.columns] = answer()
        return dialogue, music


def _in_flight(
    source: Source, cut: Segmentation, wanted: range, network: Network, runner: Runner, go_on: Callable[[], None]
) -> Iterator[tuple[int, _Window]]:
    """The wanted segments in order, some of them already handed in when one is given."""
    plan = parts(source.layout)
    signals = sum(1 if network.channels == 2 else len(part.columns) for part in plan)
    ahead = runner.ahead(len(plan), signals)
    handed_in: deque[tuple[int, _Window]] = deque()
    for index, mix in _windows(source, cut, wanted):
        go_on()
        work = [(part, _PartWork(mix[:, part.columns], part.surround, source.rate, network)) for part in plan]
        handed_in.append((index, _Window(mix, [(part, runner.submit(one)) for part, one in work])))
        if len(handed_in) > ahead:
            yield handed_in.popleft()
    while handed_in:
        go_on()
        yield handed_in.popleft()


def _windows(source: Source, cut: Segmentation, wanted: range) -> Iterator[tuple[int, Block]]:
    """Each wanted segment's number and window ``(frames, channels)``; holds no more than a window and a block."""
    if not wanted:
        return
    start = cut[wanted.start].window.start
    blocks = source.blocks(READ_FRAMES, start=start)
    held = np.zeros((0, source.layout.channels), np.float32)
    for index in wanted:
        window = cut[index].window
        held, start = held[window.start - start :], window.start
        parts, have = [held], len(held)
        while have < len(window):
            block = next(blocks, None)
            if block is None:
                raise BadInput(
                    f"sound ends at frame {start + have} of {source.frames}", "source", "copy the file again"
                )
            _check(block, start + have, source.rate)
            parts.append(block)
            have += len(block)
        held = np.concatenate(parts)
        yield index, held[: len(window)]


def _check(block: Block, start: int, rate: int) -> None:
    """Refuse what no mask can mend."""
    good = np.abs(block) < LOUDEST
    if not good.all():
        frame, channel = (int(v) for v in np.argwhere(~good)[0])
        what = "NaN or infinite samples" if not np.isfinite(block).all() else "samples far above full scale"
        raise BadInput(what, f"{(start + frame) / rate:.3f} s, channel {channel}", "export the mix again")


@dataclass(slots=True)
class _PartWork:
    """One part of a window on its way through a network: ``samples (frames, 1 | 2)`` at ``rate``.

    A network never hears a silent signal, nor the surrounds where nobody speaks; the same sound on both channels is
    separated once.
    """

    samples: Block
    surround: bool
    rate: int
    network: Network
    _signals: Block = field(init=False)
    _heard: list[int] = field(init=False)

    def prepare(self) -> list[Tensor]:
        """The signals to separate, each ``(channels, samples)`` at the network's rate."""
        frames, rate, to = len(self.samples), self.rate, self.network.rate
        self._signals = encode(self.samples[:, :1] if self._twice else self.samples, self.network.channels)
        self._heard = [k for k, signal in enumerate(self._signals) if signal.any()]
        if self.surround and not has_voice(self.samples, rate):
            self._heard = []
        # What rings on past the end at one rate is needed to rebuild the last samples at the other.
        length = -(-(frames + rate // 50) * to // rate) if rate != to else frames
        return [torch.from_numpy(_resample(self._signals[k], rate, to, length)) for k in self._heard]

    def conclude(self, mixes: Sequence[Tensor], estimates: Sequence[Estimate]) -> Separated:
        """Dialogue and music, each as ``samples`` is, from what the network found in the signals."""
        found = [Signal(mix, *estimate) for mix, estimate in zip(mixes, estimates, strict=True)]
        if self.network.channels == 1 and self._heard == [0, 1]:
            found[1] = bound_side(found[0], found[1], self.network.rate)
        stems = np.zeros((2, *self._signals.shape), np.float32)
        for k, signal in zip(self._heard, found, strict=True):
            for stem, waveform in zip(stems, signal[1:], strict=True):
                stem[k] = _resample(waveform.cpu().numpy(), self.network.rate, self.rate, stem.shape[-1])
        columns = 1 if self._twice else self.samples.shape[1]
        dialogue, music = (np.broadcast_to(decode(stem, columns), self.samples.shape) for stem in stems)
        return dialogue, music

    @property
    def _twice(self) -> bool:
        return self.samples.shape[1] == 2 and np.array_equal(self.samples[:, 0], self.samples[:, 1])


def _resample(signal: Block, rate: int, to: int, frames: int) -> Block:
    """``(channels, n)`` at another rate, zero lag, exactly ``frames`` long."""
    if rate == to:
        return signal
    ringing = np.zeros((-(-frames * rate // to), len(signal)), np.float32)
    kept = min(len(ringing), signal.shape[1])
    ringing[:kept] = signal[:, :kept].T
    resampled = soxr.resample(ringing, rate, to, quality="VHQ")[:frames].astype(np.float32, copy=False)
    return np.ascontiguousarray(np.pad(resampled, ((0, frames - len(resampled)), (0, 0))).T)


class _Join:
    """Cuts the core out of each window and blends it with the tail that the segment before it left."""

    def __init__(self, cut: Segmentation) -> None:
        self._fade = cut.fade
        self._tails: tuple[Block, ...] = ()

    def __call__(self, segment: Segment, *windows: Block) -> tuple[Block, ...]:
        """Cores of ``windows``, each ``(frames, channels)`` over the segment's window."""
        start = segment.core.start - segment.window.start
        stop = segment.core.stop - segment.window.start
        cores = tuple(window[start:stop].copy() for window in windows)
        for core, tail in zip(cores, self._tails, strict=False):
            n = min(len(core), len(tail))
            rise = (np.arange(n, dtype=np.float32) / np.float32(self._fade))[:, None]
            core[:n] = tail[:n] + rise * (core[:n] - tail[:n])
        self._tails = tuple(window[stop : stop + self._fade].copy() for window in windows)
        return cores
