"""``python -m dubline.training``: train a separation network on a corpus folder."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from dubline.separation.bandsplit import BandSplitConfig
from dubline.training.corpus import Holdout, open_corpus, split
from dubline.training.trainer import Trainer, TrainSettings

log = logging.getLogger("dubline.training")


def main() -> None:
    """Parse the command line, train, and log one line per validation and every hundredth step."""
    defaults = TrainSettings()
    parser = argparse.ArgumentParser(prog="python -m dubline.training", description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder with a manifest.csv")
    parser.add_argument("--out", type=Path, required=True, help="checkpoints and logs; resumes from what is there")
    parser.add_argument("--cache", type=Path, help="decoded recordings (default: OUT/cache)")
    parser.add_argument("--minutes", type=float, default=defaults.minutes)
    parser.add_argument("--seed", type=int, default=defaults.seed)
    parser.add_argument("--threads", type=int, default=defaults.threads)
    parser.add_argument("--workers", type=int, default=defaults.workers)
    parser.add_argument("--batch", type=int, default=defaults.batch)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    corpus = open_corpus(given.corpus, given.cache or given.out / "cache")
    train, validation = split(corpus, Holdout())
    settings = TrainSettings(
        minutes=given.minutes, seed=given.seed, threads=given.threads, workers=given.workers, batch=given.batch
    )
    trainer = Trainer(given.out, train=train, validation=validation, settings=settings, config=BandSplitConfig())
    trainer.run(_report)


def _report(row: dict[str, float]) -> None:
    if "si_sdr_improvement p50" in row or row["step"] % 100 == 1:
        log.info("%s", " ".join(f"{name}={value:g}" for name, value in row.items()))


if __name__ == "__main__":
    main()
