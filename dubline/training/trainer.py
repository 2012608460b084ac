"""The training loop: a budget of minutes, gradients from several threads, a running average, and resumption."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from dubline.errors import BadInput, Cancelled
from dubline.separation.network import Network
from dubline.training import history
from dubline.training.checkpoint import Progress, load_checkpoint, read_about, save_checkpoint, save_weights
from dubline.training.corpus import RATE
from dubline.training.curves import draw_curves
from dubline.training.draft import write_draft
from dubline.training.evaluation.scores import score, summary
from dubline.training.losses import LossWeights, Targets, separation_loss
from dubline.training.material import Material
from dubline.training.mixtures.bank import Bank
from dubline.training.mixtures.stream import batches
from dubline.training.muon import Muon
from dubline.training.rates import at_rate, separate_mono
from dubline.training.recipe import Recipe, begin
from dubline.training.settings import TrainSettings
from dubline.vocalization.watch import Cancel, never

Gradients = tuple[Tensor, ...]
Report = Callable[[history.Row], None]
# What used a run's budget up.
Spent = Literal["minutes", "steps", "patience"]
# The columns of the log, in its order.
PARTS = ("dialogue", "me", "music", "spectral", "leakage", "total")

LAST, BEST, CARD = "last.safetensors", "best.safetensors", "card.yaml"
TRAIN_LOG, VALIDATION_LOG = "train.csv", "validation.csv"
# Settings that say how long a run lasts and on which machine: it may go on with others.
_FREE = frozenset(
    {"minutes", "steps", "patience", "device", "threads", "workers", "checkpoint_seconds", "validate_seconds", "seed"}
)


class Trainer:
    """Trains one network on one material into the folder ``out``.

    ``last.safetensors`` there is where it goes on from. Raises `BadInput` when that is of another network, config,
    seed, material or setting.
    """

    def __init__(self, out: Path, *, material: Material, settings: TrainSettings, recipe: Recipe) -> None:
        if settings.batch > settings.bank.size or settings.bank.fresh > settings.bank.size:
            raise BadInput(f"the bank holds {settings.bank.size} sets only", "bank.size", "give it more than a batch")
        begun = begin(recipe, seed=settings.seed)
        self._out = out
        self._settings = settings
        self._material = material
        self._validation = material.validation.to(settings.device)
        self.network = begun.network.to(settings.device).train()
        self.average = copy.deepcopy(self.network).eval()
        self.taken, self.tensors = begun.taken, begun.tensors
        self._parameters = list(self.network.parameters())
        self._optimizer = Muon(self._parameters, settings.learning_rate, settings.weight_decay)
        self._run = _plain(
            {
                "architecture": recipe.architecture,
                "config": begun.config,
                "seed": settings.seed,
                "from": recipe.base and {"model": recipe.base.card.id, "sha256": recipe.base.card.sha256},
                "material": material.record,
                "settings": {key: value for key, value in asdict(settings).items() if key not in _FREE},
            }
        )
        self.progress = Progress()
        out.mkdir(parents=True, exist_ok=True)
        if (out / LAST).is_file():
            self._resume()
        for name in (TRAIN_LOG, VALIDATION_LOG):
            history.cut(out / name, self.progress.step)

    def run(self, report: Report = lambda _: None, cancelled: Cancel = never) -> Progress:
        """Train until the budget is spent; ``report`` gets every logged row.

        Raises `Cancelled` when asked to stop, and saves before that, as it does for an interrupt from the keyboard.
        """
        if self.spent() and (self._out / BEST).is_file():
            return self.progress
        settings = self._settings
        lanes = _lanes(self.network, settings)
        bank = self._bank()
        clock = time.monotonic() - self.progress.seconds
        # Since the last validation, not since the resumption: one that is killed too often would never validate.
        saved, validated = self.progress.seconds, self._validated_at().get("seconds", 0.0)
        with (
            _threads(settings, lanes),
            ThreadPoolExecutor(lanes, initializer=_one_thread(lanes)) as pool,
            ThreadPoolExecutor(1, initializer=_one_thread(lanes)) as mixing,
        ):
            # The next batch is mixed while this one is learned from.
            coming = mixing.submit(bank.batch, settings.batch)
            try:
                while not self.spent():
                    stems, coming = coming.result(), mixing.submit(bank.batch, settings.batch)
                    figures = self._step(pool, stems, lanes)
                    step = self.progress.step + 1
                    self.progress = replace(self.progress, step=step, seconds=time.monotonic() - clock)
                    self._log(TRAIN_LOG, figures, report)
                    if self.progress.seconds - validated >= settings.validate_seconds:
                        self._save()
                        self._validate(report)
                        saved = validated = time.monotonic() - clock
                    elif self.progress.seconds - saved >= settings.checkpoint_seconds:
                        self._save()
                        saved = self.progress.seconds
                    if cancelled():
                        raise Cancelled("training was stopped", str(self._out), "run the same command to go on")
            except (Cancelled, KeyboardInterrupt):
                self._save()
                raise
        if self._validated_at().get("step") != self.progress.step:
            self._save()
            self._validate(report)
        return self.progress

    def spent(self) -> Spent | None:
        """What has used the budget up, if anything has."""
        settings, progress = self._settings, self.progress
        if settings.patience is not None and progress.stale >= settings.patience:
            return "patience"
        if settings.steps is not None and progress.step >= settings.steps:
            return "steps"
        return "minutes" if progress.seconds >= settings.minutes * 60 else None

    @property
    def hours_heard(self) -> float:
        """Hours of mixtures learned from so far."""
        settings = self._settings
        return round(self.progress.step * settings.batch * settings.mixtures.frames / RATE / 3600, 3)

    def _bank(self) -> Bank:
        settings = self._settings
        channels = self.network.channels
        return Bank(
            batches(
                self._material.mixer,
                batch=settings.bank.fresh,
                first=self.progress.step,
                workers=settings.workers,
                channels=channels,
            ),
            rules=settings.bank,
            mixtures=settings.mixtures,
            device=settings.device,
            seed=settings.seed + self.progress.step,
        )

    def _step(self, pool: ThreadPoolExecutor, stems: Tensor, lanes: int) -> dict[str, float]:
        """One update from a batch ``(batch, 3, channels, frames)``, its items shared out over the lanes."""
        parts = at_rate(stems, RATE, self.network.rate).chunk(lanes)
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
        parts = separation_loss(self.network, Targets(*stems.unbind(1)), self._losses())
        # A target that is neither dialogue nor music has no part in the loss.
        gradients = torch.autograd.grad(parts["total"], self._parameters, allow_unused=True, materialize_grads=True)
        return gradients, {name: value.detach() for name, value in parts.items()}

    def _losses(self) -> LossWeights:
        """The weights with one resolution at a time: all of them together cost a third of a step."""
        resolutions = self._settings.losses.resolutions
        return replace(self._settings.losses, resolutions=(resolutions[self.progress.step % len(resolutions)],))

    def _learning_rate(self) -> float:
        """Linear warm-up in steps, then a cosine over the budget down to ``final_rate`` of the peak."""
        settings, progress = self._settings, self.progress
        spent = progress.seconds / (settings.minutes * 60) if settings.steps is None else progress.step / settings.steps
        cosine = settings.final_rate + (1 - settings.final_rate) * 0.5 * (1 + math.cos(math.pi * min(spent, 1.0)))
        return settings.learning_rate * cosine * min(1.0, (progress.step + 1) / max(settings.warm_up_steps, 1))

    @torch.no_grad()
    def _update_average(self) -> None:
        """Exponential running average of the weights, short at first so that the random start is forgotten."""
        step = self.progress.step
        decay = min(self._settings.average, (1 + step) / (10 + step))
        averages: list[Tensor] = list(self.average.parameters())
        torch._foreach_lerp_(averages, list(self._parameters), 1 - decay)
        # What norms keep is an average already.
        for kept, buffer in zip(self.average.buffers(), self.network.buffers(), strict=True):
            kept.copy_(buffer)

    def _validate(self, report: Report) -> None:
        """Score the averaged weights on unseen material, keep them when they are the best so far, and save."""
        table = summary(score(partial(separate_mono, self.average), self._validation))
        median = table["si_sdr_improvement"].get("p50", -math.inf)
        figures = {f"{name} {key}": value for name, row in table.items() for key, value in row.items()}
        self._log(VALIDATION_LOG, figures, report)
        if median > self.progress.best or not (self._out / BEST).is_file():
            self.progress = replace(self.progress, best=median, stale=0)
            save_weights(self._out / BEST, self.average, self._about())
            write_draft(self._out / CARD, self._out.absolute().name, self._about(), self._material.sources)
        else:
            self.progress = replace(self.progress, stale=self.progress.stale + 1)
        draw_curves(self._out)
        self._save()

    def _validated_at(self) -> history.Row:
        """The log's last validation, empty before the first."""
        validated = history.rows(self._out / VALIDATION_LOG)
        return validated[-1] if validated else {}

    def _about(self) -> dict[str, Any]:
        """What a checkpoint says of itself."""
        progress = asdict(self.progress) | {"best": _finite(self.progress.best), "hours_heard": self.hours_heard}
        of_run = {key: self._run[key] for key in ("architecture", "config", "seed")}
        return {**progress, **of_run, "code": f"dubline {version('dubline')}", "run": self._run}

    def _save(self) -> None:
        save_checkpoint(
            self._out / LAST,
            network=self.network,
            average=self.average,
            optimizer=self._optimizer,
            about=self._about(),
        )

    def _resume(self) -> None:
        about = read_about(self._out / LAST)
        if changed := _difference(about.get("run", {}), self._run):
            raise BadInput(f"the run there has another {changed}", str(self._out), "start in an empty folder")
        load_checkpoint(self._out / LAST, network=self.network, average=self.average, optimizer=self._optimizer)
        best = about["best"]
        if (self._out / BEST).is_file():
            # A run killed between the two files has kept better weights than its last checkpoint knows of.
            best = max(read_about(self._out / BEST)["best"] or -math.inf, -math.inf if best is None else best)
        self.progress = Progress(
            step=about["step"],
            seconds=about["seconds"],
            best=-math.inf if best is None else best,
            stale=about["stale"],
        )

    def _log(self, name: str, figures: dict[str, float], report: Report) -> None:
        row = {
            "step": float(self.progress.step),
            "seconds": round(self.progress.seconds, 1),
            "hours_heard": self.hours_heard,
            **{key: float(f"{value:.6g}") for key, value in figures.items()},
        }
        history.append(self._out / name, row)
        report(row)


