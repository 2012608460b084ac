"""Mixtures by the rules of Divide and Remaster v3 (Watcharasupat et al. 2024), built from the rules alone.

An item is four submixes (speech, music, foreground and background effects), each placed and leveled for itself, then
mastered together. Loudness and number of events of the speech and the loudness of the master are drawn per item and
not per variant, and music and effects do not depend on the variant either: all language variants share them.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from dubline.loudness.clip import integrated_loudness
from dubline.training.corpus import RATE, Samples
from dubline.training.datasets import draws
from dubline.training.datasets.events import Submix, render_submix
from dubline.training.datasets.pools import Pools
from dubline.training.datasets.presets import SPLITS, SUBMIXES, DnrRules, Peak, Split
from dubline.training.mixtures.limiter import limit

# Tracks of an item; sfx is both kinds of effects, the mixture everything.
TRACKS = (*SUBMIXES, "sfx", "mixture")
# 24-bit codes per full scale: tracks are rounded to them before they are summed, so that sums are exact.
_CODES = float(1 << 23)
# A mixture, which no limiter sees, is turned down with its stems to this sample peak rather than clip.
_FULL = 1.0 - 1.0 / _CODES

# What the generators of an item are for; the speech of a variant comes after these.
_STREAMS = {"levels": 0, "music": 1, "sfx_fg": 2, "sfx_bg": 3, "speech": 4}


class ItemLevels(NamedTuple):
    """What all variants of an item share: one row of the precomputed table."""

    speech_lufs: float
    master_lufs: float
    speech_segments: int


class Item(NamedTuple):
    """The tracks of an item by name, ``(frames,)`` float32 on the 24-bit grid, and its submixes before mastering."""

    tracks: Mapping[str, Samples]
    submixes: Mapping[str, Submix]


def generator(seed: int, split: Split, index: int, stream: str, variant: str = "") -> np.random.Generator:
    """The generator of one stream of one item: the same whatever was drawn before it, in whatever process."""
    key = (SPLITS.index(split), index, _STREAMS[stream], zlib.crc32(variant.encode()))
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def item_levels(rules: DnrRules, *, seed: int, split: Split, index: int) -> ItemLevels:
    """Levels and number of utterances of item ``index``."""
    rng = generator(seed, split, index, "levels")
    return ItemLevels(
        speech_lufs=draws.loudness(rng, rules.speech.track),
        master_lufs=draws.loudness(rng, rules.master),
        speech_segments=draws.zero_truncated_poisson(rng, rules.speech.events),
    )


def render_background(
    rules: DnrRules, pools: Pools, *, seed: int, split: Split, index: int, frames: int
) -> dict[str, Submix]:
    """Music and effects of item ``index`` before mastering, shared by all variants."""
    submixes = {}
    for name in ("music", "sfx_fg", "sfx_bg"):
        rng = generator(seed, split, index, name)
        own = rules.submix(name)
        target, count = draws.loudness(rng, own.track), draws.zero_truncated_poisson(rng, own.events)
        submixes[name] = render_submix(
            rng, rules, name, pools.picker(name), frames=frames, target_lufs=target, count=count
        )
    return submixes


def render_item(
    rules: DnrRules,
    pools: Pools,
    background: Mapping[str, Submix],
    *,
    seed: int,
    split: Split,
    index: int,
    variant: str,
    frames: int,
) -> Item:
    """Item ``index`` of ``variant``: its speech over ``background``, mastered."""
    levels = item_levels(rules, seed=seed, split=split, index=index)
    speech = render_submix(
        generator(seed, split, index, "speech", variant),
        rules,
        "speech",
        pools.picker("speech", variant),
        frames=frames,
        target_lufs=levels.speech_lufs,
        count=levels.speech_segments,
    )
    submixes = {"speech": speech, **background}
    mastered = master({name: submixes[name].samples for name in SUBMIXES}, rules.peak, lufs=levels.master_lufs)
    return Item(mastered, submixes)


def master(submixes: Mapping[str, Samples], peak: Peak, *, lufs: float) -> dict[str, Samples]:
    """All `TRACKS`: the submixes at the gain that brings their sum to ``lufs``, peaks kept down, on the 24-bit grid.

    Submixes keep their levels relative to each other, except for what limiting takes off their peaks; sfx and mixture
    are exact sums. The published generator lets a mixture above full scale clip; here all tracks are turned down.
    """
    loudness = integrated_loudness(_with_sums(submixes)["mixture"], RATE)
    gain = np.float32(1.0 if loudness is None else 10 ** ((lufs - loudness) / 20))
    leveled = {name: samples * gain for name, samples in submixes.items()}
    if peak.control == "limiter":
        leveled = {name: limit(samples, RATE, ceiling_db=peak.ceiling_db) for name, samples in leveled.items()}
    full = 10 ** (peak.ceiling_db / 20) if peak.control == "gain" else _FULL - len(SUBMIXES) / _CODES
    highest = max(float(np.abs(track).max(initial=0.0)) for track in _with_sums(leveled).values())
    down = np.float32(min(1.0, full / max(highest, 1e-9)))
    return _with_sums({name: _rounded(samples * down) for name, samples in leveled.items()})


def _with_sums(submixes: Mapping[str, Samples]) -> dict[str, Samples]:
    """The submixes, both kinds of effects together, and everything together."""
    sfx = submixes["sfx_fg"] + submixes["sfx_bg"]
    return {**submixes, "sfx": sfx, "mixture": submixes["speech"] + submixes["music"] + sfx}


def _rounded(samples: Samples) -> Samples:
    rounded: Samples = (np.rint(samples * _CODES) / _CODES).astype(np.float32)
    return rounded
