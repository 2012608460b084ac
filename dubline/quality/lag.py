"""How late a delivered track is against the mix it was made from, to the sample, while both stream past once.

Normalized cross-correlation of pre-emphasized excerpts (one per fifth of the film, where the mix has most to say)
gives the lag to the sample; the loudness envelopes of the whole film give it to 10 ms when a track is so far off
that no excerpt is found near its place.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import fft

from dubline.audio.layout import Layout
from dubline.audio.wav import Block, WavReader
from dubline.errors import Cancelled

Floats = npt.NDArray[np.float64]

EXCERPTS = 5
EXCERPT_SECONDS = 1.0
# Encoder delays are 2112 samples at most and edit lists are off by a frame; half a second holds both and more.
MARGIN_SECONDS = 0.5
ENVELOPE_RATE = 100
# Under this (-80 dBFS of pre-emphasized sound, per second) an excerpt is rounding noise and not programme.
_SILENCE = 1e-8
# A match under this is another sound; lossy coding at our bit rates stays above 0.9.
_RECOGNIZED = 0.5
# A sound that matches itself this well at another place (a steady tone) cannot tell when it is.
_AMBIGUOUS = 0.98
# Envelopes of unrelated films correlate by chance; of the same film they hardly differ.
_SAME_ENVELOPE = 0.8


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A stretch of one channel of the reference: first frame, channel, and pre-emphasized ``samples`` ``(n,)``."""

    start: int
    channel: int
    samples: Floats


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a reference is recognized by: excerpts, and its energy per 10 ms, ``(n,)``."""

    rate: int
    excerpts: tuple[Excerpt, ...]
    envelope: Floats
    silent: bool


@dataclass(frozen=True, slots=True)
class Lag:
    """``samples`` a track comes late (negative: early), None where it cannot be told; ``note`` says why or how."""

    samples: int | None
    note: str = ""
    recognized: bool = True


def fingerprint(reference: Path, *, cancelled: Callable[[], bool] | None = None) -> Fingerprint:
    """Fingerprint of the WAV a deliverable was encoded from; reads it once, then the excerpts."""
    with WavReader(reference) as reader:
        envelope = EnvelopeMeter(reader.rate)
        loudest = _Loudest(reader.rate, reader.frames, reader.layout)
        for block in reader.blocks():
            if cancelled is not None and cancelled():
                raise Cancelled("checking was stopped", str(reference), "start it again when ready")
            envelope.process(block)
            loudest.process(block)
        length = min(round(EXCERPT_SECONDS * reader.rate), reader.frames)
        excerpts = [
            Excerpt(start, channel, _sharpened(next(reader.blocks(length, start=start))[:, channel]))
            for start, channel in loudest.places(length)
        ]
    return Fingerprint(
        reader.rate,
        tuple(excerpt for excerpt in excerpts if not _repeats(excerpt.samples, reader.rate)),
        envelope.energies(),
        silent=not excerpts,
    )


class LagMeter:
    """Takes the delivered track block by block and answers its lag against ``reference``."""

    def __init__(self, reference: Fingerprint) -> None:
        self._reference = reference
        self._margin = round(MARGIN_SECONDS * reference.rate)
        self._envelope = EnvelopeMeter(reference.rate)
        self._frames = 0
        self._windows = [np.zeros(len(item.samples) + 2 * self._margin) for item in reference.excerpts]

    def process(self, block: Block) -> None:
        """Take the next ``block``, ``(frames, channels)``, in the reference's channel order."""
        self._envelope.process(block)
        for excerpt, window in zip(self._reference.excerpts, self._windows, strict=True):
            _copy_overlap(block, self._frames, window, excerpt.start - self._margin, excerpt.channel)
        self._frames += len(block)

    def lag(self) -> Lag:
        """The lag of the whole track: that of the excerpt that is worst off, so that drift shows."""
        if self._reference.silent:
            return Lag(None, "the mix is silent: no lag to measure")
        found = [
            lag
            for excerpt, window in zip(self._reference.excerpts, self._windows, strict=True)
            if (lag := match(excerpt.samples, _sharpened(window))) is not None
        ]
        if found:
            lags = [lag - self._margin for lag in found]
            note = "" if len(set(lags)) == 1 else f"between {min(lags)} and {max(lags)} over the film"
            return Lag(max(lags, key=abs), note)
        return self._coarse()

    def _coarse(self) -> Lag:
        offset = envelope_offset(self._reference.envelope, self._envelope.energies())
        if offset is not None and (offset or self._reference.excerpts):
            step = self._reference.rate // ENVELOPE_RATE
            return Lag(offset * step, f"to the nearest {step} samples, from the loudness of the whole film")
        if not self._reference.excerpts:
            return Lag(None, "the mix is too steady to tell when it is")
        return Lag(None, "the track does not sound like the mix", recognized=False)


class EnvelopeMeter:
    """Energy of a stream per 10 ms, summed over channels."""

    def __init__(self, rate: int) -> None:
        self._step = rate // ENVELOPE_RATE
        self._rest: list[Block] = []
        self._parts: list[Floats] = []

    def process(self, block: Block) -> None:
        """Take the next ``block``, ``(frames, channels)``."""
        joined = np.concatenate([*self._rest, block])
        whole = len(joined) // self._step * self._step
        steps = joined[:whole].reshape(-1, self._step * block.shape[1])
        self._parts.append(np.einsum("ij,ij->i", steps, steps).astype(np.float64))
        self._rest = [joined[whole:]]

    def energies(self) -> Floats:
        """One energy per 10 ms so far, ``(n,)``."""
        return np.concatenate([np.zeros(0), *self._parts])


