"""``python -m dubline.training.export``: the best weights of a training run as a model file, and its card's figures."""

from __future__ import annotations

import argparse
import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from dubline.separation.bandsplit import BandSplit, BandSplitConfig
from dubline.separation.registry import sha256_of
from dubline.training.corpus import Corpus, Holdout, open_corpus, split
from dubline.training.evaluate import (
    VALIDATION_SEED,
    energy_change,
    ideal_ratio,
    percentiles,
    score,
    score_estimate,
    summary,
    validation_set,
)
from dubline.training.mixtures import Mixer, MixtureRules
from dubline.training.stream import stack

# Training validates on the seed itself: figures come from mixtures that have not chosen the weights.
FIGURES_SEED = VALIDATION_SEED + 1
RULES = MixtureRules(seconds=6.0)
# Dialogue over background, in dB without pauses, at which the median input is at 0 dB SI-SDR.
LEVEL = 4.0


def main() -> None:
    """Write the weights in half precision, and print hash, training and figures as YAML for the model card."""
    parser = argparse.ArgumentParser(prog="python -m dubline.training.export", description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of the training run")
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--cache", type=Path, help="decoded recordings (default: RUN/cache)")
    parser.add_argument("--out", type=Path, required=True, help="the .safetensors file to write")
    parser.add_argument("--items", type=int, default=120)
    given = parser.parse_args()
    about = halve(given.run / "best.safetensors", given.out)
    network = BandSplit(BandSplitConfig(**about["config"])).eval()
    network.load_state_dict({name: tensor.float() for name, tensor in load_file(given.out).items()})
    corpus = open_corpus(given.corpus, given.cache or given.run / "cache")
    card = {
        "config": about["config"],
        "file": given.out.name,
        "sha256": sha256_of(given.out),
        "sources": sources(split(corpus, Holdout())[0]),
        "training": {
            "seed": about["seed"],
            "steps": about["step"],
            "minutes": round(about["seconds"] / 60, 1),
            "hours_heard": _hours(given.run / "train.csv", about["step"]),
        },
        "figures": figures(network, corpus, items=given.items),
    }
    print(yaml.safe_dump(card, sort_keys=False, allow_unicode=True))


def halve(weights: Path, out: Path) -> dict[str, Any]:
    """Store ``weights`` in half precision as ``out`` and return what the file says about itself."""
    with safe_open(str(weights), framework="pt") as file:
        about: dict[str, Any] = json.loads(file.metadata()["about"])
    out.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.half() for name, tensor in load_file(weights).items()}, str(out))
    return about


@torch.no_grad()
def figures(network: BandSplit, corpus: Corpus, *, items: int, rules: MixtureRules = RULES) -> dict[str, Any]:
    """Everything a card claims, in dB, on the held-out part of ``corpus``; keys say what was heard."""
    train, held = split(corpus, Holdout())
    stems = validation_set(held, rules, items=items, seed=FIGURES_SEED, level=LEVEL)
    oracle = [s for part in torch.split(stems, 8) for s in score_estimate(ideal_ratio(network, part), part)]
    seen = validation_set(train, rules, items=items // 2, seed=FIGURES_SEED, level=LEVEL)
    calls = replace(rules, vocalization=1.0)
    voices = validation_set(held, calls, items=items // 2, seed=FIGURES_SEED, level=LEVEL)
    silent = Mixer(held, replace(rules, without_dialogue=1.0, synthetic=0.0), seed=FIGURES_SEED)
    return {
        "held out": {"items": items, **summary(score(network, stems))},
        "held out, ideal ratio mask": {"si_sdr_improvement": percentiles(s.improvement for s in oracle)},
        "training recordings": {"si_sdr_improvement": percentiles(s.improvement for s in score(network, seen))},
        "held out vocalizations": {"leakage": percentiles(s.leakage for s in score(network, voices))},
        "held out, no dialogue": {"energy_change": percentiles(energy_change(network, stack(silent, 0, items // 2)))},
    }


def sources(train: Corpus) -> list[dict[str, Any]]:
    """Where the training recordings come from: minutes and licences of every source, as a card lists them."""
    table: dict[str, dict[str, Any]] = {}
    for clip in train.clips:
        row = table.setdefault(clip.source, {"name": clip.source, "minutes": 0.0, "kinds": set(), "licenses": set()})
        row["minutes"] += clip.frames / 48_000 / 60
        row["kinds"].add(clip.kind)
        row["licenses"].add(clip.license)
    return [
        {
            "name": row["name"],
            "minutes": round(row["minutes"], 1),
            "kinds": sorted(row["kinds"]),
            "licenses": sorted(row["licenses"]),
        }
        for row in sorted(table.values(), key=lambda row: str(row["name"]))
    ]


def _hours(log: Path, step: int) -> float:
    with log.open(newline="", encoding="utf-8") as lines:
        return round(max(float(row["hours_heard"]) for row in csv.DictReader(lines) if float(row["step"]) <= step), 2)


if __name__ == "__main__":
    main()
