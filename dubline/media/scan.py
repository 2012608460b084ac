"""One pass over a container's packets: counts, ends, frame times and whether the file is whole. Nothing is decoded."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from av.container import InputContainer

from dubline.errors import BadInput, Cancelled
from dubline.media.hashes import StreamHash

# A container declares its length to the packet; half a second is more than any rounding and less than a cut.
_SHORT_SECONDS = 0.5
_EBML_HEADER, _EBML_DOCTYPE, _EBML_SEGMENT = 0x1A45DFA3, 0x4282, 0x18538067
_CHECK_EVERY = 4096
# A transport stream is a row of packets that begin with this byte: as broadcast, on Blu-ray with a clock of four bytes
# before each, or with sixteen of error correction after it (ISO/IEC 13818-1, 2.4.3; ETSI TR 101 290).
_TS_SYNC = 0x47
_TS_PACKETS = ((188, 0), (192, 4), (204, 0))


@dataclass(slots=True)
class StreamScan:
    """What the packets of one stream say; times in the stream's ticks."""

    packets: int = 0
    end: int | None = None
    times: array[int] = field(default_factory=lambda: array("q"))
    last_corrupt: bool = False
    sha256: str = ""


def scan(container: InputContainer, *, path: Path, cancelled: Callable[[], bool] | None = None) -> list[StreamScan]:
    """One `StreamScan` per stream, in the container's order; frame times are kept for video, hashes for sound as well.

    Raises `BadInput` when the file is cut short: an index that points past the end of the file, a last packet
    that is not whole, or streams that stop before the length the container declares.
    """
    scans = [StreamScan() for _ in container.streams]
    video = {stream.index for stream in container.streams.video}
    digests = {item.index: StreamHash(item) for item in (*container.streams.video, *container.streams.audio)}
    for number, packet in enumerate(container.demux()):
        if cancelled is not None and number % _CHECK_EVERY == 0 and cancelled():
            raise Cancelled("stopped on request", str(path), "run it again")
        if packet.stream_index in digests:
            digests[packet.stream_index].add(packet)
        if packet.size == 0 or packet.is_discard:
            continue
        row = scans[packet.stream_index]
        row.packets += 1
        row.last_corrupt = packet.is_corrupt
        time = packet.pts if packet.pts is not None else packet.dts
        if time is None:
            continue
        row.end = max(row.end if row.end is not None else time, time + (packet.duration or 0))
        if packet.stream_index in video:
            row.times.append(time)
    _check_whole(container, scans, path)
    for index, digest in digests.items():
        scans[index].sha256 = digest.hexdigest()
    return scans


def frame_times(row: StreamScan) -> npt.NDArray[np.int64]:
    """The frames' presentation times in ticks, in order of presentation."""
    return np.sort(np.frombuffer(row.times, dtype=np.int64))


def doctype(path: Path) -> str | None:
    """``matroska`` or ``webm`` for an EBML file (RFC 8794), None for any other."""
    with path.open("rb") as file:
        found = _ebml(file)
    return found[0] if found else None


def _check_whole(container: InputContainer, scans: list[StreamScan], path: Path) -> None:
    size = path.stat().st_size
    for stream, row in zip(container.streams, scans, strict=True):
        past_end = any(entry.pos + entry.size > size for entry in stream.index_entries)
        lacking = stream.type in ("video", "audio") and row.packets > 0 and row.last_corrupt
        if past_end or lacking:
            raise _cut_short(path, f"stream {stream.index} runs past the end of the file")
    ends = [
        float(row.end * (stream.time_base or Fraction(1)))
        for stream, row in zip(container.streams, scans, strict=True)
        if row.end is not None
    ]
    declared = (container.duration or 0) / 1e6 + max(container.start_time or 0, 0) / 1e6
    if ends and max(ends) < declared - _SHORT_SECONDS:
        raise _cut_short(path, f"{max(ends):.2f} s of {declared:.2f} s are there")
    with path.open("rb") as file:
        ebml = _ebml(file)
        packet = _ts_packet_bytes(file) if container.format.name == "mpegts" else None
    if packet is not None and size % packet:
        raise _cut_short(path, f"the last of its packets has {size % packet} of {packet} bytes")
    if ebml and ebml[1] is not None and ebml[1] > size:
        raise _cut_short(path, f"{size} of {ebml[1]} bytes are there")


def _cut_short(path: Path, detail: str) -> BadInput:
    return BadInput(f"is cut short: {detail}", str(path), "copy it again in full")


def _ts_packet_bytes(file: BinaryIO) -> int | None:
    """How long the packets of a transport stream are, by where the first ones begin; None where that is not clear."""
    file.seek(0)
    head = file.read(max(packet for packet, _ in _TS_PACKETS) * 3)
    for packet, offset in _TS_PACKETS:
        starts = head[offset::packet][:3]
        if len(starts) == 3 and set(starts) == {_TS_SYNC}:
            return packet
    return None


def _ebml(file: BinaryIO) -> tuple[str, int | None] | None:
    """DocType and end of the segment (None when it is open-ended) of an EBML file, None for any other file."""
    head = _element(file)
    if head is None or head[0] != _EBML_HEADER or head[1] is None:
        return None
    after, name = file.tell() + head[1], "matroska"
    while file.tell() < after and (element := _element(file)) is not None and element[1] is not None:
        body = file.read(element[1])
        if element[0] == _EBML_DOCTYPE:
            name = body.rstrip(b"\0").decode("ascii", "replace")
    file.seek(after)
    segment = _element(file)
    if segment is None or segment[0] != _EBML_SEGMENT or segment[1] is None:
        return name, None
    return name, file.tell() + segment[1]


def _element(file: BinaryIO) -> tuple[int, int | None] | None:
    """Identifier and size of the next EBML element; the size is None when it is unknown (all ones)."""
    identifier = _vint(file, keep_marker=True)
    size = _vint(file, keep_marker=False)
    if identifier is None or size is None:
        return None
    return identifier[0], None if size[0] == (1 << 7 * size[1]) - 1 else size[0]


def _vint(file: BinaryIO, *, keep_marker: bool) -> tuple[int, int] | None:
    first = file.read(1)
    if not first or not first[0]:
        return None
    width = 9 - first[0].bit_length()
    value = int.from_bytes(first + file.read(width - 1), "big")
    return (value if keep_marker else value & ((1 << 7 * width) - 1)), width
