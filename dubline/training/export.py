"""``python -m dubline.training.export``: the best weights of a training run as a model file, and its card's figures."""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from dubline.separation.network import Network
from dubline.separation.registry import ARCHITECTURES, sha256_of
from dubline.training.corpus import Corpus, Holdout, open_corpus, split
from dubline.training.evaluation.items import ITEMS, SECONDS, corpus_sets
from dubline.training.evaluation.report import Group, groups
from dubline.training.evaluation.scores import evaluate, model_system, oracle_systems
from dubline.training.material import sources_of
from dubline.training.recipe import DEFAULT_ARCHITECTURE

# The figures of `dubline.quality.separation` that a card has room for.
CLAIMED = (
    "si_sdr_improvement",
    "input_si_sdr",
    "si_sdr",
    "snr",
    "me_snr",
    "music_si_sdr",
    "leakage",
    "speech_left",
    "energy_change",
)
_ORACLE = "irm"


def main() -> None:
    """Write the weights in half precision, and print hash, training and figures as YAML for the model card."""
    parser = argparse.ArgumentParser(prog="python -m dubline.training.export", description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of the training run")
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--cache", type=Path, help="decoded recordings (default: RUN/cache)")
    parser.add_argument("--out", type=Path, required=True, help="the .safetensors file to write")
    parser.add_argument("--items", type=int, default=ITEMS)
    given = parser.parse_args()
    about = halve(given.run / "best.safetensors", given.out)
    # Runs from before other networks could be trained do not name theirs.
    network = ARCHITECTURES[about.get("architecture", DEFAULT_ARCHITECTURE)](about["config"]).eval()
    network.load_state_dict({name: tensor.float() for name, tensor in load_file(given.out).items()})
    corpus = open_corpus(given.corpus, given.cache or given.run / "cache")
    card = {
        "config": about["config"],
        "file": given.out.name,
        "sha256": sha256_of(given.out),
        "sources": sources_of(split(corpus, Holdout())[0].clips),
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


def figures(network: Network, corpus: Corpus, *, items: int = ITEMS, seconds: float = SECONDS) -> dict[str, Any]:
    """Everything a card claims: per set of `dubline evaluate --corpus`, median and 10 and 90 percentile.

    Of the ideal ratio mask the improvement is beside it.
    """
    sets = corpus_sets(corpus, items=items, seconds=seconds)
    systems = [model_system("model", network, {}), *(one for one in oracle_systems() if one.name == _ORACLE)]
    claims: dict[str, Any] = {}
    for group in groups(evaluate(sets, systems)):
        if group.by in ("set", "background"):
            claim = {"items": group.items, **_claim(group, "model", CLAIMED)}
            claim["ideal ratio mask"] = _claim(group, _ORACLE, CLAIMED[:1])
            claims[group.name] = {name: value for name, value in claim.items() if value}
    return claims


def _claim(group: Group, system: str, names: Sequence[str]) -> dict[str, dict[str, float]]:
    found = {name: group.figure(system, name) for name in names}
    return {
        name: {"p10": round(one.p10, 2), "p50": round(one.median, 2), "p90": round(one.p90, 2)}
        for name, one in found.items()
        if one is not None
    }


def _hours(log: Path, step: int) -> float:
    with log.open(newline="", encoding="utf-8") as lines:
        return round(max(float(row["hours_heard"]) for row in csv.DictReader(lines) if float(row["step"]) <= step), 2)


if __name__ == "__main__":
    main()
