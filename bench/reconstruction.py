"""Rebuilding what an event covered, beside what is usually done there, where the true background is known.

``python bench/reconstruction.py --corpus DIR [--share 0.06] [--count N] [--seed S]``: voices of the corpus over its
ambiences, its music and both, at -6 to +6 dB and known times; each contestant is given the same gaps of 0.15 to 2.5 s:

* mute: the event goes down to silence;
* attenuation: the mixture at -25 dB, so that the voice is down by as much as removal is to reach;
* white noise: at the level of what is around the event, in every channel;
* room tone: the steadiest two seconds around the event looped without a seam, at the level beside it;
* dubline: `dubline.repair.rebuild`, which like the others knows nothing of what is inside the gap.

All change over from the mixture and back within 10 ms, as an editor would; dubline makes its own seams. The figures
are those of `dubline.quality.background`, means over the gaps. Recordings are the held-out ones of ``split`` at
``--share``; with ``--tune`` the others, on which the methods' constants were chosen.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from dubline.audio.wav import Block
from dubline.quality.background import coherence_error, level_error, log_spectral_distance, seam_discontinuity
from dubline.repair.rebuild import Gap, rebuild
from dubline.training.corpus import Clip, Corpus, Holdout, read_manifest, split

RATE = 48_000
CONTEXT = 8 * RATE
FADE = RATE // 100
LOOP = 2 * RATE
ATTENUATION_DB = -25.0
COLUMNS = ("log-spectral distance", "level error", "coherence error", "seam")
AMBIENCE = re.compile(
    r"ambience|rain|sea_waves|fire|wind|stream|fountain|forest|birdsloop|helicopter|chainsaw|furnace|lava|"
    r"warehouse|sheepfield|electrical|vinyl"
)


@dataclass(frozen=True, slots=True)
class Scene:
    """A background and the same with a voice over it, both (n, 2); the gap is ``length`` frames from ``start``."""

    kind: str
    name: str
    truth: Block
    mixture: Block
    start: int
    length: int

    @property
    def gap(self) -> Gap:
        """What a contestant knows."""
        end = self.start + self.length
        return Gap(
            self.truth[max(self.start - CONTEXT, 0) : self.start], self.truth[end : end + CONTEXT], self.length, RATE
        )

    @property
    def inside(self) -> slice:
        """Where the gap is."""
        return slice(self.start, self.start + self.length)


Contestant = Callable[[Scene], Block]


def mute(scene: Scene) -> Block:
    """Silence, faded into."""
    return _turned(scene, np.zeros((scene.length, 2), np.float32))


def attenuation(scene: Scene) -> Block:
    """What is heard, at 25 dB less: as much of the voice stays as may stay of what dubline removes."""
    return _turned(scene, scene.mixture[scene.inside] * np.float32(10.0 ** (ATTENUATION_DB / 20.0)))


def white_noise(scene: Scene) -> Block:
    """Noise of the surroundings' level."""
    noise = np.random.default_rng(scene.start).standard_normal((scene.length, 2)).astype(np.float32)
    around = np.concatenate([scene.gap.before, scene.gap.after])
    return _turned(scene, noise * np.sqrt(np.square(around).mean(axis=0)))


