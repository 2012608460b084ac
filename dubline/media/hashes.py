"""Hashes of what streams carry: two files with the same picture hash show the same picture, bit for bit."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

from av.packet import Packet
from av.stream import Stream

# H.264 and HEVC come in two wrappings of the same NAL units: start codes (Annex B: TS, MXF) or lengths
# (ISO/IEC 14496-15: MOV, MP4, Matroska). Everything is hashed in the second form, with four-byte lengths.
_NAL_CODECS = ("h264", "hevc")
# A start code, with the zero byte that may precede it and those that may trail the NAL unit before it.
_START_CODE = re.compile(rb"\x00*\x00\x00\x01")
# An ADTS header (ISO/IEC 13818-7, 6.2) is two bytes longer where it guards its frame with a checksum.
_ADTS_BYTES, _ADTS_CHECKSUM_BYTES = 7, 2

_Form = Callable[[memoryview], bytes | memoryview]


class StreamHash:
    """SHA-256 over the packets of ``stream`` in stored order.

    What only wraps them is left out (start codes of H.264 and HEVC, ADTS headers of AAC), so a copy keeps its hash
    in any container.
    """

    def __init__(self, stream: Stream) -> None:
        self._form = _form(stream)
        self._digest = hashlib.sha256()

    def add(self, packet: Packet[Any]) -> None:
        """Take the next packet."""
        if packet.size:
            self._digest.update(self._form(memoryview(packet)))

    def hexdigest(self) -> str:
        """The hash of the packets so far."""
        return self._digest.hexdigest()


def _form(stream: Stream) -> _Form:
    context = stream.codec_context
    if context is None:
        return _identity
    codec, header = context.codec.canonical_name, context.extradata or b""
    if codec in _NAL_CODECS and not (header or b"\0").startswith(b"\1"):
        return _lengths
    return _without_adts if codec == "aac" and not header else _identity


def _identity(payload: memoryview) -> memoryview:
    return payload


def _without_adts(payload: memoryview) -> memoryview:
    if len(payload) < _ADTS_BYTES or payload[0] != 0xFF or payload[1] & 0xF6 != 0xF0:
        return payload
    return payload[_ADTS_BYTES + (0 if payload[1] & 1 else _ADTS_CHECKSUM_BYTES) :]


def _lengths(payload: memoryview) -> bytes:
    """Annex B to four-byte lengths (ITU-T H.264 Annex B, ISO/IEC 14496-15)."""
    units = (unit for unit in _START_CODE.split(payload) if unit)
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)
