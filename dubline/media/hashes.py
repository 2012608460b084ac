"""Hashes of what streams carry: two files with the same picture hash show the same picture, bit for bit."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from av.stream import Disposition

from dubline.errors import BadInput
from dubline.media.files import open_media

# H.264 and HEVC come in two wrappings of the same NAL units: start codes (Annex B: TS, MXF) or lengths
# (ISO/IEC 14496-15: MOV, MP4, Matroska). Everything is hashed in the second form, with four-byte lengths.
_NAL_CODECS = ("h264", "hevc")
# A start code, with the zero byte that may precede it and those that may trail the NAL unit before it.
_START_CODE = re.compile(rb"\x00*\x00\x00\x01")

_Form = Callable[[memoryview], bytes | memoryview]


def picture_hash(path: Path) -> str | None:
    """SHA-256 (hex) over the picture's packets in stored order; None where there is no picture.

    Only the wrapping of H.264 and HEVC units is normalized, so a copy keeps its hash in any container. Covers
    are not the picture. Raises `BadInput` for a file that cannot be read.
    """
    with open_media(path) as container:
        pictures = [item for item in container.streams.video if not item.disposition & Disposition.attached_pic]
        if not pictures:
            return None
        context = pictures[0].codec_context
        form: _Form = _identity
        if context.codec.canonical_name in _NAL_CODECS and not (context.extradata or b"\0").startswith(b"\1"):
            form = _lengths
        digest = hashlib.sha256()
        for packet in container.demux(pictures[0]):
            if packet.size:
                digest.update(form(memoryview(packet)))
        return digest.hexdigest()


def audio_hash(path: Path, stream: int = 0) -> str:
    """SHA-256 (hex) over the packets of audio stream ``stream``; `BadInput` where there is no such stream."""
    with open_media(path) as container:
        streams = container.streams.audio
        if not 0 <= stream < len(streams):
            raise BadInput(f"no audio stream {stream}", str(path), f"the file has {len(streams)}")
        digest = hashlib.sha256()
        for packet in container.demux(streams[stream]):
            if packet.size:
                digest.update(memoryview(packet))
        return digest.hexdigest()


def _identity(payload: memoryview) -> memoryview:
    return payload


def _lengths(payload: memoryview) -> bytes:
    """Annex B to four-byte lengths (ITU-T H.264 Annex B, ISO/IEC 14496-15)."""
    units = (unit for unit in _START_CODE.split(payload) if unit)
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)
