"""What is exported is the run's best network in half precision, with every figure a card claims."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file

from dubline.separation.bandsplit import BandSplit, BandSplitConfig
from dubline.training.checkpoint import save_weights
from dubline.training.corpus import Corpus
from dubline.training.export import figures, halve
from dubline.training.material import sources_of


def test_half_precision_keeps_the_network_and_what_it_says_of_itself(tmp_path: Path) -> None:
    network = BandSplit(BandSplitConfig(bands=6, features=8, hidden=8, pairs=1, head=8)).eval()
    about = {"config": network.config.as_dict(), "seed": 1, "step": 7, "seconds": 9.0}
    save_weights(tmp_path / "best.safetensors", network, about)
    assert halve(tmp_path / "best.safetensors", tmp_path / "out" / "small.safetensors") == about
    stored = load_file(tmp_path / "out" / "small.safetensors")
    assert {tensor.dtype for tensor in stored.values()} == {torch.float16}
    again = BandSplit(BandSplitConfig(**about["config"])).eval()
    again.load_state_dict({name: tensor.float() for name, tensor in stored.items()})
    wave = 0.1 * torch.randn(1, 1, 9_000)
    assert (again(wave).dialogue - network(wave).dialogue).abs().max() < 1e-3


def test_figures_cover_what_a_card_claims(corpus: Corpus) -> None:
    network = BandSplit(BandSplitConfig(bands=6, features=8, hidden=8, pairs=1, head=8)).eval()
    table = figures(network, corpus, items=2, seconds=1.0)
    held = table["unseen languages"]
    assert held["ideal ratio mask"]["si_sdr_improvement"]["p50"] > held["si_sdr_improvement"]["p50"]
    assert table["no dialogue"]["energy_change"]["p50"] < 0
    assert set(table["training recordings"]["si_sdr_improvement"]) == {"p10", "p50", "p90"}


def test_sources_add_up_to_the_corpus(corpus: Corpus) -> None:
    (made_here,) = sources_of(corpus.clips)
    minutes = sum(clip.frames for clip in corpus.clips) / 48_000 / 60
    assert made_here["minutes"] == round(minutes, 1)
    assert made_here["licenses"] == ["CC0-1.0"]
    assert len(made_here["kinds"]) == 4
