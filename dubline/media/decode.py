"""Decodes one audio stream of anything ffmpeg reads into float32 blocks, at its own rate and layout."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.error import FFmpegError

from dubline.audio.layout import Layout
from dubline.audio.wav import BLOCK_FRAMES, Block
from dubline.errors import BadInput
from dubline.media.channels import channels_of
from dubline.media.files import open_media

# Sample format -> numpy type and the value of full scale; planar formats carry a "p" after the same name.
_FORMATS: dict[str, tuple[np.dtype[Any], int]] = {
    "u8": (np.dtype("u1"), 1 << 7),
    "s16": (np.dtype("<i2"), 1 << 15),
    "s32": (np.dtype("<i4"), 1 << 31),
    "flt": (np.dtype("<f4"), 1),
    "dbl": (np.dtype("<f8"), 1),
}

# Short packets (TrueHD: 0.8 ms) jump by more than their length where a container counts in milliseconds.
_JITTER_SECONDS = 0.005


class AudioDecoder:
    """Audio stream ``stream`` of ``path`` as blocks; a context manager.

    Channels come in the order of ``layout``, whatever theirs in the file. Encoder delay and padding are removed as the
    container declares them. Where the time stamps jump ahead by more than one packet (and more than any clock's
    rounding) the hole is filled with silence, so that the sound after it stays in its place. A clock that merely runs
    a little fast or slow is left alone.
    ``start_seconds`` is the time of the first sample on the container's clock; ``filled_frames`` counts the
    silence put in so far.
    """

    def __init__(self, path: Path, stream: int = 0) -> None:
        self.path = path
        self.filled_frames = 0
        self.start_seconds = Fraction(0)
        with ExitStack() as stack:
            self._container = stack.enter_context(open_media(path))
            self._stream = _choose(list(self._container.streams.audio), stream, path)
            context = self._stream.codec_context
            self.rate = int(context.sample_rate)
            channels = channels_of(context)
            self.layout = _layout(channels.layout, channels.count, f"{path}, audio stream {stream}")
            self._order = channels.order
            if not self.rate:
                raise BadInput(f"audio stream {stream} has no samples", str(path), "choose a stream with sound")
            self._jitter = _JITTER_SECONDS * self.rate
            self._pending = self._placed(self._frames())
            self._head = next(self._pending, None)
            if self._head is None:
                raise BadInput(f"audio stream {stream} has no samples", str(path), "choose a stream with sound")
            self._stack = stack.pop_all()

    @property
    def estimated_frames(self) -> int:
        """The length the container declares, for progress only; 0 when it declares none."""
        if self._stream.duration and self._stream.time_base:
            return round(self._stream.duration * self._stream.time_base * self.rate)
        return round((self._container.duration or 0) * self.rate / 1_000_000)

    def blocks(self, size: int = BLOCK_FRAMES) -> Iterator[Block]:
        """The stream from its first sample on, once, in blocks of ``size`` frames (the last one shorter).

        Each is ``(frames, channels)`` float32. Raises `BadInput` where it does not decode, changes its rate or
        layout, or holds samples that are not numbers.
        """
        held: list[Block] = []
        count = 0
        for block in self._rest():
            held.append(block)
            count += len(block)
            if count < size:
                continue
            joined = np.concatenate(held)
            whole = count - count % size
            yield from (joined[at : at + size] for at in range(0, whole, size))
            held, count = [joined[whole:]], count - whole
        if count:
            yield np.concatenate(held)

    def _rest(self) -> Iterator[Block]:
        if self._head is not None:
            head, self._head = self._head, None
            yield head
        yield from self._pending

    def _placed(self, frames: Iterator[AudioFrame]) -> Iterator[Block]:
        """The frames' samples in their place: holes filled, the last frame cut to the length declared for it."""
        # Positions in samples; a float holds them to 1e-6 for a day, and Fractions would cost more than decoding.
        scale = float((self._stream.time_base or Fraction(0)) * self.rate)
        done = 0
        origin: float | None = None
        expected: float | None = None
        last: AudioFrame | None = next(frames, None)
        while last is not None:
            frame, last = last, next(frames, None)
            samples = self._samples(frame, final=last is None)
            at = frame.pts * scale if frame.pts is not None else None
            if origin is None:
                origin = at or 0.0
                self.start_seconds = (frame.pts or 0) * (self._stream.time_base or Fraction(0))
            if at is not None and expected is not None and at - expected > max(frame.samples, self._jitter):
                hole = max(round(at - origin) - done, 0)
                self.filled_frames += hole
                yield from _silence(hole, self.layout.channels)
                done += hole
            expected = at + frame.samples if at is not None else None
            done += len(samples)
            yield samples

    def _frames(self) -> Iterator[AudioFrame]:
        done = 0
        try:
            for packet in self._container.demux(self._stream):
                for frame in packet.decode():
                    if frame.samples:
                        yield frame
                        done += frame.samples
        except FFmpegError as error:
            raise BadInput(
                f"the sound does not decode at {done / self.rate:.2f} s: {error.strerror}",
                str(self.path),
                "export it anew",
            ) from error

    def _samples(self, frame: AudioFrame, *, final: bool) -> Block:
        channels = self.layout.channels
        if frame.sample_rate != self.rate or frame.layout.nb_channels != channels:
            raise BadInput("the sound changes its rate or layout midway", str(self.path), "export it anew")
        samples = _to_float(frame, channels)
        if self._order is not None:
            samples = samples[:, self._order]
        if not np.isfinite(samples).all():
            raise BadInput("holds samples that are not numbers", str(self.path), "export it anew")
        return samples[: len(samples) - self._padding(frame)] if final else samples

    def _padding(self, frame: AudioFrame) -> int:
        """How many samples of the last ``frame`` lie past the end the container declares for the stream."""
        # A coarser clock (Matroska's milliseconds) cannot say where the sound ends inside a packet.
        if frame.time_base != Fraction(1, self.rate) or frame.pts is None or not self._stream.duration:
            return 0
        past = frame.pts + frame.samples - (self._stream.start_time or 0) - self._stream.duration
        return past if 0 < past < frame.samples else 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()


