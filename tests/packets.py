"""Hashes of the packets of one stream: what a copy has in common with its source."""

from __future__ import annotations

from pathlib import Path

from av.stream import Disposition

from dubline.media.files import open_media
from dubline.media.hashes import StreamHash


def picture_hash(path: Path) -> str | None:
    """`StreamHash` of the picture; None where there is none (covers are not the picture)."""
    with open_media(path) as container:
        pictures = [item for item in container.streams.video if not item.disposition & Disposition.attached_pic]
        if not pictures:
            return None
        digest = StreamHash(pictures[0])
        for packet in container.demux(pictures[0]):
            digest.add(packet)
        return digest.hexdigest()


def audio_hash(path: Path, stream: int = 0) -> str:
    """`StreamHash` of audio stream ``stream``."""
    with open_media(path) as container:
        sound = container.streams.audio[stream]
        digest = StreamHash(sound)
        for packet in container.demux(sound):
            digest.add(packet)
        return digest.hexdigest()
