"""WAV and RF64 as block streams: any length, float32 blocks, the layout carried in the header.

libsndfile reads the samples; the header is written here because it must be the same bytes on every run
(libsndfile stamps the date into a PEAK chunk), must carry the channel mask, and must grow into RF64.
Sources: Microsoft WAVEFORMATEXTENSIBLE, EBU Tech 3306 (RF64; ITU-R BS.2088 calls the same header BW64).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Literal, Self

import numpy as np
import numpy.typing as npt
import soundfile

from dubline.audio.layout import Layout
from dubline.errors import BadInput

Block = npt.NDArray[np.float32]
SampleFormat = Literal["f32", "s24"]

# Frames per block: a third of a second at 192 kHz, long enough that Python costs nothing, small in memory.
BLOCK_FRAMES = 65536

_SUBFORMAT_TAIL = bytes.fromhex("000000001000800000AA00389B71")
_FORMAT_CODE = {"f32": 3, "s24": 1}
_BYTES: dict[SampleFormat, int] = {"f32": 4, "s24": 3}
_FULL_SCALE_24 = 1 << 23
_RIFF_LIMIT = 0xFFFF_FFFF


class WavReader:
    """Reads any PCM or float WAV/RF64 in blocks; `BadInput` when the file is not one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = soundfile.SoundFile(str(path))
        except (soundfile.LibsndfileError, OSError) as error:
            raise BadInput("cannot be read as audio", str(path), f"give a WAV or RF64 file ({error})") from error
        self.rate = int(self._file.samplerate)
        self.frames = int(self._file.frames)
        try:
            self.layout = Layout.from_mask(_channel_mask(path), self._file.channels, where=str(path))
        except BadInput:
            self._file.close()
            raise

    def blocks(self, size: int = BLOCK_FRAMES, *, start: int = 0) -> Iterator[Block]:
        """Blocks of at most ``size`` frames from frame ``start`` on, each ``(frames, channels)`` float32."""
        self._file.seek(start)
        while True:
            block: Block = self._file.read(size, dtype="float32", always_2d=True)
            if not len(block):
                return
            yield block

    def read(self) -> Block:
        """The whole file, ``(frames, channels)``: for short files and tests only."""
        self._file.seek(0)
        samples: Block = self._file.read(dtype="float32", always_2d=True)
        return samples

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


class WavWriter:
    """Writes float32 blocks as 32-bit float or 24-bit PCM; turns into RF64 past 4 GiB.

    24-bit rounds to nearest without dither and raises `BadInput` rather than clip. Dither would take the place of
    an error at -146 dBFS, under the noise of any converter, by noise that keeps stems from summing to their mix and
    the same order from giving the same bytes. ``bext`` and ``ixml`` are bodies of the chunks of these names.
    """

    def __init__(
        self,
        path: Path,
        *,
        rate: int,
        layout: Layout,
        sample_format: SampleFormat = "f32",
        bext: bytes | None = None,
        ixml: bytes | None = None,
    ) -> None:
        self.path = path
        self.rate = rate
        self.layout = layout
        self.frames = 0
        self._format = sample_format
        self._chunks = _chunk(b"bext", bext) + _chunk(b"iXML", ixml)
        self._file: BinaryIO = path.open("wb")
        self._file.write(self._header())

    def write(self, block: Block) -> None:
        """Append ``block``, ``(frames, channels)`` float32."""
        if block.ndim != 2 or block.shape[1] != self.layout.channels:
            raise ValueError(f"block {block.shape} does not fit {self.layout.name}")
        self._file.write(self._encode(block))
        self.frames += len(block)

    def _encode(self, block: Block) -> bytes:
        if self._format == "f32":
            return np.ascontiguousarray(block, dtype="<f4").tobytes()
        scaled = np.rint(block.astype(np.float64) * _FULL_SCALE_24)
        # +1.0 itself has no 24-bit code; one code below is 1e-7 away and not a clip.
        scaled[scaled == _FULL_SCALE_24] = _FULL_SCALE_24 - 1
        if len(scaled) and (scaled.max() >= _FULL_SCALE_24 or scaled.min() < -_FULL_SCALE_24):
            raise BadInput("samples exceed full scale", str(self.path), "write 32-bit float, or lower the level")
        words = np.ascontiguousarray(scaled.astype("<i4")).view(np.uint8).reshape(-1, 4)
        return words[:, :3].tobytes()

    def _header(self) -> bytes:
        width = _BYTES[self._format]
        align = width * self.layout.channels
        data = self.frames * align
        fmt = struct.pack(
            "<HHIIHHHHIH",
            0xFFFE, self.layout.channels, self.rate, self.rate * align, align, width * 8,
            22, width * 8, self.layout.mask, _FORMAT_CODE[self._format],
        ) + _SUBFORMAT_TAIL  # fmt: skip
        # A float file carries the frame count in a fact chunk (Microsoft, non-PCM formats).
        fact = struct.pack("<4sII", b"fact", 4, min(self.frames, _RIFF_LIMIT)) if self._format == "f32" else b""
        chunks = _chunk(b"fmt ", fmt) + fact + self._chunks
        riff = 4 + 36 + len(chunks) + 8 + data + data % 2
        if riff <= _RIFF_LIMIT:
            head = struct.pack("<4sI4s4sI28x", b"RIFF", riff, b"WAVE", b"JUNK", 28)
            return head + chunks + struct.pack("<4sI", b"data", data)
        head = struct.pack("<4sI4s4sIQQQI", b"RF64", _RIFF_LIMIT, b"WAVE", b"ds64", 28, riff, data, self.frames, 0)
        return head + chunks + struct.pack("<4sI", b"data", _RIFF_LIMIT)

    def close(self) -> None:
        """Complete the header and close; safe to call twice."""
        if self._file.closed:
            return
        if (self.frames * _BYTES[self._format] * self.layout.channels) % 2:
            self._file.write(b"\0")
        self._file.seek(0)
        self._file.write(self._header())
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def bits_per_sample(sample_format: SampleFormat) -> int:
    """Width of a sample in its file."""
    return 8 * _BYTES[sample_format]


def read_chunk(path: Path, name: bytes) -> bytes | None:
    """Body of the first chunk called ``name`` before the samples of a WAV, RF64 or BW64 file; None without one."""
    with path.open("rb") as file:
        riff = file.read(12)
        if riff[:4] not in (b"RIFF", b"RF64", b"BW64") or riff[8:] != b"WAVE":
            return None
        while len(head := file.read(8)) == 8:
            found, size = struct.unpack("<4sI", head)
            if found == name:
                return file.read(size)
            # Past 4 GiB the chunk of samples says 0xFFFFFFFF, and the walk ends.
            file.seek(size + size % 2, 1)
    return None


def _chunk(name: bytes, body: bytes | None) -> bytes:
    return struct.pack("<4sI", name, len(body)) + body + b"\0" * (len(body) % 2) if body else b""


def _channel_mask(path: Path) -> int:
    """dwChannelMask of a WAV header, 0 where the format has none."""
    body = read_chunk(path, b"fmt ") or b""
    extensible = len(body) >= 24 and struct.unpack_from("<H", body)[0] == 0xFFFE
    return int(struct.unpack_from("<I", body, 20)[0]) if extensible else 0
