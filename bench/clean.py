"""What is left of a voice after cleaning, where the voice and the background under it are known.

``python bench/clean.py --corpus DIR --cache DIR [--count N] [--seed S] [--model M]``: N times (24) a recording that
the event classifier was not trained on, over ambience, music or both, at -12 to +6 dB over it, as

* known: the events are given, at the times at which the voices are;
* found: the events are those that detection finds in the same M&E;
* separated: the M&E and the DX stem that the separator makes of the same with the voices 12 dB louder; the voice in
  that M&E is what of the dialogue is missing in the DX stem, as far as it is a multiple of the dialogue.

Of each, policy `clean`: how many events were found; in how many of those detection hears nothing afterwards; the
energy of the voice left in the events, in dB under what it was: median and upper decile, by *shadow filtering*: what
was done to the M&E is done to the voice alone. ``alike`` is what of the whole voice is left, seen from outside: the
part of the result that is a multiple of it, in bands of a third of an octave and stretches of a quarter of a second,
less what there is of that by chance. ``covered`` is how much of those voices' time the events cover, ``kept`` the
mean share of the background that was not rebuilt, ``false`` counts events where no voice is. ``speed`` is the
processor's seconds for detect and clean over the length of the sound, had it 60 events an hour; a busy machine makes
it larger.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from scipy.ndimage import uniform_filter
from scipy.signal import istft, stft

from dubline.audio.layout import Layout
from dubline.audio.wav import Block, WavReader, WavWriter
from dubline.process import bound_memory
from dubline.repair.candidate import staying
from dubline.repair.choose_removal import Cleaned
from dubline.repair.clean import clean
from dubline.repair.scene import Scene
from dubline.separation import registry
from dubline.separation.files import separate_file
from dubline.separation.network import Network
from dubline.training.corpus import RATE, Clip, Corpus, open_corpus
from dubline.training.hearing.material import label_of, taught_and_unheard
from dubline.vocalization import policies
from dubline.vocalization.detect import detect
from dubline.vocalization.events import Event, Label

STEREO = Layout.parse("stereo")
CHANNELS = ("FL", "FR")
SCENE = 14 * RATE
START = 6 * RATE
LONGEST = 4 * RATE
LEVELS_DB = (-12.0, -6.0, 0.0, 6.0)
KINDS = ("ambience", "music", "mixed")
BACKGROUND_RMS = 0.05
_WINDOW = 2048
# What the separator leaves of voices this much louder is about as loud as the voices of the other sets.
LOUDER_DB = 12.0


@dataclass(frozen=True, slots=True)
class Film:
    """Scene after scene: ``background`` and ``voice`` (frames, 2), whose sum is the M&E; ``true`` is what is where."""

    background: Block
    voice: Block
    true: tuple[Event, ...]
    kinds: tuple[str, ...]


def film(corpus: Corpus, *, count: int, seed: int) -> Film:
    """``count`` scenes of 14 s with a voice in each, kinds, levels and labels in turn."""
    rng = np.random.default_rng(seed)
    _, held = taught_and_unheard(corpus)
    voices = _by_label(held)
    labels = sorted(voices)
    steady = [c for c in held.of("effects") if c.frames >= 4 * RATE and _is_steady(held.samples(c))]
    layers = {"music": [c for c in held.of("music") if c.frames >= SCENE], "ambience": steady}
    background, voice, true, kinds = [], [], [], []
    for number in range(count):
        kind, level = KINDS[number % 3], LEVELS_DB[number // 3 % 4]
        label = "speech" if number % 2 else labels[number // 2 % len(labels)]
        bed = _bed(held, [layers[one] for one in layers if kind in (one, "mixed")], rng)
        said = _said(held, voices[label], rng)
        under = bed[START : START + len(said)]
        said = said * np.float32(10.0 ** (level / 20.0) * _rms(under) / _rms(said))
        alone = np.zeros_like(bed)
        alone[START : START + len(said)] = said[:, None]
        first = number * SCENE + START
        true.append(Event(first / RATE, (first + len(said)) / RATE, CHANNELS, label, 1.0, level))
        background.append(bed)
        voice.append(alone)
        kinds.append(kind)
    return Film(np.concatenate(background), np.concatenate(voice), tuple(true), tuple(kinds))


def _by_label(corpus: Corpus) -> dict[Label, list[Clip]]:
    found: dict[Label, list[Clip]] = {}
    for clip in corpus.clips:
        if clip.kind in ("speech", "vocalizations") and (label := label_of(clip)) is not None:
            found.setdefault(label, []).append(clip)
    return found


def _said(corpus: Corpus, clips: Sequence[Clip], rng: np.random.Generator) -> Block:
    """The sounding part of one of ``clips``, (n,), at most four seconds."""
    samples = corpus.samples(clips[int(rng.integers(len(clips)))])
    hop = RATE // 50
    level = np.square(samples[: len(samples) // hop * hop]).reshape(-1, hop).mean(axis=1)
    loud = np.flatnonzero(level > level.max() * 10.0**-3.5)
    part = samples[loud[0] * hop : (loud[-1] + 1) * hop][:LONGEST].copy()
    fade = min(RATE // 200, len(part) // 2)
    part[:fade] *= np.linspace(0, 1, fade, dtype=np.float32)
    part[len(part) - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
    return part


def _bed(corpus: Corpus, kinds: Sequence[Sequence[Clip]], rng: np.random.Generator) -> Block:
    """A background of one scene, (n, 2), of one recording of each of ``kinds``: channels are alike, not the same."""
    layers = [_looped(corpus, clips, rng) for clips in kinds]
    mono = np.sum([layer / _rms(layer) for layer in layers], axis=0, dtype=np.float32)
    late = np.concatenate([np.zeros(RATE // 77, np.float32), mono])[: len(mono)]
    stereo = np.stack([mono, 0.6 * mono + 0.5 * late], axis=1)
    return (stereo * (BACKGROUND_RMS / _rms(stereo))).astype(np.float32)


def _looped(corpus: Corpus, clips: Sequence[Clip], rng: np.random.Generator) -> Block:
    samples = corpus.samples(clips[int(rng.integers(len(clips)))])
    if len(samples) >= SCENE:
        start = int(rng.integers(len(samples) - SCENE + 1))
        return samples[start : start + SCENE]
    fade = len(samples) // 4
    turn = ((np.arange(fade) + 0.5) * (np.pi / 2 / fade)).astype(np.float32)
    loop = samples[: len(samples) - fade].copy()
    loop[:fade] = loop[:fade] * np.sin(turn) + samples[len(samples) - fade :] * np.cos(turn)
    return np.take(loop, np.arange(SCENE) + int(rng.integers(len(loop))), mode="wrap")


def _is_steady(samples: Block) -> bool:
    hop = RATE // 10
    level = np.square(samples[: len(samples) // hop * hop]).reshape(-1, hop).mean(axis=1)
    return float(np.median(level)) > 0.05 * float(level.mean())


class Shadow:
    """Does to the voice alone what was done to the M&E, scene by scene."""

    def __init__(self, voice: Block) -> None:
        self._voice = voice
        self.left = voice.copy()
        self.kept: list[float] = []
        self.methods: Counter[str] = Counter()

    def __call__(self, scene: Scene, cleaned: Cleaned) -> None:
        """Called with every scene."""
        inside = np.s_[scene.start : scene.end, list(scene.columns)]
        self.left[inside] = staying(scene, cleaned.chosen.candidate, self._voice[inside])
        self.kept.append(cleaned.chosen.candidate.kept)
        self.methods[f"{cleaned.chosen.candidate.method}, {cleaned.rebuilt}"] += 1


@dataclass(frozen=True, slots=True)
class Figures:
    """One row of the table."""

    events: int
    found: int
    silent: int
    covered: float
    residual_db: tuple[float, ...]
    alike_db: tuple[float, ...]
    kept: float
    speed: float
    methods: Counter[str]
    false: int

    def row(self, name: str) -> str:
        """In columns."""
        silent = f"{self.silent}/{self.found}"
        middle, upper = np.median(self.residual_db), np.quantile(self.residual_db, 0.9)
        return (
            f"{name:12}{self.found:>5}/{self.events:<4}{self.false:>6}{silent:>9}{self.covered:9.2f}{middle:10.1f}"
            f"{upper:8.1f}{np.median(self.alike_db):8.1f}{self.kept:7.2f}{self.speed:8.3f}  "
            + ", ".join(f"{count} {method}" for method, count in self.methods.most_common())
        )


HEAD = (
    f"{'set':12}{'found':>10}{'false':>6}{'silent':>9}{'covered':>9}{'residual':>10}{'90 %':>8}{'alike':>8}{'kept':>7}"
    f"{'speed':>8}  methods"
)


def measured(
    made: Film, me: Path, stem: Path | None, voice: Block, *, given: Sequence[Event] | None, network: Network, out: Path
) -> Figures:
    """Clean the M&E at ``me`` of the events ``given``, of what detection finds where there are none."""
    seconds = len(made.voice) / RATE
    began = time.process_time()
    detected = detect(me, dialogue=stem)
    listening = (time.process_time() - began) / seconds
    found = list(given) if given is not None else detected
    shadow = Shadow(voice)
    began = time.process_time()
    report = clean(
        me,
        events=found,
        dialogue=stem,
        policy=policies.get("clean"),
        network=network,
        out_dir=out,
        told=shadow,
    )
    # Cleaning listens to the whole once, or twice where more came to light; the rest is for the events.
    events = max(len(found), 1)
    each = max(time.process_time() - began - listening * seconds, 0.0) / events
    speed = 2 * listening + each * 60 / 3600
    with WavReader(out / "me.wav") as reader:
        filled = reader.read()
    hit = [event for event in made.true if any(_meet(event, one) for one in found if one.stem == "me")]
    left, alike = [], []
    for event in hit:
        inside = slice(round(event.start_seconds * RATE), round(event.end_seconds * RATE))
        gone = _within(event, report.events)[:, None]
        said, stays = (one[inside] * gone for one in (voice, shadow.left))
        left.append(_db(_energy(stays) / max(_energy(said), 1e-12)))
        alike.append(_alike(filled[inside] - made.background[inside], voice[inside]))
    silent = sum(not any(_meet(event, one) for one in report.remaining) for event in hit)
    false = sum(not any(_meet(event, one) for event in made.true) for one in found if one.stem == "me")
    covered = [float(_within(event, report.events).mean()) for event in hit]
    kept = float(np.mean(shadow.kept)) if shadow.kept else 0.0
    return Figures(
        len(made.true),
        len(hit),
        silent,
        float(np.mean(covered)) if covered else 0.0,
        tuple(left),
        tuple(alike),
        kept,
        speed,
        shadow.methods,
        false,
    )


def _within(event: Event, found: Sequence[Event]) -> np.ndarray:
    """Which samples of ``event`` lie in events of the M&E that were ``found``, (n,)."""
    at = np.arange(round(event.start_seconds * RATE), round(event.end_seconds * RATE)) / RATE
    inside = [(at >= one.start_seconds) & (at < one.end_seconds) for one in found if one.stem == "me"]
    return np.any(inside, axis=0)


def _meet(one: Event, other: Event) -> bool:
    return one.start_seconds < other.end_seconds and other.start_seconds < one.end_seconds


def _alike(error: Block, voice: Block) -> float:
    """Energy of what in ``error`` (n, 2) is a multiple of ``voice`` (n, 2), over that of the voice, dB.

    What it has in common with the same voice half a second later is chance, and does not count.
    """
    one, other = (_spectrum(samples.mean(axis=1)) for samples in (error, voice))
    late = np.roll(other, RATE // 2 // (_WINDOW // 4), axis=0)
    found = _common(one, other) - _common(one, late)
    return _db(max(found, 0.0) / float(np.square(np.abs(other)).sum()))


def _remaining(voice: Block, left: Block) -> Block:
    """The part of ``left`` (n, 2) that is a multiple of ``voice``, in each neighborhood of time and frequency."""
    out = np.zeros_like(voice)
    for channel in range(voice.shape[1]):
        _, _, whole = stft(voice[:, channel], nperseg=_WINDOW, noverlap=_WINDOW * 3 // 4)
        _, _, rest = stft(left[:, channel], nperseg=_WINDOW, noverlap=_WINDOW * 3 // 4)
        common = uniform_filter((rest * whole.conj()).real, (7, 5))
        share = np.clip(common / (uniform_filter(np.square(np.abs(whole)), (7, 5)) + 1e-15), 0.0, 1.0)
        _, samples = istft(whole * share, nperseg=_WINDOW, noverlap=_WINDOW * 3 // 4)
        out[:, channel] = samples[: len(out)]
    return out


def _common(one: np.ndarray, other: np.ndarray) -> float:
    """Energy of the multiples of ``other`` in ``one``, tile by tile of the spectrum."""
    edges = np.unique(np.round(np.geomspace(4, _WINDOW // 2, 25)).astype(int))
    span = RATE // 4 // (_WINDOW // 4)
    energy = 0.0
    for first in range(0, len(one), span):
        for low, high in pairwise(edges):
            a, b = one[first : first + span, low:high], other[first : first + span, low:high]
            power = float(np.square(np.abs(b)).sum())
            energy += float(np.abs(np.vdot(b, a))) ** 2 / power if power > 0.0 else 0.0
    return energy


def _spectrum(samples: Block) -> np.ndarray:
    padded = np.pad(samples, (_WINDOW, _WINDOW))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[:: _WINDOW // 4]
    return np.fft.rfft(frames * np.hanning(_WINDOW), axis=1)


def _rms(samples: Block) -> float:
    return float(np.sqrt(np.square(samples, dtype=np.float64).mean()))


def _energy(samples: Block) -> float:
    return float(np.square(samples, dtype=np.float64).sum())


def _db(ratio: float) -> float:
    return float(10.0 * np.log10(max(ratio, 1e-12)))


def sets(made: Film, network: registry.Model, folder: Path) -> Iterator[tuple[str, Figures]]:
    """Name and figures of each set."""
    me = _written(made.background + made.voice, folder / "me.wav")
    for name, given in (("known", made.true), ("found", None)):
        yield (
            name,
            measured(made, me, None, made.voice, given=given, network=network.network, out=folder / name),
        )
    louder = made.voice * np.float32(10.0 ** (LOUDER_DB / 20.0))
    mix = _written(made.background + louder, folder / "mix.wav")
    stems = separate_file(mix, folder / "stems", model=network).stems
    with WavReader(stems["dx"]) as reader:
        remaining = _remaining(louder, louder - reader.read())
    yield (
        "separated",
        measured(
            made, stems["me"], stems["dx"], remaining, given=None, network=network.network, out=folder / "separated"
        ),
    )


def _written(samples: Block, path: Path) -> Path:
    with WavWriter(path, rate=RATE, layout=STEREO) as writer:
        writer.write(samples)
    return path


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True, help="where decoded recordings are kept")
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--model", default="default")
    given = parser.parse_args()
    torch.set_num_threads(2)
    bound_memory()
    made = film(open_corpus(given.corpus, given.cache), count=given.count, seed=given.seed)
    network = registry.load(given.model, device="cpu")
    print(f"{given.count} events in {len(made.voice) / RATE:.0f} s of stereo, seed {given.seed}\n{HEAD}", flush=True)
    with tempfile.TemporaryDirectory(prefix="dubline-bench-") as folder:
        for name, figures in sets(made, network, Path(folder)):
            print(figures.row(name), flush=True)


if __name__ == "__main__":
    main()
