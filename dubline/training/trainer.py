"""The training loop: a budget of minutes, gradients from several threads, a running average, and resumption."""

from __future__ import annotations

import copy
import csv
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from dubline.separation.bandsplit import BandSplit, BandSplitConfig
from dubline.training.checkpoint import Progress, load_checkpoint, save_checkpoint, save_weights
from dubline.training.corpus import RATE, Corpus
from dubline.training.evaluate import score, summary, validation_set
from dubline.training.losses import LossWeights, Targets, separation_loss
from dubline.training.mixtures import Mixer, MixtureRules
from dubline.training.stream import batches

Gradients = tuple[Tensor, ...]
# The columns of the log, in its order.
PARTS = ("dialogue", "me", "music", "spectral", "leakage", "total")


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """How long and how fast; minutes and the learning-rate schedule count wall-clock time spent in training."""

    minutes: float = 75.0
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
    losses: LossWeights = field(default_factory=LossWeights)


class Trainer:
    """Trains one network on one corpus into one folder; ``last.safetensors`` there is where it goes on from."""

    def __init__(
        self, out: Path, *, train: Corpus, validation: Corpus, settings: TrainSettings, config: BandSplitConfig
    ) -> None:
        torch.manual_seed(settings.seed)
        self._out = out
        self._settings = settings
        self._mixer = Mixer(train, settings.rules, seed=settings.seed)
        self._validation = validation_set(
            validation,
            replace(settings.rules, seconds=settings.validation_seconds),
            items=settings.validation_items,
        )
        self.network = BandSplit(config)
        self.average = copy.deepcopy(self.network).eval()
        self._parameters = list(self.network.parameters())
        self._optimizer = torch.optim.AdamW(
            self._parameters, settings.learning_rate, betas=(0.9, 0.98), weight_decay=settings.weight_decay
        )
        self.progress = Progress()
        out.mkdir(parents=True, exist_ok=True)
        if (out / "last.safetensors").is_file():
            self._resume()

    def run(self, report: Callable[[dict[str, float]], None] = lambda _: None) -> Progress:
        """Train until the budget is spent; ``report`` gets every logged row."""
        settings = self._settings
        stream = batches(self._mixer, batch=settings.batch, first=self.progress.step, workers=settings.workers)
        clock = time.monotonic() - self.progress.seconds
        saved = validated = self.progress.seconds
        # One compute thread per micro-batch: the recurrent steps are too small to be worth splitting further.
        torch.set_num_threads(1)
        with ThreadPoolExecutor(settings.threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            while self.progress.seconds < settings.minutes * 60:
                figures = self._step(pool, next(stream))
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
        for index, parameter in enumerate(self._parameters):
            parameter.grad = sum(
                (share * gradients[index] for share, (gradients, _) in zip(shares, results, strict=True)),
                torch.zeros_like(parameter),
            )
        norm = nn.utils.clip_grad_norm_(self._parameters, self._settings.clip)
        rate = self._learning_rate()
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        if torch.isfinite(norm):
            self._optimizer.step()
            self._update_average()
        figures = {
            name: sum(share * float(part[name]) for share, (_, part) in zip(shares, results, strict=True))
            for name in PARTS
        }
        return figures | {"gradient": float(norm), "rate": rate}

    def _gradients(self, stems: Tensor) -> tuple[Gradients, dict[str, Tensor]]:
        dialogue, music, effects = stems.unbind(1)
        parts = separation_loss(self.network, Targets(dialogue, music, effects), self._settings.losses)
        gradients = torch.autograd.grad(parts["total"], self._parameters)
        return gradients, {name: value.detach() for name, value in parts.items()}

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
        for average, parameter in zip(self.average.parameters(), self._parameters, strict=True):
            average.lerp_(parameter, 1 - decay)

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