def _choose(streams: list[AudioStream], index: int, path: Path) -> AudioStream:
    if not streams:
        raise BadInput("no audio stream", str(path), "give a file with sound")
    if not 0 <= index < len(streams):
        choice = f"choose 0 to {len(streams) - 1}" if len(streams) > 1 else "choose 0, the only one"
        raise BadInput(f"no audio stream {index}", str(path), choice)
    # PyAV has no codec context for a codec ffmpeg does not know, though its types say otherwise.
    if cast(AudioCodecContext | None, streams[index].codec_context) is None:
        raise BadInput(f"audio stream {index} is in an unknown codec", str(path), "export it as PCM")
    return streams[index]


def _layout(name: str, channels: int, where: str) -> Layout:
    # ffmpeg names a layout it knows nothing about by its channel count.
    return Layout.default(channels, where=where) if name.endswith(" channels") else Layout.parse(name, where=where)


def _silence(frames: int, channels: int) -> Iterator[Block]:
    for start in range(0, frames, BLOCK_FRAMES):
        yield np.zeros((min(BLOCK_FRAMES, frames - start), channels), dtype=np.float32)


def _to_float(frame: AudioFrame, channels: int) -> Block:
    """The frame's samples, ``(frames, channels)`` float32, full scale 1.0.

    Reads the planes itself: PyAV's own conversion walks past the last of eight planes (7.1 AAC) and crashes.
    """
    kind = frame.format.name.removesuffix("p") if frame.format.is_planar else frame.format.name
    dtype, full_scale = _FORMATS[kind]
    planes = [memoryview(plane) for plane in frame.planes[: channels if frame.format.is_planar else 1]]
    if frame.format.is_planar:
        raw = np.stack([np.frombuffer(plane, dtype, frame.samples) for plane in planes], axis=1)
    else:
        raw = np.frombuffer(planes[0], dtype, frame.samples * channels).reshape(-1, channels)
    samples = raw.astype(np.float32)
    if full_scale > 1:
        # Powers of two: exact for every integer that float32 holds, 24-bit sound included.
        samples *= np.float32(1 / full_scale)
    return samples - np.float32(1.0) if kind == "u8" else samples
