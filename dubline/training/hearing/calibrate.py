"""``python -m dubline.training.hearing.calibrate``: the midpoints and thresholds that detection rules should have.

Every label's midpoint is the score that it alone reaches so often in an hour without voices; of all pairs of such a
rate and a threshold for a voice of any kind, the one that finds most is taken, among those that make up few events.
silero-vad's word on speech has a midpoint like the labels'.
"""

from __future__ import annotations

import argparse
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from dubline.quality.detection import DetectionScores, Item, score
from dubline.training.corpus import open_corpus
from dubline.training.hearing.material import material_of, taught_and_unheard
from dubline.training.hearing.reels import Reel, voiced_reel, voiceless_reel
from dubline.vocalization.chances import Chances, Scores, any_voice
from dubline.vocalization.ear import FRAME_SECONDS
from dubline.vocalization.events import LABELS, Event
from dubline.vocalization.hysteresis import SpanRules, runs
from dubline.vocalization.listen import Heard, Listener
from dubline.vocalization.rules import DetectionRules, standard
from dubline.vocalization.silero import RATE
from dubline.vocalization.sounds import sounds_of

# Not the reels that detection is measured on.
SEED = 411
# Rates at which a label alone may reach its midpoint, per hour, and thresholds for all together.
RATES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
# Stands among the labels for silero-vad's word on speech.
SILERO = "silero"
THRESHOLDS = 1.0 / (1.0 + np.exp(-np.arange(0.0, 8.0, 0.1)))
# An event lasts until the chance falls to this share of what begins one: lower, it would run on into the background.
_RELEASE = 0.35
# So sure a label must be to be named beside a likelier one.
_BESIDE = 0.98
_ROUNDS = 2
_LOUD_DB = -6.0
# Midpoints are tried in steps of a tenth in the logarithm of their odds; the last ones silence a label that is sure of
# what is no voice.
_MIDPOINTS = 1.0 / (1.0 + np.exp(-np.arange(-3.0, 12.1, 0.1)))


@dataclass(frozen=True, slots=True)
class Listened:
    """A reel as heard, what is true, and its length."""

    heard: Heard
    true: tuple[Event, ...]
    seconds: float


def main() -> None:
    """Print the rules as YAML, with what they reach."""
    parser = argparse.ArgumentParser(prog="python -m dubline.training.hearing.calibrate", description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True, help="where decoded recordings are kept")
    parser.add_argument("--voiced", type=int, default=40, help="minutes with voices")
    parser.add_argument("--voiceless", type=int, default=60, help="minutes without")
    parser.add_argument("--false-per-hour", type=float, default=4.0, help="events that may be made up in an hour")
    given = parser.parse_args()
    _, unheard = taught_and_unheard(open_corpus(given.corpus, given.cache))
    material, rng = material_of(unheard), np.random.default_rng(SEED)
    voiced = [heard(voiced_reel(rng, material, 11 * number)) for number in range(given.voiced)]
    voiceless = [heard(voiceless_reel(rng, material)) for _ in range(given.voiceless)]
    rules = calibrated(standard(), voiced, voiceless, most_false=given.false_per_hour)
    print(yaml.safe_dump(rules.body(), sort_keys=False))
    recall, false = _recall(measured(voiced, rules)), _false_per_hour(measured(voiceless, rules))
    print(f"# recall {recall:.3f} of events at {_LOUD_DB:.0f} dB and louder, {false:.1f} false events an hour")


def heard(reel: Reel) -> Listened:
    """What the classifier makes of ``reel``."""
    listener = Listener(1)
    listener.process(reel.me[:, None], None if reel.stem is None else reel.stem[:, None])
    return Listened(listener.heard(), reel.true, len(reel.me) / RATE)


def calibrated(
    rules: DetectionRules, voiced: Sequence[Listened], voiceless: Sequence[Listened], *, most_false: float
) -> DetectionRules:
    """``rules`` with the midpoints and threshold that find most and make up at most ``most_false`` events an hour.

    First all labels are given the same rate, then one after the other may have more or less of it than the others.
    """
    at_rate = {name: [midpoint(voiceless, name, rate) for rate in RATES] for name in (*LABELS, SILERO)}
    best = max(
        ({name: each[number] for name, each in at_rate.items()} for number in range(len(RATES))),
        key=lambda midpoints: _found(rules, midpoints, voiced, voiceless, most_false)[0],
    )
    for name in (*LABELS, SILERO) * _ROUNDS:
        others = [best | {name: tried} for tried in (best[name], *at_rate[name])]
        best = max(others, key=lambda midpoints: _found(rules, midpoints, voiced, voiceless, most_false)[0])
    # Labels cut a sound in two now and then: the last word on the threshold has what detection really does.
    rising = [_with(rules, best, float(at)) for at in THRESHOLDS]
    at = bisect_left(rising, True, key=lambda tried: _false_per_hour(measured(voiceless, tried)) <= most_false)
    return rising[min(at, len(rising) - 1)]