def room_tone(scene: Scene) -> Block:
    """The steadiest two seconds around, looped."""
    passages = [part for part in (scene.gap.before, scene.gap.after) if len(part)]
    pieces = [
        part[first : first + LOOP] for part in passages for first in range(0, max(len(part) - LOOP, 0) + 1, RATE // 4)
    ]
    steady = min((piece for piece in pieces if len(piece) == max(map(len, pieces))), key=_unsteadiness)
    fade = min(RATE // 4, len(steady) // 4)
    loop = steady[: len(steady) - fade].copy()
    turn = ((np.arange(fade) + 0.5) * (np.pi / 2 / fade)).astype(np.float32)[:, None]
    loop[:fade] = loop[:fade] * np.sin(turn) + steady[len(steady) - fade :] * np.cos(turn)
    tone = np.take(loop, np.arange(scene.length), axis=0, mode="wrap")
    return _turned(scene, tone * (_level(scene) / max(_rms(loop), 1e-9)))


def dubline(scene: Scene) -> Block:
    """Ours."""
    return rebuild(scene.gap).samples


CONTESTANTS: dict[str, Contestant] = {
    "mute": mute,
    "attenuation": attenuation,
    "white noise": white_noise,
    "room tone": room_tone,
    "dubline": dubline,
}


def _turned(scene: Scene, fill: Block) -> Block:
    """``fill`` with the mixture faded out of at its beginning and into at its end, at equal power."""
    at = np.arange(scene.length) + 0.5
    share = np.clip(np.minimum(at, scene.length - at) / FADE, 0.0, 1.0)[:, None].astype(np.float32) * (np.pi / 2)
    turned: Block = fill * np.sin(share) + scene.mixture[scene.inside] * np.cos(share)
    return turned


def _level(scene: Scene) -> float:
    """Root mean square of the half seconds beside the gap."""
    return _rms(np.concatenate([scene.gap.before[-RATE // 2 :], scene.gap.after[: RATE // 2]]))


def _rms(samples: Block) -> float:
    return float(np.sqrt(np.square(samples, dtype=np.float64).mean()))


def _unsteadiness(part: Block) -> float:
    hop = RATE // 20
    levels = np.square(part[: len(part) // hop * hop]).reshape(-1, hop * part.shape[1]).mean(axis=1)
    return float(levels.max() / max(np.median(levels), 1e-20))


def figures(scene: Scene, fill: Block) -> tuple[float, ...]:
    """One figure per column."""
    whole = scene.truth.copy()
    whole[scene.inside] = fill
    ours, true = whole[scene.inside], scene.truth[scene.inside]
    return (
        log_spectral_distance(ours, true, RATE),
        level_error(ours, true),
        coherence_error(ours, true, RATE),
        seam_discontinuity(whole, scene.truth, (scene.start, scene.start + scene.length), RATE),
    )


def scenes(folder: Path, *, share: float, tune: bool, count: int, seed: int) -> Iterator[Scene]:
    """``count`` gaps of each kind of background, the recordings taken in turn."""
    clips = tuple(
        Clip(
            row["kind"],
            row["path"],
            row["source_repo"],
            row["license"],
            row["language"],
            row["speaker"],
            row["label"],
            0,
            0,
        )
        for row in read_manifest(folder)
        if float(row["seconds"]) >= (4.5 if row["kind"] in ("music", "effects") else 0.0)
    )
    kept, held = split(Corpus(clips, np.zeros(0, np.int16)), Holdout(share=share))
    part = kept if tune else held
    drawn = np.random.default_rng(seed)
    ambiences = _in_turn([clip for clip in part.of("effects") if AMBIENCE.search(clip.path.lower())])
    voices, music = [*part.of("vocalizations"), *part.of("speech")], part.of("music")
    beds: dict[str, Callable[[int], tuple[str, Block]]] = {
        "ambience": lambda at: _ambience(folder, ambiences, at),
        "music": lambda at: _recording(folder, music[at % len(music)]),
        "mixed": lambda at: _mixed(folder, ambiences, music, at, drawn),
    }
    for kind, bed in beds.items():
        for at in range(count):
            name, truth = bed(at)
            yield _covered(kind, name, truth, _recording(folder, voices[drawn.integers(len(voices))])[1], drawn)


def _in_turn(clips: list[Clip]) -> list[Clip]:
    """One of every label after the other, so that labels with many recordings do not make the figure."""
    heard: Counter[str] = Counter()
    turns = []
    for clip in clips:
        turns.append((heard[clip.label], clip.label, clip.path))
        heard[clip.label] += 1
    return [clip for _, clip in sorted(zip(turns, clips, strict=True), key=lambda pair: pair[0])]


def _covered(kind: str, name: str, truth: Block, voice: Block, drawn: np.random.Generator) -> Scene:
    longest = min(2.5, len(truth) / RATE / 4)
    length = round(RATE * 0.15 * (longest / 0.15) ** drawn.random())
    start = int(drawn.integers(len(truth) // 5, len(truth) - len(truth) // 5 - length))
    spoken = np.take(voice.mean(axis=1), np.arange(length), mode="wrap")
    gain = _rms(truth[start : start + length]) / max(_rms(spoken), 1e-6) * 10.0 ** (drawn.uniform(-6.0, 6.0) / 20.0)
    mixture = truth.copy()
    mixture[start : start + length] += np.float32(gain) * spoken[:, None]
    return Scene(kind, name, truth, mixture, start, length)


def _recording(folder: Path, clip: Clip) -> tuple[str, Block]:
    """At -26 dBFS; a mono recording in both channels."""
    samples, rate = soundfile.read(folder / clip.path, dtype="float32", always_2d=True)
    if rate != RATE:
        samples = soxr.resample(samples, rate, RATE)
    stereo = np.repeat(samples, 2, axis=1) if samples.shape[1] == 1 else samples[:, :2]
    return Path(clip.path).stem, stereo * np.float32(0.05 / max(_rms(stereo), 1e-9))


def _ambience(folder: Path, clips: list[Clip], at: int) -> tuple[str, Block]:
    """A stereo recording as it is; two mono ones of a label beside each other, each in both channels."""
    clip = clips[at % len(clips)]
    name, samples = _recording(folder, clip)
    if np.any(samples[:, 0] != samples[:, 1]):
        return name, samples
    alike = [other for other in clips if other.label == clip.label and other is not clip]
    partner = _recording(folder, alike[at % len(alike)])[1] if alike else samples[::-1]
    second = np.take(partner, np.arange(len(samples)), axis=0, mode="wrap")
    return name, (samples * [0.9, 0.45] + second * [0.45, 0.9]).astype(np.float32)


def _mixed(
    folder: Path, ambiences: list[Clip], music: list[Clip], at: int, drawn: np.random.Generator
) -> tuple[str, Block]:
    (one, bed), (other, score) = _ambience(folder, ambiences, at), _recording(folder, music[at % len(music)])
    length = min(len(bed), len(score))
    first = int(drawn.integers(len(score) - length + 1))
    gain = np.float32(10.0 ** (drawn.uniform(-6.0, 6.0) / 20.0))
    return f"{one} + {other}", bed[:length] + gain * score[first : first + length]


def main() -> None:
    """Print the table, or one line of JSON per gap."""
    arguments = argparse.ArgumentParser(
        description="Rebuilding what an event covered, beside what is usually done there"
    )
    arguments.add_argument("--corpus", type=Path, required=True)
    arguments.add_argument("--share", type=float, default=Holdout().share)
    arguments.add_argument("--count", type=int, default=60)
    arguments.add_argument("--seed", type=int, default=5)
    arguments.add_argument("--tune", action="store_true")
    arguments.add_argument("--json", action="store_true")
    asked = arguments.parse_args()
    found: dict[str, dict[str, list[tuple[float, ...]]]] = defaultdict(lambda: defaultdict(list))
    for scene in scenes(asked.corpus, share=asked.share, tune=asked.tune, count=asked.count, seed=asked.seed):
        for name, contestant in CONTESTANTS.items():
            begun = time.perf_counter()
            row = (*figures(scene, contestant(scene)), time.perf_counter() - begun)
            found[scene.kind][name].append(row)
            if asked.json:
                method = rebuild(scene.gap).method if name == "dubline" else ""
                print(json.dumps([scene.kind, scene.name, scene.length / RATE, name, method, *row]))
    for kind, rows in found.items():
        print(f"\n{kind}, {len(rows['mute'])} gaps")
        for name, values in rows.items():
            means = np.nanmean(values, axis=0)
            print(
                f"{name:>12}",
                *(f"{title} {value:7.3f}" for title, value in zip(COLUMNS, means, strict=False)),
                sep="  ",
            )


if __name__ == "__main__":
    main()
