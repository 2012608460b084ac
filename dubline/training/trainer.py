"""The training loop: a budget of minutes, gradients from several threads, a running average, and resumption."""

from __future__ import annotations

import copy
import csv
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from dubline.separation.bandsplit import BandSplit, BandSplitConfig
from dubline.training.bank import Bank, BankRules
from dubline.training.checkpoint import Progress, load_checkpoint, save_checkpoint, save_weights
from dubline.training.corpus import RATE, Corpus
from dubline.training.evaluate import score, summary, validation_set
from dubline.training.losses import LossWeights, Targets, separation_loss
from dubline.training.mixtures import Mixer, MixtureRules
from dubline.training.muon import Muon
from dubline.training.stream import batches

Gradients = tuple[Tensor, ...]
# The columns of the log, in its order.
PARTS = ("dialogue", "me", "music", "spectral", "leakage", "total")


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """How long and how fast; minutes and the learning-rate schedule count wall-clock time spent in training."""

    minutes: float = 75.0
    device: str = "cpu"
    batch: int = 4
    threads: int = 2
    workers: int = 1
    seed: int = 1
    learning_rate: float = 1e-3
    final_rate: float = 0.02
    weight_decay: float = 1e-2
    warm_up_steps: int = 80
    clip: float = 5.0
    average: float = 0.996
    checkpoint_seconds: float = 60.0
    validate_seconds: float = 300.0
    validation_items: int = 64
    validation_seconds: float = 4.0
    rules: MixtureRules = field(default_factory=MixtureRules)
    bank: BankRules = field(default_factory=BankRules)
    losses: LossWeights = field(default_factory=LossWeights)


