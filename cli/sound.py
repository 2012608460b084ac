"""Any sound a person names, as a WAV the library streams from."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dubline.audio.wav import WavReader
from dubline.errors import BadInput
from dubline.media.demux import extract_audio


@contextmanager
def as_wav(path: Path, *, stream: int = 0) -> Iterator[Path]:
    """``path`` itself where it is a WAV, else its audio stream decoded into a temporary one."""
    if _is_wav(path):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="dubline-") as folder:
        out = Path(folder) / "sound.wav"
        extract_audio(path, stream=stream, out=out)
        yield out


def _is_wav(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        if file.read(4) not in (b"RIFF", b"RF64", b"BW64"):
            return False
    with WavReader(path) as reader:
        if reader.frames == 0:
            raise BadInput("holds no samples", str(path), "deliver the file again")
    return True
