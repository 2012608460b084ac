"""Audition clips: what a person listens to beside the pictures of an event, as WAVs any browser plays."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from dubline.audio.wav import Block
from dubline.quality.excerpts import Excerpt

with warnings.catch_warnings():
    # pydub looks for ffmpeg on the path, which writing WAVs does not need.
    warnings.simplefilter("ignore", RuntimeWarning)
    from pydub import AudioSegment

# A quiet scene is turned up, so that what is left in it can be heard, but not until its noise is all one hears.
PEAK_DBFS, MOST_GAIN_DB = -3.0, 24.0
# Long enough that a cut does not click.
_FADE_MILLISECONDS = 20
_FULL_SCALE = 32767


def audition_gain(excerpt: Excerpt) -> float:
    """One gain in dB for both clips of ``excerpt``: its louder peak goes to `PEAK_DBFS`, `MOST_GAIN_DB` at most."""
    peak = max(float(np.abs(block).max(initial=0.0)) for block in (excerpt.before, excerpt.after))
    return MOST_GAIN_DB if peak == 0.0 else min(PEAK_DBFS - 20.0 * float(np.log10(peak)), MOST_GAIN_DB)


def write_clip(path: Path, samples: Block, *, rate: int, gain_db: float) -> None:
    """Write ``samples`` (n, channels) as 16-bit WAV, faded at both ends; more than two channels as their mean."""
    heard = samples if samples.shape[1] <= 2 else samples.mean(axis=1, keepdims=True)
    scaled = np.clip(heard * 10.0 ** (gain_db / 20.0), -1.0, 1.0) * _FULL_SCALE
    clip = AudioSegment(
        scaled.round().astype("<i2").tobytes(), sample_width=2, frame_rate=rate, channels=heard.shape[1]
    )
    fade = min(_FADE_MILLISECONDS, len(clip) // 2)
    clip.fade_in(fade).fade_out(fade).export(path, format="wav").close()
