"""How well networks separate what they have never heard: quickly while one trains, and in full beside the oracles."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from dubline.audio.layout import Layout
from dubline.quality.oracles import ORACLES, Mask, masked
from dubline.quality.ratios import Floats
from dubline.quality.separation import FIGURES, Truth, measure, measure_quickly, true_stems
from dubline.separation.channels import Block
from dubline.separation.engine import Stems, separate
from dubline.separation.network import Estimate, Network
from dubline.training.corpus import RATE, Corpus
from dubline.training.evaluation.items import Item, ItemSet, background, stop_if
from dubline.training.mixtures.mixer import Mixer, MixtureRules
from dubline.training.mixtures.stream import stack
from dubline.vocalization.watch import Cancel, Progress, never, nothing

VALIDATION_SEED = 2026
# The system that takes nothing out: what every other one has to improve on.
MIX = "mix"
# What the trainer's log holds of a validation, and how the figures are called there.
_LOGGED = ("si_sdr_improvement", "input_si_sdr", "si_sdr", "snr", "me_snr", "leakage")


class Separator(Protocol):
    """A network in training: waveforms ``(batch, 1, samples)`` to estimates."""

    def __call__(self, waveform: Tensor, /) -> Estimate: ...


@dataclass(frozen=True, slots=True)
class ItemScore:
    """The quick figures of one validation mixture, and what its background is made of."""

    kind: str
    figures: dict[str, float]


def validation_set(
    corpus: Corpus, rules: MixtureRules, *, items: int, seed: int = VALIDATION_SEED, level: float = 0.0
) -> Tensor:
    """Mixtures ``(items, 3, frames)`` of recordings alone, with dialogue and background in each.

    ``level`` is the mean of dialogue over background in dB; pauses do not count, so the input SNR lies lower.
    """
    always = replace(
        rules, without_dialogue=0.0, without_background=0.0, dialogue_over_background=(level, 5.0), synthetic=0.0
    )
    return stack(Mixer(corpus, always, seed=seed), 0, items)


@torch.no_grad()
def score(network: Separator, stems: Tensor, *, batch: int = 8) -> list[ItemScore]:
    """Quick figures of every item of ``stems`` ``(items, 3, frames)`` at `RATE`, separated in one piece each."""
    scores = []
    for part in torch.split(stems, batch):
        estimate = network(part.sum(1, keepdim=True))
        estimates = torch.cat([estimate.dialogue, estimate.music], dim=1)
        for true, found in zip(part.cpu().numpy(), estimates.cpu().numpy(), strict=True):
            truth = Truth(true_stems(*(_column(stem) for stem in true)), RATE, Layout.default(1))
            scores.append(
                ItemScore(background(truth.stems), measure_quickly(truth, _stems(truth.mix, *map(_column, found))))
            )
    return scores


def summary(scores: Sequence[ItemScore]) -> dict[str, dict[str, float]]:
    """Percentiles of the logged figures over all items, and of the improvement by kind of background."""
    table = {name: percentiles(s.figures[name] for s in scores) for name in _LOGGED}
    both = [s for s in scores if s.kind == "music and effects"]
    table["music_si_sdr"] = percentiles(s.figures["music_si_sdr"] for s in both)
    for kind in sorted({s.kind for s in scores}):
        alike = (s.figures["si_sdr_improvement"] for s in scores if s.kind == kind)
        table[f"si_sdr_improvement, {kind}"] = percentiles(alike)
    return table


def percentiles(values: Iterable[float], at: Sequence[int] = (10, 50, 90)) -> dict[str, float]:
    """Percentiles as ``{"p10": …, "p50": …}``, rounded to 0.01 dB; empty for no values."""
    array = np.asarray([v for v in values if np.isfinite(v)])
    if not len(array):
        return {}
    return {f"p{p}": round(float(np.percentile(array, p)), 2) for p in at}


@dataclass(frozen=True, slots=True)
class System:
    """Something that separates items, and what reports say of it."""

    name: str
    separate: Callable[[Item], Stems]
    about: dict[str, Any]
    oracle: bool = False


def model_system(name: str, network: Network, about: dict[str, Any]) -> System:
    """A network as `dubline separate` applies it: through the engine, at the item's rate and layout."""

    def run(item: Item) -> Stems:
        source = _Sound(item.truth.mix, item.truth.rate, item.truth.layout)
        return Stems(*map(np.concatenate, zip(*separate(source, network=network), strict=True)))

    return System(name, run, about)


def mix_system() -> System:
    """The mix itself as an estimate of every stem."""
    return System(MIX, lambda item: Stems(*[item.truth.mix] * 4), {"summary": "the mix as an estimate of every stem"})


def oracle_systems() -> list[System]:
    """The ideal masks of `dubline.quality.oracles`, on dialogue and, out of the mix as well, on music."""
    return [_oracle(name, mask) for name, mask in ORACLES.items()]


def _oracle(name: str, mask: Mask) -> System:
    def run(item: Item) -> Stems:
        dx, mx, fx, me = item.truth.stems
        voice, music = masked(dx, me, mask, item.truth.rate), masked(mx, dx + fx, mask, item.truth.rate)
        return _stems(item.truth.mix, voice, music)

    return System(name, run, {"summary": (mask.__doc__ or "").splitlines()[0]}, oracle=True)


def evaluate(
    sets: Sequence[ItemSet],
    systems: Sequence[System],
    *,
    progress: Progress = nothing,
    cancelled: Cancel = never,
) -> pa.Table:
    """A row for every item and system: the item's traits and all of `FIGURES`, null where one says nothing.

    ``progress`` counts items. The order is that of ``sets`` and ``systems``. Raises `Cancelled` between two items.
    """
    rows, total, done = [], sum(map(len, sets)), 0
    for group in sets:
        for item in group:
            for system in systems:
                stop_if(cancelled)
                rows.append(_row(group, item, system))
            done += 1
            progress(done, total)
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


_TRAITS = ("background", "language", "label")
_SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("set", "item", "system", *_TRAITS, "layout")]
    + [("ordinary", pa.bool_()), ("oracle", pa.bool_()), ("rate", pa.int64()), ("frames", pa.int64())]
    + [(name, pa.float64()) for name in FIGURES]
)


def _row(group: ItemSet, item: Item, system: System) -> dict[str, Any]:
    figures = measure(item.truth, system.separate(item))
    return {
        "set": group.name,
        "item": item.id,
        "system": system.name,
        **{name: item.traits.get(name) for name in _TRAITS},
        "layout": item.truth.layout.name,
        "ordinary": group.ordinary,
        "oracle": system.oracle,
        "rate": item.truth.rate,
        "frames": len(item.truth.mix),
        **{name: None if np.isnan(value) else value for name, value in figures.items()},
    }


@dataclass(frozen=True, slots=True)
class _Sound:
    """An item as the engine reads it."""

    samples: Block
    rate: int
    layout: Layout

    @property
    def frames(self) -> int:
        return len(self.samples)

    def blocks(self, size: int = RATE, *, start: int = 0) -> Iterator[Block]:
        for at in range(start, len(self.samples), size):
            yield self.samples[at : at + size]


def _stems(mix: Block, dialogue: Block | Floats, music: Block | Floats) -> Stems:
    """The four stems as the engine forms them: M&E and effects are what is left."""
    voice, tune = (stem.astype(np.float32, copy=False) for stem in (dialogue, music))
    me = mix - voice
    return Stems(voice, tune, me - tune, me)


def _column(signal: Block) -> Block:
    return signal[:, np.newaxis]