def _lanes(network: Network, settings: TrainSettings) -> int:
    """How many parts of a batch are learned from side by side.

    Recurrent steps are too small to be worth splitting, so threads get items. A GPU needs no such help, and what draws
    or counts while it learns would do so in another order every time.
    """
    shared = (nn.modules.batchnorm._BatchNorm, nn.modules.dropout._DropoutNd)
    for module in network.modules():
        if isinstance(module, shared) or (isinstance(module, nn.RNNBase) and module.dropout > 0):
            return 1
    return settings.threads if settings.device == "cpu" else 1


def _one_thread(lanes: int) -> Callable[[], None]:
    return partial(torch.set_num_threads, 1) if lanes > 1 else lambda: None


@contextmanager
def _threads(settings: TrainSettings, lanes: int) -> Iterator[None]:
    """Torch's threads and precision while training; as they were before, afterwards."""
    threads, precision = torch.get_num_threads(), torch.get_float32_matmul_precision()
    torch.set_num_threads(1 if lanes > 1 else settings.threads)
    if settings.device != "cpu":
        # TF32: recurrent layers and spectra lose nothing measurable by it.
        torch.set_float32_matmul_precision("high")
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.set_float32_matmul_precision(precision)


def _weighted_sum(terms: Sequence[Gradients], weights: Sequence[float]) -> Gradients:
    """Sum over ``terms`` of each tensor times the weight of its term."""
    total = torch._foreach_mul(list(terms[0]), weights[0])
    for term, weight in zip(terms[1:], weights[1:], strict=True):
        torch._foreach_add_(total, list(term), alpha=weight)
    return tuple(total)


def _difference(was: dict[str, Any], now: dict[str, Any]) -> str | None:
    """The first entry that differs, by its name; those inside settings by theirs."""
    for name, value in now.items():
        if was.get(name) != value:
            inside = was.get(name)
            if name in ("settings", "config") and isinstance(inside, dict) and isinstance(value, dict):
                return _difference(inside, value) or name
            return {"architecture": "network", "from": "base model", "material": "corpus"}.get(name, name)
    return None


def _plain(value: Any) -> Any:
    """As it comes back from JSON."""
    return json.loads(json.dumps(value))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