def match(excerpt: Floats, window: Floats) -> int | None:
    """Where in ``window`` the ``excerpt`` is found, in samples from the window's start; None if it is not.

    Normalized cross-correlation by FFT: local energy is divided out, so a loud place nearby does not win.
    """
    likeness = _likeness(excerpt, window)
    best = int(np.argmax(likeness))
    return best if likeness[best] >= _RECOGNIZED else None


def envelope_offset(reference: Floats, track: Floats) -> int | None:
    """How many envelope steps ``track`` comes after ``reference``; None when they are not alike or flat."""
    if not len(reference) or not len(track):
        return None
    first, second = (np.sqrt(curve) - np.sqrt(curve).mean() for curve in (reference, track))
    scale = math.sqrt(float(first @ first) * float(second @ second))
    if scale == 0.0:
        return None
    size = fft.next_fast_len(len(first) + len(second), real=True)
    correlation = fft.irfft(fft.rfft(second, size) * np.conj(fft.rfft(first, size)), size) / scale
    best = int(np.argmax(correlation))
    if correlation[best] < _SAME_ENVELOPE:
        return None
    return best if best < len(second) else best - size


class _Loudest:
    """Finds, for each fifth of a film, the second and channel in which a pre-emphasized mix is loudest."""

    def __init__(self, rate: int, frames: int, layout: Layout) -> None:
        self._step = round(rate * EXCERPT_SECONDS)
        self._frames = frames
        # The LFE has no edges to measure a lag by.
        self._channels = [index for index in range(layout.channels) if index != layout.lfe]
        self._rest: Block = np.zeros((0, layout.channels), dtype=np.float32)
        self._energies: list[Floats] = []

    def process(self, block: Block) -> None:
        joined = np.concatenate([self._rest, block])
        while len(joined) >= self._step:
            self._measure(joined[: self._step])
            joined = joined[self._step :]
        self._rest = joined

    def places(self, length: int) -> list[tuple[int, int]]:
        """First frame and channel of each excerpt of ``length`` frames; none where the film is silent."""
        if len(self._rest):
            self._measure(self._rest)
            self._rest = self._rest[:0]
        if not self._energies:
            return []
        energies = np.array(self._energies)
        found = set()
        for part in np.array_split(np.arange(len(energies)), EXCERPTS):
            if len(part) and energies[part].max() > _SILENCE * self._step:
                second, channel = np.unravel_index(int(np.argmax(energies[part])), energies[part].shape)
                start = min(int(part[second]) * self._step, self._frames - length)
                found.add((start, self._channels[int(channel)]))
        return sorted(found)

    def _measure(self, samples: Block) -> None:
        edges = np.diff(np.ascontiguousarray(samples.T[self._channels]), axis=1)
        self._energies.append(np.array([np.dot(row, row) for row in edges], dtype=np.float64))


def _sharpened(samples: npt.NDArray[np.floating]) -> Floats:
    """First difference: flattens speech and music enough for a correlation peak one sample wide."""
    sharpened: Floats = np.diff(samples.astype(np.float64), prepend=0.0)
    sharpened[:1] = 0.0
    return sharpened


def _likeness(excerpt: Floats, window: Floats) -> Floats:
    """Normalized correlation of ``excerpt`` with ``window`` at each of ``len(window) - len(excerpt) + 1`` places."""
    places = len(window) - len(excerpt) + 1
    size = fft.next_fast_len(len(window), real=True)
    correlation = fft.irfft(fft.rfft(window, size) * np.conj(fft.rfft(excerpt, size)), size)[:places]
    sums = np.concatenate([[0.0], np.cumsum(np.square(window))])
    energy = np.maximum(sums[len(excerpt) :] - sums[:places], 0.0) * float(excerpt @ excerpt)
    # Where the window is all but silent the quotient is rounding noise.
    floor = float(excerpt @ excerpt) ** 2 * 1e-6
    likeness: Floats = np.where(energy > floor, correlation / np.sqrt(np.maximum(energy, floor)), 0.0)
    return likeness


def _repeats(excerpt: Floats, rate: int) -> bool:
    """Whether an excerpt's middle is found in it at more than one place, as a steady tone's is."""
    edge = min(round(0.1 * rate), len(excerpt) // 4)
    if edge == 0:
        return True
    likeness = _likeness(excerpt[edge:-edge], excerpt)
    # The lobe around the true place is no second place, however wide: follow it down to its feet.
    low = np.flatnonzero(likeness < _RECOGNIZED)
    left, right = low[low < edge], low[low > edge]
    elsewhere = np.concatenate([
        likeness[: left[-1]] if len(left) else likeness[:0],
        likeness[right[0] :] if len(right) else likeness[:0],
    ])  # fmt: skip
    never_falls = not len(left) and not len(right)
    return never_falls or bool(elsewhere.max(initial=0.0) > _AMBIGUOUS)


def _copy_overlap(block: Block, first: int, window: Floats, start: int, channel: int) -> None:
    """Copy into ``window`` (which begins at frame ``start``) what ``block`` (from frame ``first``) has of it."""
    low, high = max(first, start), min(first + len(block), start + len(window))
    if low < high:
        window[low - start : high - start] = block[low - first : high - first, channel]
