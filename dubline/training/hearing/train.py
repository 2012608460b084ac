"""``python -m dubline.training.hearing.train``: teach the event classifier."""

from __future__ import annotations

import argparse
import csv
import json
import logging
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.utils.data import DataLoader

from dubline.quality.roc import RocMeter
from dubline.separation import registry
from dubline.training.corpus import Corpus, open_corpus
from dubline.training.hearing.made import EACH, with_made
from dubline.training.hearing.material import Material, material_of, taught_and_unheard, together
from dubline.training.hearing.scenes import Scene, SceneRules, draw
from dubline.training.hearing.separated import separated_scenes
from dubline.training.hearing.stream import Batch, SceneStream, batch_of
from dubline.training.licenses import usable_part
from dubline.vocalization.events import LABELS
from dubline.vocalization.network import EventNet

log = logging.getLogger(__name__)

# Small, so that a processor makes many steps: a run of this length is short of steps, not of sound.
BATCH = 6
LEARNING_RATE = 2e-3
_WARM_UP = 100
_AVERAGE = 0.997
_SAVE_SECONDS = 60.0
_VALIDATE_SECONDS = 240.0
_VALIDATION_SCENES = 66
SEPARATED = 360
_POSITIVE = 2.0


def main() -> None:
    """Train until ``--minutes`` of work are done; the same command goes on with a run that was cut off."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    parser = argparse.ArgumentParser(prog="python -m dubline.training.hearing.train", description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    said = "a corpus that is taught as a whole; may be given more than once"
    parser.add_argument("--more", type=Path, action="append", default=[], help=said)
    parser.add_argument("--cache", type=Path, required=True, help="where decoded recordings are kept")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    corpus = open_corpus(given.corpus, given.cache)
    kept, held = taught_and_unheard(corpus)
    more = together(material_of(usable_part(open_corpus(folder, given.cache))) for folder in given.more)
    train(kept, held, given.out, minutes=given.minutes, seed=given.seed, more=more)


def train(
    kept: Corpus,
    held: Corpus,
    out: Path,
    *,
    minutes: float,
    seed: int,
    separated: int = SEPARATED,
    each: int = EACH,
    more: Material | None = None,
) -> None:
    """Teach on ``kept`` and ``more``, watch on ``held``.

    ``out`` gets ``average.safetensors``, ``log.csv`` and, to go on, ``last.pt``. ``separated`` scenes are made by the
    separator that ships, ``each`` takes made of every label in need.
    """
    scenes = _separated(kept, out / "separated.npz", separated, seed)
    network = EventNet()
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=0.01)
    average = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    step, spent = _resume(out / "last.pt", network, optimizer, average)
    material = with_made(together([material_of(kept), *([more] if more else [])]), kept, seed=seed, each=each)
    stream = SceneStream(material, scenes, size=BATCH, seed=seed, first=step)
    watched = _watched(held, seed)
    saved = validated = time.monotonic()
    for batch in DataLoader(stream, batch_size=None, num_workers=1, prefetch_factor=4):
        began = time.monotonic()
        share = spent / (60.0 * minutes)
        if share >= 1.0:
            break
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * min(
                (step + 1) / _WARM_UP, 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * share))
            )
        network.train()
        loss = loss_of(network, batch)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimizer.step()
        step += 1
        keep = min(_AVERAGE, step / (step + 10))
        with torch.no_grad():
            for name, tensor in network.state_dict().items():
                if tensor.is_floating_point():
                    average[name].lerp_(tensor, 1.0 - keep)
                else:
                    average[name].copy_(tensor)
        spent += time.monotonic() - began
        if time.monotonic() - saved > _SAVE_SECONDS:
            _save(out, network, optimizer, average, step, spent)
            saved = time.monotonic()
        if time.monotonic() - validated > _VALIDATE_SECONDS:
            _validate(out, network, average, watched, step, spent, loss.item())
            validated = time.monotonic()
    _save(out, network, optimizer, average, step, spent)
    _validate(out, network, average, watched, step, spent, math.nan)


def loss_of(network: EventNet, batch: Batch) -> Tensor:
    """Binary cross-entropy per frame and label, where one can say; what is there counts for more than what is not."""
    logits = network(batch.me, batch.stem, batch.known)
    each = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, batch.target, batch.weight, pos_weight=torch.tensor(_POSITIVE), reduction="sum"
    )
    return each / batch.weight.sum()


def _separated(kept: Corpus, cache: Path, count: int, seed: int) -> list[Scene]:
    """Scenes that the shipped separator made; they are dear, so a run makes them once."""
    if not cache.is_file():
        log.info("separate %d scenes", count)
        network = registry.load(device="cpu").network
        made = list(separated_scenes(kept, network, count, seed=seed))
        stacked = {name: np.stack([getattr(scene, name) for scene in made]) for name in Scene.__slots__}
        temporary = cache.with_suffix(".part.npz")
        halved: dict[str, Any] = {name: stack.astype(np.float16) for name, stack in stacked.items()}
        np.savez(temporary, **halved)
        temporary.replace(cache)
    with np.load(cache) as stored:
        stacks = [stored[name].astype(np.float32) for name in Scene.__slots__]
    return [Scene(*parts) for parts in zip(*stacks, strict=True)]


def _watched(held: Corpus, seed: int) -> list[Batch]:
    """Scenes of held-out recordings, the same all through the run."""
    material, rng = material_of(held), np.random.default_rng((seed, 1))
    scenes = [draw(rng, material, SceneRules(without_voice=0.2)) for _ in range(_VALIDATION_SCENES)]
    return [batch_of(scenes[at : at + BATCH]) for at in range(0, len(scenes), BATCH)]


def _validate(
    out: Path, network: EventNet, average: dict[str, Tensor], watched: list[Batch], step: int, spent: float, loss: float
) -> None:
    """Append to ``log.csv``: how surely a frame with a label scores higher than one without, per label."""
    judge = EventNet(network.config).eval()
    judge.load_state_dict(average)
    meter, lost = RocMeter(len(LABELS)), 0.0
    with torch.inference_mode():
        for batch in watched:
            sure = (batch.weight > 0).all(-1)
            scores = torch.sigmoid(judge(batch.me, batch.stem, batch.known))
            meter.process(scores[sure].numpy(), (batch.target[sure] > 0).numpy())
            lost += loss_of(judge, batch).item() / len(watched)
    row = {"step": step, "minutes": round(spent / 60, 1), "loss": round(loss, 5), "held_out": round(lost, 5)}
    for at, label in enumerate(LABELS):
        curve = meter.curve(at)
        row[label] = round(curve.area, 4) if curve else math.nan
    log.info("%s", row)
    path = out / "log.csv"
    new = not path.is_file()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(row))
        if new:
            writer.writeheader()
        writer.writerow(row)


def _save(
    out: Path, network: EventNet, optimizer: torch.optim.Optimizer, average: dict[str, Tensor], step: int, spent: float
) -> None:
    state = {"network": network.state_dict(), "optimizer": optimizer.state_dict(), "average": average}
    torch.save(state | {"step": step, "spent": spent}, out / "last.part")
    (out / "last.part").replace(out / "last.pt")
    about = network.about() | {"step": step, "minutes": round(spent / 60, 1)}
    save_weights(out / "average.safetensors", average, about)


def save_weights(path: Path, weights: dict[str, Tensor], about: dict[str, Any]) -> None:
    """A checkpoint that says what it is."""
    part = path.with_suffix(".part")
    save_file(weights, part, {"about": json.dumps(about)})
    part.replace(path)


def _resume(
    path: Path, network: EventNet, optimizer: torch.optim.Optimizer, average: dict[str, Tensor]
) -> tuple[int, float]:
    if not path.is_file():
        return 0, 0.0
    state = torch.load(path, weights_only=True)
    network.load_state_dict(state["network"])
    optimizer.load_state_dict(state["optimizer"])
    average.update(state["average"])
    return state["step"], state["spent"]


if __name__ == "__main__":
    main()