def _found(
    rules: DetectionRules,
    midpoints: dict[str, float],
    voiced: Sequence[Listened],
    voiceless: Sequence[Listened],
    most_false: float,
) -> tuple[float, DetectionRules]:
    """Recall with these midpoints and the lowest threshold that makes up few enough events, and the rules."""
    rising = [_with(rules, midpoints, float(at)) for at in THRESHOLDS]
    chances = [_pooled(one, rising[0]) for one in voiceless]

    def few(tried: DetectionRules) -> bool:
        hours = sum(one.seconds for one in voiceless) / 3600.0
        spans = (_spans(*pair, tried) for pair in zip(voiceless, chances, strict=True))
        return sum(map(len, spans)) <= most_false * hours

    tried = rising[min(bisect_left(rising, True, key=few), len(rising) - 1)]
    heard = [Item(one.true, _voices(_spans(one, _pooled(one, tried), tried)), one.seconds) for one in voiced]
    return _recall(score(heard)), tried


def _pooled(one: Listened, rules: DetectionRules) -> Chances:
    return any_voice(one.heard.chances(0, rules))


def _spans(one: Listened, chances: Chances, rules: DetectionRules) -> list[tuple[float, float]]:
    """Where a voice of any kind is: what labels do to it matters little here, and takes most of the time."""
    usual = SpanRules(rules.voice.threshold, rules.voice.release, 0.15, 0.3, 0.1)
    return runs(chances, rules=usual, frame_seconds=FRAME_SECONDS, duration_seconds=one.seconds)


def _voices(spans: list[tuple[float, float]]) -> tuple[Event, ...]:
    return tuple(Event(start, end, ("FC",), "speech", 1.0, 0.0) for start, end in spans)


def midpoint(voiceless: Iterable[Listened], name: str, per_hour: float) -> float:
    """The least score that a label, or `SILERO`, reaches at most ``per_hour`` times an hour where no voice is."""
    columns = [(_column(one.heard, name), one.seconds) for one in voiceless]
    hours = sum(seconds for _, seconds in columns) / 3600.0
    for level in _MIDPOINTS:
        rule = SpanRules(float(level), 0.5 * float(level), 0.1, 0.3, 0.0)
        count = sum(
            len(runs(column, rules=rule, frame_seconds=FRAME_SECONDS, duration_seconds=seconds))
            for column, seconds in columns
        )
        if count <= per_hour * hours:
            return round(float(level), 6)
    return round(float(_MIDPOINTS[-1]), 6)


def _column(heard: Heard, name: str) -> Scores:
    if name == SILERO:
        return heard.speech[:, 0]
    at = [str(label) for label in LABELS].index(name)
    return heard.scores[:, 0][:, at]


def measured(reels: Iterable[Listened], rules: DetectionRules) -> DetectionScores:
    """What ``rules`` make of ``reels``."""
    return score(Item(one.true, _events(one, rules), one.seconds) for one in reels)


def _events(one: Listened, rules: DetectionRules) -> tuple[Event, ...]:
    chances = one.heard.chances(0, rules)
    sounds = sounds_of(chances, rules=rules, frame_seconds=FRAME_SECONDS, duration_seconds=one.seconds)
    return tuple(Event(s.start_seconds, s.end_seconds, ("FC",), s.label, min(s.score, 1.0), 0.0) for s in sounds)


def _with(rules: DetectionRules, midpoints: dict[str, float], threshold: float) -> DetectionRules:
    labels = {label: rules.labels[label].model_copy(update={"midpoint": midpoints[label]}) for label in LABELS}
    at = round(threshold, 5)
    voice = {"threshold": at, "release": round(_RELEASE * at, 3), "beside": max(_BESIDE, at)}
    update = {
        "labels": labels,
        "voice": rules.voice.model_copy(update=voice),
        "silero": rules.silero.model_copy(update={"midpoint": midpoints[SILERO]}),
    }
    return rules.model_copy(update=update)


def _recall(scores: DetectionScores) -> float:
    """The mean over labels of the share of loud events that were found."""
    each = [scores.recall(label, lowest_db=_LOUD_DB) for label in LABELS]
    return float(np.mean([one.found / one.events for one in each if one.events]))


def _false_per_hour(scores: DetectionScores) -> float:
    return scores.false_per_hour or 0.0


if __name__ == "__main__":
    main()
