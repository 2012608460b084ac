"""Transfer learning on one data set: a model as it is, the same fine-tuned, and its architecture from scratch.

``python bench/transfer.py --corpus DIR --out RUNS [--base MODEL] [--minutes 30]``

The comparison of Strauss et al., "A Hands-on Comparison of DNNs for Dialog Separation Using Transfer Learning from
Music Source Separation" (2021): they fine-tuned networks trained on another task with little material of their own,
and found Conv-TasNet 1.3 dB better than the same network from scratch. Both trainings have the same budget, seed and
material. They are kept in RUNS and go on where they were when the command is given again.

The table gives the improvement of the dialogue's SI-SDR as that paper does, mean and standard deviation over items,
and its median, on recordings that neither training has heard. Whether the base has is for its card to say.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from safetensors.torch import load_file

from dubline.process import bound_memory
from dubline.separation import registry
from dubline.separation.network import Network
from dubline.training.checkpoint import read_about
from dubline.training.corpus import open_corpus
from dubline.training.evaluation.items import corpus_sets
from dubline.training.evaluation.scores import System, evaluate, mix_system, model_system, oracle_systems
from dubline.training.licenses import usable_part
from dubline.training.material import from_corpus
from dubline.training.recipe import Recipe
from dubline.training.settings import TrainSettings, read_config, settings_of
from dubline.training.trainer import BEST, Trainer
from tasks.context import resolve_device
from tasks.settings import Settings

FIGURE = "si_sdr_improvement"


def main() -> None:
    """Train twice, evaluate, print the table."""
    bound_memory()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, help="recordings with a manifest.csv")
    parser.add_argument("--out", type=Path, required=True, help="folder of both runs")
    parser.add_argument("--base", default="default", help="the model to start from; see `dubline models`")
    parser.add_argument("--minutes", type=float, default=30.0, help="budget of each training")
    parser.add_argument("--config", type=Path, help="settings of both trainings, as for `dubline train`")
    parser.add_argument("--cache", type=Path, help="where decoded recordings are kept (default: OUT/cache)")
    parser.add_argument(
        "--items", type=int, default=100, help="mixtures in unseen languages; half as many in seen ones"
    )
    parser.add_argument("--device", default="auto")
    given = parser.parse_args()
    base = registry.load(given.base, Settings.load().models_root, device="cpu")
    tuning, changed = Recipe(base.card.architecture, base=base), read_config(given.config)[1] if given.config else {}
    settings = settings_of(
        {**changed, "minutes": given.minutes, "device": resolve_device(given.device)}, str(given.config)
    )
    cache = given.cache or given.out / "cache"
    networks = {
        "base as it is": base.network,
        "fine-tuned": trained(given.out / "fine-tuned", given.corpus, cache, settings, tuning),
        "from scratch": trained(
            given.out / "from-scratch",
            given.corpus,
            cache,
            settings,
            replace(tuning, base=None, config=base.card.config),
        ),
    }
    show(networks, given.corpus, cache, given.items)


def trained(out: Path, corpus: Path, cache: Path, settings: TrainSettings, recipe: Recipe) -> Network:
    """The best network of the run in ``out``, on the CPU."""
    trainer = Trainer(out, material=from_corpus(corpus, cache, settings), settings=settings, recipe=recipe)
    trainer.run()
    about = read_about(out / BEST)
    network = registry.ARCHITECTURES[about["architecture"]](about["config"])
    network.load_state_dict(load_file(out / BEST))
    return network.eval().requires_grad_(False)


def show(networks: dict[str, Network], corpus: Path, cache: Path, items: int) -> None:
    """Evaluate on what was held out, and print a row for each network and the ideal ratio mask."""
    sets = [one for one in corpus_sets(usable_part(open_corpus(corpus, cache)), items=items) if one.ordinary]
    systems: list[System] = [mix_system(), *(model_system(name, network, {}) for name, network in networks.items())]
    systems += [one for one in oracle_systems() if one.name == "irm"]
    rows = evaluate(sets, systems).to_pylist()
    print(f"| SI-SDRi of the dialogue, dB ({sum(map(len, sets))} items) | mean | std | median | M&E SNR, median |")
    print("|---|---|---|---|---|")
    for system in systems:
        own = [row for row in rows if row["system"] == system.name and row[FIGURE] is not None]
        values, me = np.array([row[FIGURE] for row in own]), [row["me_snr"] for row in own]
        figures = (values.mean(), values.std(), np.median(values), np.median(me))
        print(f"| {system.name} | {' | '.join(f'{figure:.1f}' for figure in figures)} |")


if __name__ == "__main__":
    main()
