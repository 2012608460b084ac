"""Whether anyone speaks in the surrounds: if nobody does, they are left alone.

A separator takes a little of any sound for dialogue. In the surrounds that is ambience and music, most of the time
without a word in it, and what is not touched cannot be harmed. One look by silero-vad costs a tenth of two signals
through the network.
"""

from __future__ import annotations

import numpy as np

from dubline.audio.resample import resample_blocks
from dubline.separation.channels import Block
from dubline.vocalization.hysteresis import SpanRules, runs
from dubline.vocalization.silero import FRAME, RATE, VoiceActivity

RULES = SpanRules()
# -70 dBFS, the absolute gate of BS.1770: under it nobody hears a voice.
FLOOR = 10 ** (-70 / 20)


def has_voice(samples: Block, rate: int) -> bool:
    """Whether silero-vad hears speech, a quarter of a second or more, in any column of ``(frames, channels)``.

    Raises `EnvironmentFault` where silero-vad's weights are missing.
    """
    if np.abs(samples).max(initial=0) < FLOOR:
        return False
    channels, seconds = samples.shape[1], len(samples) / rate
    activity = VoiceActivity(channels)
    heard = [
        activity.process(block) for block in resample_blocks([samples], rate_in=rate, rate_out=RATE, channels=channels)
    ]
    scores = np.concatenate([*heard, activity.flush()])
    return any(runs(column, rules=RULES, frame_seconds=FRAME / RATE, duration_seconds=seconds) for column in scores.T)