class Trainer:
    """Trains one network on one corpus into one folder; ``last.safetensors`` there is where it goes on from."""

    def __init__(
        self, out: Path, *, train: Corpus, validation: Corpus, settings: TrainSettings, config: BandSplitConfig
    ) -> None:
        torch.manual_seed(settings.seed)
        self._out = out
        self._settings = settings
        longer = replace(settings.rules, seconds=settings.rules.seconds + settings.bank.spare_seconds)
        self._mixer = Mixer(train, longer, seed=settings.seed)
        self._validation = validation_set(
            validation,
            replace(settings.rules, seconds=settings.validation_seconds),
            items=settings.validation_items,
        ).to(settings.device)
        self.network = BandSplit(config).to(settings.device)
        self.average = copy.deepcopy(self.network).eval()
        self._parameters = list(self.network.parameters())
        self._optimizer = Muon(self._parameters, settings.learning_rate, settings.weight_decay)
        self.progress = Progress()
        out.mkdir(parents=True, exist_ok=True)
        if (out / "last.safetensors").is_file():
            self._resume()

    def run(self, report: Callable[[dict[str, float]], None] = lambda _: None) -> Progress:
        """Train until the budget is spent; ``report`` gets every logged row."""
        settings = self._settings
        fresh = settings.bank.fresh
        made = batches(self._mixer, batch=fresh, first=self.progress.step, workers=settings.workers)
        bank = Bank(
            made,
            rules=settings.bank,
            mixtures=settings.rules,
            device=settings.device,
            seed=settings.seed + self.progress.step,
        )
        clock = time.monotonic() - self.progress.seconds
        saved = validated = self.progress.seconds
        # One compute thread per micro-batch: the recurrent steps are too small to be worth splitting further.
        torch.set_num_threads(1)
        with ThreadPoolExecutor(settings.threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            while self.progress.seconds < settings.minutes * 60:
                figures = self._step(pool, bank.batch(settings.batch))
                self.progress = replace(self.progress, step=self.progress.step + 1, seconds=time.monotonic() - clock)
                self._log("train.csv", figures, report)
                if self.progress.seconds - validated >= settings.validate_seconds:
                    self._validate(report)
                    validated = self.progress.seconds
                if self.progress.seconds - saved >= settings.checkpoint_seconds:
                    self._save()
                    saved = self.progress.seconds
        self._validate(report)
        self._save()
        return self.progress

    def _step(self, pool: ThreadPoolExecutor, stems: Tensor) -> dict[str, float]:
        """One update from a batch ``(batch, 3, frames)``, its items shared out over the threads."""
        parts = stems.chunk(self._settings.threads)
        shares = [len(part) / len(stems) for part in parts]
        results = list(pool.map(self._gradients, parts))
        gradients = _weighted_sum([gradients for gradients, _ in results], shares)
        for parameter, gradient in zip(self._parameters, gradients, strict=True):
            parameter.grad = gradient
        norm = nn.utils.clip_grad_norm_(self._parameters, self._settings.clip)
        rate = self._learning_rate()
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        if torch.isfinite(norm):
            self._optimizer.step()
            self._update_average()
        losses = _weighted_sum([(torch.stack([part[name] for name in PARTS]),) for _, part in results], shares)
        figures = dict(zip(PARTS, losses[0].tolist(), strict=True))
        return figures | {"gradient": float(norm), "rate": rate}

    def _gradients(self, stems: Tensor) -> tuple[Gradients, dict[str, Tensor]]:
        dialogue, music, effects = stems.unbind(1)
        parts = separation_loss(self.network, Targets(dialogue, music, effects), self._losses())
        gradients = torch.autograd.grad(parts["total"], self._parameters)
        return gradients, {name: value.detach() for name, value in parts.items()}

    def _losses(self) -> LossWeights:
        """The weights with one resolution at a time: all of them together cost a third of a step."""
        resolutions = self._settings.losses.resolutions
        return replace(self._settings.losses, resolutions=(resolutions[self.progress.step % len(resolutions)],))

    def _learning_rate(self) -> float:
        """Linear warm-up in steps, then a cosine over the budget of time down to ``final_rate`` of the peak."""
        settings = self._settings
        spent = min(self.progress.seconds / (settings.minutes * 60), 1.0)
        cosine = settings.final_rate + (1 - settings.final_rate) * 0.5 * (1 + math.cos(math.pi * spent))
        return settings.learning_rate * cosine * min(1.0, (self.progress.step + 1) / settings.warm_up_steps)

    @torch.no_grad()
    def _update_average(self) -> None:
        """Exponential running average of the weights, short at first so that the random start is forgotten."""
        step = self.progress.step
        decay = min(self._settings.average, (1 + step) / (10 + step))
        averages: list[Tensor] = list(self.average.parameters())
        torch._foreach_lerp_(averages, list(self._parameters), 1 - decay)

    def _validate(self, report: Callable[[dict[str, float]], None]) -> None:
        """Score the averaged weights on unseen material and keep them when they are the best so far."""
        table = summary(score(self.average, self._validation))
        median = table["si_sdr_improvement"]["p50"]
        figures = {f"{name} {key}": value for name, row in table.items() for key, value in row.items()}
        self._log("validation.csv", figures, report)
        if median > self.progress.best:
            self.progress = replace(self.progress, best=median)
            save_weights(self._out / "best.safetensors", self.average, self._about())

    def _about(self) -> dict[str, Any]:
        return {**asdict(self.progress), "config": self.network.config.as_dict(), "seed": self._settings.seed}

    def _save(self) -> None:
        save_checkpoint(
            self._out / "last.safetensors",
            network=self.network,
            average=self.average,
            optimizer=self._optimizer,
            about=self._about(),
        )

    def _resume(self) -> None:
        about = load_checkpoint(
            self._out / "last.safetensors", network=self.network, average=self.average, optimizer=self._optimizer
        )
        self.progress = Progress(step=about["step"], seconds=about["seconds"], best=about["best"])

    def _log(self, name: str, figures: dict[str, float], report: Callable[[dict[str, float]], None]) -> None:
        hours = self.progress.step * self._settings.batch * self._settings.rules.frames / RATE / 3600
        row = {
            "step": float(self.progress.step),
            "seconds": round(self.progress.seconds, 1),
            "hours_heard": round(hours, 3),
            **{key: round(value, 5) for key, value in figures.items()},
        }
        path = self._out / name
        new = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as lines:
            writer = csv.DictWriter(lines, list(row))
            if new:
                writer.writeheader()
            writer.writerow(row)
        report(row)


def _weighted_sum(terms: Sequence[Gradients], weights: Sequence[float]) -> Gradients:
    """Sum over ``terms`` of each tensor times the weight of its term."""
    total = torch._foreach_mul(list(terms[0]), weights[0])
    for term, weight in zip(terms[1:], weights[1:], strict=True):
        torch._foreach_add_(total, list(term), alpha=weight)
    return tuple(total)
