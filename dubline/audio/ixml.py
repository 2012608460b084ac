"""The iXML chunk (gallery.co.uk/ixml): what a broadcast WAV is, for people and machines that read XML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from xml.etree import ElementTree

_VERSION = "2.0"
# What XML 1.0 has no way to write (section 2.2), escaped or not.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Slate:
    """What a broadcast WAV says of itself.

    ``time_reference`` is samples from midnight to its first one, ``frame_rate`` the picture's, with ``drop_frame``
    where its timecode is; ``language`` a BCP-47 tag, None where there is none (M&E).
    """

    project: str
    content: str
    time_reference: int
    frame_rate: Fraction | None = None
    drop_frame: bool = False
    language: str | None = None


def ixml_chunk(slate: Slate, *, rate: int, bits: int, tracks: Sequence[str]) -> bytes:
    """The chunk's body, UTF-8: project, note, speed and timecode, one track per channel in ``tracks``, language.

    The language stands under ``USER``, which is free: iXML has no element for it.
    """
    root = ElementTree.Element("BWFXML")
    _add(root, IXML_VERSION=_VERSION, PROJECT=slate.project, NOTE=slate.content)
    speed = ElementTree.SubElement(root, "SPEED")
    if slate.frame_rate is not None:
        fraction = f"{slate.frame_rate.numerator}/{slate.frame_rate.denominator}"
        flag = "DF" if slate.drop_frame else "NDF"
        _add(speed, MASTER_SPEED=fraction, CURRENT_SPEED=fraction, TIMECODE_RATE=fraction, TIMECODE_FLAG=flag)
    high, low = divmod(slate.time_reference, 1 << 32)
    _add(
        speed,
        FILE_SAMPLE_RATE=rate,
        AUDIO_BIT_DEPTH=bits,
        DIGITIZER_SAMPLE_RATE=rate,
        TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI=high,
        TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO=low,
        TIMESTAMP_SAMPLE_RATE=rate,
    )
    listed = ElementTree.SubElement(root, "TRACK_LIST")
    _add(listed, TRACK_COUNT=len(tracks))
    for number, name in enumerate(tracks, start=1):
        track = ElementTree.SubElement(listed, "TRACK")
        _add(track, CHANNEL_INDEX=number, INTERLEAVE_INDEX=number, NAME=name)
    if slate.language is not None:
        _add(ElementTree.SubElement(root, "USER"), LANGUAGE=slate.language)
    ElementTree.indent(root)
    body: bytes = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return body


def _add(parent: ElementTree.Element, **texts: str | int) -> None:
    for tag, text in texts.items():
        ElementTree.SubElement(parent, tag).text = _NOT_XML.sub("", str(text))
