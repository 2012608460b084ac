"""Systems whose figures are known beforehand, on mixtures of a tiny corpus."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
import torch
from torch import Tensor

from dubline.errors import Cancelled
from dubline.separation.network import Estimate, Network
from dubline.training.corpus import Corpus
from dubline.training.evaluation.items import ItemSet, corpus_sets
from dubline.training.evaluation.scores import (
    evaluate,
    mix_system,
    model_system,
    oracle_systems,
    percentiles,
    score,
    summary,
    validation_set,
)
from dubline.training.mixtures.mixer import MixtureRules

RULES = MixtureRules(seconds=1.0)


class Half(Network):
    """Half of everything is dialogue."""

    def __init__(self) -> None:
        super().__init__(rate=48_000, channels=1, hop=480)

    def forward(self, waveform: Tensor) -> Estimate:
        return Estimate(0.5 * waveform, 0.25 * waveform)


@pytest.fixture(scope="module")
def sets(corpus: Corpus) -> list[ItemSet]:
    return corpus_sets(corpus, items=4, seconds=1.0, seed=3)


@pytest.fixture(scope="module")
def table(sets: list[ItemSet]) -> pa.Table:
    return evaluate(sets, [mix_system(), model_system("half", Half(), {}), *oracle_systems()])


def column(table: pa.Table, name: str, **wanted: object) -> list[float]:
    rows = [row for row in table.to_pylist() if all(row[key] == value for key, value in wanted.items())]
    assert rows
    return [row[name] for row in rows if row[name] is not None]


def test_the_mix_as_dialogue_improves_nothing_and_keeps_its_level(corpus: Corpus) -> None:
    stems = validation_set(corpus, RULES, items=6)

    def lazy(mix: Tensor) -> Estimate:
        return Estimate(mix, torch.zeros_like(mix))

    scores = score(lazy, stems, batch=4)
    assert [s.figures["si_sdr_improvement"] for s in scores] == pytest.approx([0.0] * 6, abs=1e-3)
    assert summary(scores)["si_sdr_improvement"] == {"p10": 0.0, "p50": 0.0, "p90": 0.0}


def test_the_truth_as_estimate_leaves_no_voice(corpus: Corpus) -> None:
    stems = validation_set(corpus, RULES, items=2)
    given = iter(stems.split(1))

    def clairvoyant(_: Tensor) -> Estimate:
        return Estimate(*next(given)[:, :2].split(1, dim=1))

    for one in score(clairvoyant, stems, batch=1):
        assert one.figures["si_sdr"] > 100
        assert one.figures["leakage"] < -100


def test_the_validation_set_is_the_same_every_time(corpus: Corpus) -> None:
    one, other = (validation_set(corpus, RULES, items=3) for _ in range(2))
    assert torch.equal(one, other)
    assert one[:, 0].abs().amax(1).min() > 0
    longer = validation_set(corpus, replace(RULES, seconds=0.5), items=1)
    assert longer.shape == (1, 3, 24_000)


def test_percentiles_leave_out_what_is_not_a_number() -> None:
    assert percentiles([1.0, 2.0, 3.0, float("nan"), float("inf")]) == {"p10": 1.2, "p50": 2.0, "p90": 2.8}
    assert percentiles([]) == {}


def test_a_row_for_every_item_and_system(sets: list[ItemSet], table: pa.Table) -> None:
    assert len(table) == sum(map(len, sets)) * 5
    names = table["system"].to_pylist()[:5]
    assert names == ["mix", "half", "irm", "irm-wiener", "psm"]


def test_half_of_the_mix_is_as_good_a_dialogue_as_the_mix_and_6_db_less_of_a_background(table: pa.Table) -> None:
    assert column(table, "si_sdr_improvement", system="half") == pytest.approx(
        column(table, "si_sdr_improvement", system="mix"), abs=1e-3
    )
    silent = column(table, "energy_change", system="half", set="no dialogue")
    assert silent == pytest.approx([20 * np.log10(0.5)] * len(silent), abs=1e-3)
    assert max(column(table, "null_dbfs", system="half")) < -130


def test_oracles_stand_in_their_order_over_what_knows_nothing(table: pa.Table) -> None:
    medians = [float(np.median(column(table, "si_sdr_improvement", system=name, ordinary=True))) for name in _ORDER]
    assert medians == sorted(medians)
    assert medians[1] > 3.0


_ORDER = ("half", "irm", "irm-wiener", "psm")


def test_what_was_asked_to_stop_stops(sets: list[ItemSet]) -> None:
    told: list[tuple[int, int]] = []
    with pytest.raises(Cancelled):
        evaluate(sets, [mix_system()], progress=lambda *at: told.append(at), cancelled=lambda: len(told) == 2)
    assert told == [(1, sum(map(len, sets))), (2, sum(map(len, sets)))]
