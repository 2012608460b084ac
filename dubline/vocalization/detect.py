"""Finding the voices that stayed behind in an M&E."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from dubline.audio.layout import Layout
from dubline.audio.wav import Block, WavReader
from dubline.vocalization.background import level_over_background
from dubline.vocalization.ear import FRAME_SECONDS, Heard, hear
from dubline.vocalization.events import Event, in_order
from dubline.vocalization.groups import Group, dialogue_group, groups_of, listen_to
from dubline.vocalization.hysteresis import SpanRules, join, runs
from dubline.vocalization.residual import residual_spans
from dubline.vocalization.speech import audible_speech
from dubline.vocalization.watch import Cancel, Progress, in_step, never, nothing

# Words of one utterance are one event: what lies between them is its reverberation.
SPEECH_IN_ME = SpanRules(on=0.5, off=0.35, minimum_seconds=0.2, merge_seconds=0.3, pad_seconds=0.05)

Found = list[tuple[float, float, float]]


def detect(
    path: Path,
    *,
    dialogue: Path | None = None,
    rules: SpanRules = SPEECH_IN_ME,
    progress: Progress = nothing,
    cancelled: Cancel = never,
) -> list[Event]:
    """Voices in the M&E at ``path``, per channel group, in order of time.

    silero-vad hears each group; with the ``dialogue`` stem, a residue in the M&E that rises and falls with it is
    found too (see `residual_spans`). Nothing is disposed yet: every event says ``keep``. Both files stream once
    through memory. Raises `BadInput` for files that cannot be read, do not belong together or hold samples that
    are not finite, `Cancelled`.
    """
    with ExitStack() as stack:
        reader = stack.enter_context(WavReader(path))
        readers = [reader] + ([stack.enter_context(WavReader(dialogue))] if dialogue is not None else [])
        groups = groups_of(reader.layout)
        streams = len(groups) + len(readers) - 1
        blocks = in_step(readers, progress=progress, cancelled=cancelled)
        heard = hear(_streams(blocks, groups, readers[-1].layout), rate=reader.rate, streams=streams)
        duration = reader.frames / reader.rate
    stem = heard.level[:, -1] if dialogue is not None else None
    found = (
        _events(group, _found(heard, at, stem, rules=rules, duration=duration), heard.level[:, at])
        for at, group in enumerate(groups)
    )
    return in_order([event for events in found for event in events])


def _streams(blocks: Iterator[tuple[Block, ...]], groups: tuple[Group, ...], stem_layout: Layout) -> Iterator[Block]:
    """(n, groups) of the M&E, with the dialogue stem, where there is one, as last column."""
    stem = (dialogue_group(stem_layout),)
    for me, *dialogue in blocks:
        yield np.concatenate([listen_to(me, groups), *(listen_to(block, stem) for block in dialogue)], axis=1)


def _found(heard: Heard, at: int, stem: Block | None, *, rules: SpanRules, duration: float) -> Found:
    """(start, end, score) of stream ``at``: both rules' spans, those that overlap made one with the higher score."""
    speech = audible_speech(heard.speech[:, at], heard.level[:, at])
    spans = runs(speech, rules=rules, frame_seconds=FRAME_SECONDS, duration_seconds=duration)
    scored = [(start, end, _peak(speech, start, end)) for start, end in spans]
    if stem is not None:
        residue = residual_spans(heard.level[:, at], stem, frame_seconds=FRAME_SECONDS)
        scored += [(start, min(end, duration), score) for start, end, score in residue if start < duration]
    merged = join([(start, end) for start, end, _ in scored], gap=0.0)
    return [(start, end, max(s for a, b, s in scored if a < end and b > start)) for start, end in merged]


def _peak(speech: Block, start: float, end: float) -> float:
    return float(speech[int(start / FRAME_SECONDS) : int(end / FRAME_SECONDS) + 1].max())


def _events(group: Group, found: Found, level: Block) -> list[Event]:
    levels = level_over_background(level, [(a, b) for a, b, _ in found], frame_seconds=FRAME_SECONDS)
    return [
        Event(start, end, group.tags, "speech", round(min(score, 1.0), 4), round(over, 2))
        for (start, end, score), over in zip(found, levels, strict=True)
    ]
