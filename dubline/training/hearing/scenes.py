"""Scenes the event classifier learns from: a background, voices left in it, the dialogue stem, and what is true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from dubline.training.corpus import Samples
from dubline.training.hearing.material import Active, Material, Take, frame_levels
from dubline.training.mixtures.augment import Color, fade, random_room, recolor
from dubline.training.mixtures.levels import rms
from dubline.vocalization.events import LABELS, Label
from dubline.vocalization.silero import FRAME
from dubline.vocalization.silero import RATE as HEARD_RATE

Targets = npt.NDArray[np.float32]

FRAMES = 256
SAMPLES = FRAMES * FRAME  # 8.2 s

# A voice this far under the background of its moment is no event; a little above that nobody can say.
_ABSENT_DB, _PRESENT_DB = -26.0, -17.0
# Labels a listener confuses: that one is named where the other is meant counts less.
_ALIKE: Sequence[frozenset[Label]] = (
    frozenset({"shout", "exertion", "crying"}),
    frozenset({"laughter", "crying"}),
    frozenset({"breath", "exertion"}),
    frozenset({"speech", "singing"}),
    frozenset({"speech", "shout"}),
)
_LESS = 0.25
_VOICE_COLOR = Color(speed=(0.85, 1.2), low_pass_hz=(3_000.0, 7_900.0), line=0.06)
_BACKGROUND_COLOR = Color(speed=(0.6, 1.6), low_pass_hz=(2_500.0, 7_900.0), reverse=0.15)


@dataclass(frozen=True, slots=True)
class SceneRules:
    """How scenes are drawn; probabilities per scene, levels in dB over the background."""

    voices: tuple[int, int] = (0, 4)
    without_voice: float = 0.3
    level_db: tuple[float, float] = (-14.0, 12.0)
    without_stem: float = 0.35
    unrelated_dialogue: float = 0.6
    without_background: float = 0.1
    room: float = 0.45
    loudness_db: tuple[float, float] = (-50.0, -14.0)
    share: Mapping[Label, float] = field(
        default_factory=lambda: {
            "speech": 3.0, "singing": 1.2, "laughter": 1.4, "crying": 1.0, "shout": 1.2,
            "breath": 1.3, "cough": 1.0, "exertion": 1.3, "crowd": 0.9,
        }
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scene:
    """``me`` and ``stem`` (SAMPLES,) at 16 kHz; ``target`` and ``weight`` (FRAMES, labels), 0 where nobody can say."""

    me: Samples
    stem: Samples
    target: Targets
    weight: Targets


def draw(rng: np.random.Generator, material: Material, rules: SceneRules) -> Scene:
    """One scene."""
    background = _background(rng, material) if rng.random() >= rules.without_background else _hiss(rng)
    voices = [] if rng.random() < rules.without_voice else _voices(rng, material, rules)
    me, stem = background.copy(), np.zeros(SAMPLES, np.float32)
    target, weight = blank()
    level = smooth(frame_levels(background))
    for label, samples, active in voices:
        gain = _gain(rng, samples, active, background, rules)
        heard = samples * gain
        me += heard
        mark(target, weight, label, frame_levels(heard) - level, active)
        if rng.random() < 0.75:  # what the separator took out of the same sound
            stem += heard * np.float32(10.0 ** (rng.uniform(0.0, 30.0) / 20.0))
    if rng.random() < rules.unrelated_dialogue:
        stem += _elsewhere(rng, material, me)
    if rng.random() < rules.without_stem:
        stem[:] = 0.0
    scale = _loudness(rng, me, rules)
    return Scene(me * scale, stem * scale, target, weight)


def blank() -> tuple[Targets, Targets]:
    """Target and weight (FRAMES, labels) of a scene without a voice."""
    return np.zeros((FRAMES, len(LABELS)), np.float32), np.ones((FRAMES, len(LABELS)), np.float32)


def mark(target: Targets, weight: Targets, label: Label, over: npt.NDArray[np.float32], active: Active) -> None:
    """Note in ``target`` and ``weight`` (frames, labels) a voice ``over`` (frames,) dB over the background."""
    column = LABELS.index(label)
    heard = active & (over >= _PRESENT_DB)
    unclear = active & (over < _PRESENT_DB) & (over >= _ABSENT_DB)
    target[heard, column] = 1.0
    weight[unclear, column] = 0.0
    weight[heard, column] = 1.0
    for other in LABELS:
        at = LABELS.index(other)
        if other != label and any({label, other} <= alike for alike in _ALIKE):
            weight[heard & (target[:, at] == 0.0), at] *= _LESS
    if label == "crowd":  # words may be heard in it
        speech = LABELS.index("speech")
        weight[heard & (target[:, speech] == 0.0), speech] = 0.0


def _voices(rng: np.random.Generator, material: Material, rules: SceneRules) -> list[tuple[Label, Samples, Active]]:
    labels = [label for label in rules.share if material.voices.get(label)]
    share = np.asarray([rules.share[label] for label in labels])
    count = int(rng.integers(max(rules.voices[0], 1), rules.voices[1] + 1))
    chosen = rng.choice(len(labels), size=count, p=share / share.sum())
    return [(labels[at], *_placed(rng, _pick(rng, material.voices[labels[at]]), rules)) for at in chosen]


def _pick(rng: np.random.Generator, takes: Sequence[Take]) -> Take:
    """Performers first, then their takes: one person's forty recordings are one voice."""
    groups: dict[str, list[Take]] = {}
    for take in takes:
        groups.setdefault(take.group, []).append(take)
    names = list(groups)
    # The square root of what a group holds: made ones count for more than one voice, but not for all.
    share = np.sqrt([len(groups[name]) for name in names])
    of = groups[names[rng.choice(len(names), p=share / share.sum())]]
    return of[rng.integers(len(of))]


