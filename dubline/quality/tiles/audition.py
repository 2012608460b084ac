"""The sound of a track in blocks a browser decodes to the very samples: FLAC of 16 bits, each block a file."""

from __future__ import annotations

import io

import numpy as np
import soundfile

from dubline.audio.wav import Block
from dubline.quality.tiles.listening import RATE

# One block spans what a spectrogram tile of the finest level spans: 2.73 s.
BLOCK_FRAMES = 131_072
_FULL_SCALE = 32_767
# Level 5 saves 1 % more and takes twice as long.
_COMPRESSION = 0.25


def flac(block: Block) -> bytes:
    """``block``, ``(frames, 2)`` float32 at `RATE`, rounded to 16 bits, as FLAC; what exceeds full scale is clipped."""
    words = np.clip(np.rint(block * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE).astype(np.int16)
    buffer = io.BytesIO()
    soundfile.write(buffer, words, RATE, format="FLAC", subtype="PCM_16", compression_level=_COMPRESSION)
    return buffer.getvalue()
