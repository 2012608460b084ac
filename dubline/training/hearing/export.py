"""``python -m dubline.training.hearing.export``: a run's averaged weights as the file that ships, and its card."""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import yaml
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from dubline.training.corpus import open_corpus
from dubline.training.hearing.material import taught_and_unheard
from dubline.training.licenses import usable_part
from dubline.training.material import sources_of

_HEAD = "# What the event classifier is, from what it was made and what it reaches; see docs/detection.md.\n"

_COMMAND = "python -m dubline.training.hearing.train --corpus CORPUS --more GATHERED --cache CACHE --out RUN"


def main() -> None:
    """Write the weights in half precision and the card; figures are those of ``--figures``, a JSON file."""
    parser = argparse.ArgumentParser(prog="python -m dubline.training.hearing.export", description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--more", type=Path, action="append", default=[], help="as in training")
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="dubline/vocalization")
    parser.add_argument("--version", required=True)
    parser.add_argument("--figures", type=Path)
    parser.add_argument("--note", default="", help="what else is to be known of the training")
    given = parser.parse_args()
    weights = given.out / "weights" / "events-small.safetensors"
    about = halve(given.run / "average.safetensors", weights)
    kept, _ = taught_and_unheard(open_corpus(given.corpus, given.cache))
    more = [clip for folder in given.more for clip in usable_part(open_corpus(folder, given.cache)).clips]
    figures = json.loads(given.figures.read_text(encoding="utf-8")) if given.figures else {}
    body = card_of(about, weights, sources_of([*kept.clips, *more]), given.version, figures, given.note)
    card = given.out / "cards" / "events-small.yaml"
    text = yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=120)
    card.write_text(_HEAD + text, encoding="utf-8")


def halve(weights: Path, out: Path) -> dict[str, Any]:
    """Store ``weights`` as ``out``, matrices in half precision, and return what the file says about itself."""
    with safe_open(str(weights), framework="pt") as file:
        about: dict[str, Any] = json.loads(file.metadata()["about"])
    halved = {name: t.half() if t.dim() > 1 else t for name, t in load_file(weights).items()}
    save_file({name: tensor.contiguous() for name, tensor in halved.items()}, str(out))
    out.chmod(0o644)
    return about


def card_of(
    about: dict[str, Any],
    weights: Path,
    sources: list[dict[str, Any]],
    version: str,
    figures: dict[str, Any],
    note: str,
) -> dict[str, Any]:
    """The card's content."""
    return {
        "id": "events-small",
        "version": version,
        "summary": "Convolutional event classifier, 1.0 million parameters, 16 kHz: nine kinds of vocalization.",
        "file": weights.name,
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "config": about["config"],
        "licenses": {"code": "Apache-2.0", "weights": "CC-BY-SA-4.0"},
        "sources": sources,
        "training": {
            "command": _COMMAND,
            "steps": about["step"],
            "minutes": about["minutes"],
            "note": note,
        },
        "figures": figures,
        "weaknesses": [
            "Laughter, singing, shouts, exertions and crowds were taught by a few performers and by made sounds.",
            "Hears nothing above 8 kHz.",
        ],
    }


if __name__ == "__main__":
    main()
