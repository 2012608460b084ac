"""Which method rebuilds a gap: decided by how restless and how tonal the sound beside it is."""

from __future__ import annotations

import math

from dubline.audio.wav import Block
from dubline.repair.rebuild import autoregression, texture
from dubline.repair.rebuild.gap import Gap
from dubline.repair.rebuild.matching import best_match
from dubline.repair.rebuild.sinusoidal import carry_on, partials_of

# How far a texture itself is from its mean spectrum in dB. What is beside the gap and the texture are unrelated, so
# both spreads add up to their distance; a stretch of the cue that is nearer than that is the better guess.
TEXTURE_SPREAD_DB = 3.5
# Beside the gap partials make so much of the power that noise in their place would be heard.
TONAL_SHARE = 0.5


def fill(gap: Gap) -> tuple[Block, str]:
    """Samples (length, channels) for ``gap``, its ends not yet led over, and the name of the method."""
    if gap.length < autoregression.LONGEST_SECONDS * gap.rate:
        return autoregression.interpolate(gap), "autoregression"
    match = best_match(gap)
    if match is not None and match.distance < math.hypot(texture.restlessness(gap), TEXTURE_SPREAD_DB):
        return match.samples, "matching"
    before, after = partials_of(gap.before, gap.rate), partials_of(gap.after[::-1], gap.rate)
    if max(before.share, after.share) >= TONAL_SHARE:
        tones = carry_on(gap, before, after)
        return tones + texture.synthesize(gap, tones), "sinusoidal"
    return texture.synthesize(gap), "texture"
