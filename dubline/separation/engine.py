"""One streaming engine for every network: a title's blocks in, aligned stems out, memory independent of its length."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple, Protocol

import numpy as np
import soxr
import torch

from dubline.audio.layout import Layout
from dubline.errors import BadInput, Cancelled
from dubline.separation.channels import Block, ChannelPlan, bound_sides, channel_plan, decode, encode
from dubline.separation.network import MaskNetwork, Masks
from dubline.separation.segments import Segment, Segmentation, segmentation

READ_FRAMES = 65_536
# +120 dBFS: beyond it a file's scale is wrong (integers read as floats), and squares leave the range of float32.
LOUDEST = 1e6
# More threads than this gain nothing for 5.1, which has five signals.
MOST_THREADS = 5

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


def cuts(source: Source, network: MaskNetwork) -> Segmentation:
    """The segments in which ``network`` separates ``source``: the units of progress and of sharing out work."""
    return segmentation(source.frames, rate=source.rate, network_rate=network.rate, hop=network.hop)


def separate(
    source: Source,
    *,
    network: MaskNetwork,
    segments: range | None = None,
    cut: Segmentation | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Iterator[Stems]:
    """Stems of ``source`` from front to back, one block per segment.

    ``segments`` picks consecutive segments of `cuts`; their samples are those of the whole run to the last bit, so a
    title may be shared out. ``threads`` compute channels side by side (default: one per core) without changing the
    result. ``progress(done, total)`` counts frames. Raises `BadInput` for NaN, infinite or absurd samples and for a
    source shorter than it says, `Cancelled` before the segment at which ``cancelled()`` turns true.
    """
    cut = cut or cuts(source, network)
    wanted = segments if segments is not None else range(cut.count)
    plan = channel_plan(source.layout)
    total, done = sum(len(cut[k].core) for k in wanted), 0
    join = _Join(cut)
    # The segment before the first one lends the tail that is blended into it.
    first = max(wanted.start - 1, 0) if wanted else wanted.stop
    with ThreadPoolExecutor(threads or min(os.cpu_count() or 1, MOST_THREADS)) as pool:
        for index, mix in _windows(source, cut, range(first, wanted.stop)):
            if cancelled is not None and cancelled():
                raise Cancelled("separation stopped", f"after {done} of {total} frames", "start it again")
            segment = cut[index]
            dx, mx = join(segment, *_estimate(mix, plan, source.rate, network, pool))
            if index < wanted.start:
                continue
            core = slice(segment.core.start - segment.window.start, segment.core.stop - segment.window.start)
            me = mix[core] - dx
            done += len(segment.core)
            yield Stems(dx, mx, me - mx, me)
            if progress is not None:
                progress(done, total)


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


def _estimate(
    mix: Block, plan: ChannelPlan, rate: int, network: MaskNetwork, pool: ThreadPoolExecutor
) -> tuple[Block, Block]:
    """Dialogue and music of a window ``(frames, channels)``, at its rate; silent signals stay exact zeros."""
    items = encode(mix, plan)
    frames = items.shape[1]
    # What rings on past the end at one rate is needed to rebuild the last samples at the other.
    network_frames = -(-(frames + rate // 50) * network.rate // rate) if rate != network.rate else frames
    voices, music = np.zeros_like(items), np.zeros_like(items)
    active = [k for k in range(len(items)) if items[k].any()]
    with torch.inference_mode(), _one_thread_each():
        spectra = {
            k: network.transform(_tensor(_resample(items[k], rate, network.rate, network_frames), network))
            for k in active
        }
        found = dict(zip(active, pool.map(lambda k: _masks(network, spectra[k]), active), strict=True))
        bounded = bound_sides([found.get(k) for k in range(len(items))], plan)
        for k in active:
            masks = bounded[k]
            assert masks is not None
            voice = masks.dialogue * spectra[k]
            for target, spectrum in ((voices, voice), (music, masks.music * (spectra[k] - voice))):
                waveform = network.inverse(spectrum, network_frames)[0].cpu().numpy()
                target[k] = _resample(waveform, network.rate, rate, frames)
    return decode(voices, plan), decode(music, plan)


def _masks(network: MaskNetwork, spectrum: torch.Tensor) -> Masks:
    # Inference mode and the thread count are per thread.
    with torch.inference_mode():
        return network.masks(spectrum)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let every signal run on one thread: splitting small recurrent steps costs more than it gains, and one thread
    per signal gives the same bits on any number of cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _tensor(samples: Block, network: MaskNetwork) -> torch.Tensor:
    return torch.from_numpy(samples)[None].to(network.window.device)


def _resample(samples: Block, rate: int, to: int, frames: int) -> Block:
    """``(n,)`` at another rate, zero lag, exactly ``frames`` long."""
    if rate == to:
        return samples
    ringing = np.zeros(-(-frames * rate // to), np.float32)
    ringing[: len(samples)] = samples[: len(ringing)]
    resampled = soxr.resample(ringing, rate, to, quality="VHQ")[:frames]
    return np.pad(resampled, (0, frames - len(resampled))).astype(np.float32, copy=False)


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
