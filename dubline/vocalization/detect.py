"""Finding the voices that stayed behind in an M&E, and those without language in the DX stem."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from scipy.ndimage import maximum_filter1d

from dubline.audio.resample import resample_blocks
from dubline.audio.wav import Block, WavReader
from dubline.vocalization.background import level_over_background
from dubline.vocalization.chances import Chances, any_voice
from dubline.vocalization.ear import FRAME_SECONDS, SILENCE_DBFS
from dubline.vocalization.events import LABELS, Event, Label, Stem, in_order
from dubline.vocalization.groups import Group, groups_of, listen_to
from dubline.vocalization.hysteresis import runs
from dubline.vocalization.listen import Heard, Listener, side_by_side
from dubline.vocalization.residual import residual_spans
from dubline.vocalization.rules import DetectionRules, standard
from dubline.vocalization.silero import RATE
from dubline.vocalization.sounds import Sound, sounds_of, with_sound, without
from dubline.vocalization.watch import Cancel, Progress, in_step, never, nothing

# What a dub replaces; every other voice in a DX stem may be of use to one.
LANGUAGE: tuple[Label, ...] = ("speech", "singing")
# Dialogue this near to a frame in which a voice is heard is voice.
VOICED_SECONDS = 0.5


def detect(
    path: Path,
    *,
    dialogue: Path | None = None,
    rules: DetectionRules | None = None,
    progress: Progress = nothing,
    cancelled: Cancel = never,
) -> list[Event]:
    """Voices in the M&E at ``path``, per channel group, in order of time, by ``rules`` or the `standard` ones.

    With the ``dialogue`` stem, a residue in the M&E that rises and falls with it is found too (see `residual_spans`),
    and so are the sounds without language in the stem itself: events with ``stem`` "dx". Nothing is disposed yet:
    every event says ``keep``. Both files stream once through memory. Raises `BadInput` for files that cannot be read,
    do not belong together or hold samples that are not finite, `Cancelled`.
    """
    rules = rules if rules is not None else standard()
    with ExitStack() as stack:
        paths = [path] if dialogue is None else [path, dialogue]
        readers = [stack.enter_context(WavReader(each)) for each in paths]
        groups = [groups_of(reader.layout) for reader in readers]
        blocks = in_step(readers, progress=progress, cancelled=cancelled)
        heard = _heard(blocks, groups, rate=readers[0].rate)
        duration = readers[0].frames / readers[0].rate
    dx = heard[1] if dialogue is not None else None
    events = [
        event
        for at, group in enumerate(groups[0])
        for event in _events(_left_behind(heard[0], at, dx, rules=rules, duration=duration), heard[0], at, group, "me")
    ]
    if dx is not None:
        events += [
            event
            for at, group in enumerate(groups[1])
            for event in _events(_without_language(dx, at, rules=rules, duration=duration), dx, at, group, "dx")
        ]
    return in_order(events)


def _heard(blocks: Iterator[tuple[Block, ...]], groups: list[tuple[Group, ...]], *, rate: int) -> list[Heard]:
    """What is heard in each of the files: the M&E with the dialogue as context, each group of the DX stem with itself.

    What sounds in the stem was a voice to the separator: its own context says so.
    """
    left, stem = Listener(len(groups[0])), [Listener(1) for each in groups[1:] for _ in each]
    streams = (np.concatenate([listen_to(b, g) for b, g in zip(each, groups, strict=True)], axis=1) for each in blocks)
    first = len(groups[0])
    for block in resample_blocks(streams, rate_in=rate, rate_out=RATE, channels=first + len(stem)):
        me, dx = block[:, :first], block[:, first:]
        left.process(me, dx[:, :1] if stem else None)
        for at, listener in enumerate(stem):
            listener.process(dx[:, at : at + 1], dx[:, at : at + 1])
    return [left.heard(), *([side_by_side([one.heard() for one in stem])] if stem else [])]


def _left_behind(
    heard: Heard, at: int, dialogue: Heard | None, *, rules: DetectionRules, duration: float
) -> list[Sound]:
    """Sounds of group ``at`` of the M&E: what is heard, and what follows the dialogue without sounding like a voice."""
    sounds = _sounds(heard, at, rules=rules, duration=duration)
    if dialogue is None:
        return sounds
    chances = dialogue.chances(0, rules)
    said = _voiced(dialogue.level[:, 0], chances, rules)
    for start, end, score in residual_spans(heard.level[:, at], said, frame_seconds=FRAME_SECONDS):
        if start < duration:
            label = _label_of(chances, start, end)
            residue = Sound(label, start, min(end, duration), score)
            sounds = with_sound(sounds, residue, shortest_seconds=rules.labels[label].minimum_seconds)
    return sounds


def _sounds(heard: Heard, at: int, *, rules: DetectionRules, duration: float) -> list[Sound]:
    chances = heard.chances(at, rules)
    return sounds_of(chances, rules=rules, frame_seconds=FRAME_SECONDS, duration_seconds=duration)


def _voiced(level: Block, chances: Chances, rules: DetectionRules) -> Block:
    """The level of the dialogue, but silence where nobody is heard in it: a separator leaves some music there too."""
    sure = any_voice(chances) >= rules.voice.threshold
    near = maximum_filter1d(sure, 2 * round(VOICED_SECONDS / FRAME_SECONDS) + 1) if len(sure) else sure
    return np.where(near, level, np.float32(SILENCE_DBFS))


def _label_of(chances: Chances, start: float, end: float) -> Label:
    """What the dialogue between two times is: the label that is likeliest on average."""
    inside = chances[int(start / FRAME_SECONDS) : int(np.ceil(end / FRAME_SECONDS))]
    return LABELS[int(inside.mean(axis=0).argmax())]


def _without_language(heard: Heard, at: int, *, rules: DetectionRules, duration: float) -> list[Sound]:
    """Sounds of group ``at`` of the DX stem that are no language, as far as nobody speaks or sings meanwhile."""
    chances = heard.chances(at, rules)
    language = [
        span
        for label in LANGUAGE
        for span in runs(
            chances[:, LABELS.index(label)],
            rules=rules.labels[label].spans,
            frame_seconds=FRAME_SECONDS,
            duration_seconds=duration,
        )
    ]
    return [
        Sound(one.label, start, end, one.score)
        for one in _sounds(heard, at, rules=rules, duration=duration)
        if one.label not in LANGUAGE
        for start, end in without([(one.start_seconds, one.end_seconds)], language)
        if end - start >= rules.labels[one.label].minimum_seconds
    ]


def _events(sounds: list[Sound], heard: Heard, at: int, group: Group, stem: Stem) -> list[Event]:
    spans = [(one.start_seconds, one.end_seconds) for one in sounds]
    levels = level_over_background(heard.level[:, at], spans, frame_seconds=FRAME_SECONDS)
    return [
        Event(*span, group.tags, one.label, round(min(one.score, 1.0), 4), round(over, 2), stem=stem)
        for one, span, over in zip(sounds, spans, levels, strict=True)
    ]
