"""``python -m dubline.training.hearing.evaluate``: recall and false events of detection on what it never heard."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from dubline.audio.layout import Layout
from dubline.audio.wav import WavWriter
from dubline.quality.detection import Item, score, table
from dubline.quality.detection_pictures import confusion_picture, roc_picture
from dubline.quality.roc import Curve, RocMeter
from dubline.separation import registry
from dubline.training.corpus import Samples, open_corpus
from dubline.training.hearing.calibrate import heard
from dubline.training.hearing.material import material_of, taught_and_unheard
from dubline.training.hearing.reels import Reel, separated_reels, voiced_reel, voiceless_reel
from dubline.vocalization.detect import detect
from dubline.vocalization.events import LABELS, Event
from dubline.vocalization.silero import FRAME
from dubline.vocalization.silero import RATE as HEARD_RATE

SEED = 2027
VOICED, VOICELESS, SEPARATED = 60, 60, 180


def main() -> None:
    """Print the tables and write them, ``figures.json`` and pictures to ``--out``."""
    parser = argparse.ArgumentParser(prog="python -m dubline.training.hearing.evaluate", description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True, help="where decoded recordings are kept")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--voiced", type=int, default=VOICED, help="minutes with voices")
    parser.add_argument("--voiceless", type=int, default=VOICELESS, help="minutes without")
    parser.add_argument("--separated", type=int, default=SEPARATED, help="mixtures of 8 s for the separator")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    _, unheard = taught_and_unheard(open_corpus(given.corpus, given.cache))
    material, rng = material_of(unheard), np.random.default_rng(SEED)
    sets: dict[str, Iterable[Reel]] = {
        "voices": (voiced_reel(rng, material, 11 * number) for number in range(given.voiced)),
        "no voices": (voiceless_reel(rng, material) for _ in range(given.voiceless)),
        "separated": separated_reels(unheard, registry.load(device="cpu").network, given.separated, seed=SEED),
    }
    figures, report = {}, []
    for name, reels in sets.items():
        kept = list(reels)
        scores = score(items_of(kept))
        figures[name] = scores.to_json()
        report.append(f"## {name}\n\n{table(scores)}")
        confusion_picture(given.out / f"confusion-{name.replace(' ', '-')}.png", scores)
        if name == "voices":
            roc_picture(given.out / "roc.png", curves_of(kept))
    (given.out / "figures.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    (given.out / "report.md").write_text("\n".join(report), encoding="utf-8")
    print("\n".join(report))


def items_of(reels: Iterable[Reel]) -> Iterator[Item]:
    """``reels`` and what `detect` finds in each, as in a file."""
    with tempfile.TemporaryDirectory() as folder:
        me, stem = Path(folder) / "me.wav", Path(folder) / "dx.wav"
        for reel in reels:
            _write(me, reel.me)
            if reel.stem is not None:
                _write(stem, reel.stem)
            found = detect(me, dialogue=None if reel.stem is None else stem)
            yield Item(reel.true, tuple(one for one in found if one.stem == "me"), len(reel.me) / HEARD_RATE)


def curves_of(reels: Iterable[Reel]) -> dict[str, Curve]:
    """Frame by frame, what a threshold on the classifier's score would find and make up, per label."""
    meter = RocMeter(len(LABELS))
    for reel in reels:
        scores = heard(reel).heard.scores[:, 0].astype(np.float32)
        meter.process(scores, np.stack([_frames(reel.true, label, len(scores)) for label in LABELS], axis=1))
    curves = {label: meter.curve(at) for at, label in enumerate(LABELS)}
    return {label: curve for label, curve in curves.items() if curve is not None}


def _frames(events: Iterable[Event], label: str, count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    held = np.zeros(count, np.bool_)
    for event in events:
        if event.label == label:
            held[int(event.start_seconds * HEARD_RATE / FRAME) : round(event.end_seconds * HEARD_RATE / FRAME)] = True
    return held


def _write(path: Path, samples: Samples) -> None:
    with WavWriter(path, rate=HEARD_RATE, layout=Layout.default(1)) as writer:
        writer.write(samples[:, None])


if __name__ == "__main__":
    main()