def _placed(rng: np.random.Generator, take: Take, rules: SceneRules) -> tuple[Samples, Active]:
    """An excerpt of ``take``, recolored, at a random place: samples (SAMPLES,) and its frames (FRAMES,)."""
    excerpt, active = _excerpt(rng, take, int(rng.uniform(0.4, 4.0) * HEARD_RATE))
    impulse = random_room(rng, HEARD_RATE) if rng.random() < rules.room else None
    colored = recolor(rng, fade(excerpt, rate=HEARD_RATE), _VOICE_COLOR, impulse, HEARD_RATE)
    # Speed stretches the frames too; the room's tail is left to the level rule.
    dry = len(colored) - (0 if impulse is None else len(impulse))
    stretched = active[np.minimum(np.arange(dry // FRAME) * len(active) // max(dry // FRAME, 1), len(active) - 1)]
    at = int(rng.integers(max(FRAMES - len(stretched), 0) + 1))
    samples, frames = np.zeros(SAMPLES, np.float32), np.zeros(FRAMES, np.bool_)
    part = colored[: SAMPLES - at * FRAME]
    samples[at * FRAME : at * FRAME + len(part)] = part
    frames[at : at + len(stretched)] = stretched[: FRAMES - at]
    return samples, frames


def _excerpt(rng: np.random.Generator, take: Take, wanted: int) -> tuple[Samples, Active]:
    """``wanted`` samples of ``take`` around a frame in which it sounds."""
    sounding = np.flatnonzero(take.active)
    middle = int(rng.choice(sounding)) * FRAME if len(sounding) else 0
    start = max(min(middle - int(rng.uniform(0.0, 0.7) * wanted), len(take.samples) - wanted), 0) // FRAME * FRAME
    samples = take.samples[start : start + max(wanted, 2 * FRAME)]
    active = take.active[start // FRAME : start // FRAME + len(samples) // FRAME]
    return samples, active if len(active) else np.ones(1, np.bool_)


def _gain(
    rng: np.random.Generator, samples: Samples, active: Active, background: Samples, rules: SceneRules
) -> np.float32:
    """What brings ``samples`` to a drawn level over what of ``background`` lies under them."""
    under = np.repeat(active, FRAME)
    if not under.any():
        return np.float32(0.0)
    voice = rms(samples[under])
    beneath = rms(background[under])
    level = rng.uniform(*rules.level_db)
    return np.float32(10.0 ** (level / 20.0) * max(beneath, 1e-4) / max(voice, 1e-9))


def _background(rng: np.random.Generator, material: Material) -> Samples:
    """One to three layers of music, effects and what is made."""
    kinds = [kind for kind in ("music", "effects", "made") if material.backgrounds.get(kind)]
    share = np.asarray([{"music": 0.4, "effects": 0.42, "made": 0.18}[kind] for kind in kinds])
    out = np.zeros(SAMPLES, np.float32)
    for number in range(int(rng.choice((1, 2, 3), p=(0.5, 0.35, 0.15)))):
        kind = kinds[rng.choice(len(kinds), p=share / share.sum())]
        layer = _layer(rng, material.backgrounds[kind])
        level = rms(layer)
        if level > 0.0:
            out += layer * np.float32(0.1 / level * 10.0 ** ((-rng.uniform(0.0, 15.0) if number else 0.0) / 20.0))
    return out if out.any() else _hiss(rng)


def _layer(rng: np.random.Generator, takes: Sequence[Take]) -> Samples:
    """A long recording, or several short ones with pauses, as long as a scene."""
    out = np.zeros(SAMPLES, np.float32)
    at = int(rng.uniform(0.0, 0.5) * SAMPLES) if rng.random() < 0.3 else 0
    for _ in range(12):
        take = _pick(rng, takes)
        wanted = SAMPLES - at + HEARD_RATE
        start = int(rng.integers(max(len(take.samples) - wanted, 0) + 1))
        piece = fade(np.ascontiguousarray(take.samples[start : start + wanted]), rate=HEARD_RATE)
        colored = recolor(rng, piece, _BACKGROUND_COLOR, None, HEARD_RATE)[: SAMPLES - at]
        out[at : at + len(colored)] += colored
        at += len(colored) + int(rng.exponential(0.6) * HEARD_RATE)
        if at >= SAMPLES - FRAME:
            break
    return out


def _hiss(rng: np.random.Generator) -> Samples:
    noise: Samples = (10.0 ** rng.uniform(-5.0, -3.0) * rng.standard_normal(SAMPLES)).astype(np.float32)
    return noise


def _elsewhere(rng: np.random.Generator, material: Material, me: Samples) -> Samples:
    """Dialogue that was taken out without a trace."""
    rules = SceneRules(room=0.3)
    level = 10.0 ** (rng.uniform(-8.0, 12.0) / 20.0) * max(rms(me), 1e-4)
    out = np.zeros(SAMPLES, np.float32)
    for _ in range(int(rng.integers(1, 4))):
        samples, _ = _placed(rng, _pick(rng, material.voices["speech"]), rules)
        out += samples * np.float32(level / max(rms(samples[samples != 0.0]), 1e-9))
    return out


def _loudness(rng: np.random.Generator, me: Samples, rules: SceneRules) -> np.float32:
    level = max(rms(me), 1e-7)
    peak = max(float(np.abs(me).max()), 1e-7)
    return np.float32(min(10.0 ** (rng.uniform(*rules.loudness_db) / 20.0) / level, 1.0 / peak))


def smooth(level: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """``level`` (frames,) in dB as the mean power of a third of a second."""
    power = np.convolve(np.pad(10.0 ** (level / 10.0), 5, mode="edge"), np.full(11, 1 / 11), "valid")
    smoothed: npt.NDArray[np.float32] = (10.0 * np.log10(power + 1e-12)).astype(np.float32)
    return smoothed
