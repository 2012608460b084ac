"""How well a network separates mixtures it has never heard: a seeded set, per-item figures, medians and percentiles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from dubline.separation.network import Estimate, MaskNetwork
from dubline.training.corpus import Corpus
from dubline.training.mixtures import Mixer, MixtureRules
from dubline.training.stream import stack

VALIDATION_SEED = 2026
# Guards the logarithm where a stem is silent; 1e-10 of full-scale power is far under any recording's noise.
POWER_FLOOR = 1e-10
# Dialogue this far over the M&E cannot be masked by a dub: what remains of it there is leakage.
LEAKAGE_LEVEL_DB = -20.0


class Network(Protocol):
    """What is evaluated: waveforms ``(batch, 1, samples)`` to estimates."""

    def __call__(self, waveform: Tensor, /) -> Estimate: ...


@dataclass(frozen=True, slots=True)
class ItemScore:
    """Figures of one mixture, in dB."""

    kind: str
    input_si_sdr: float
    si_sdr: float
    snr: float
    me_snr: float
    music_si_sdr: float
    leakage: float

    @property
    def improvement(self) -> float:
        """SI-SDR of the dialogue estimate over that of the mix."""
        return self.si_sdr - self.input_si_sdr


def si_sdr(estimate: Tensor, target: Tensor) -> Tensor:
    """Scale-invariant signal-to-distortion ratio in dB over the last axis; Le Roux et al. (2019), equation 5."""
    scale = (estimate * target).sum(-1, keepdim=True) / (target.square().sum(-1, keepdim=True) + POWER_FLOOR)
    return snr(estimate, scale * target)


def snr(estimate: Tensor, target: Tensor) -> Tensor:
    """Signal-to-noise ratio in dB over the last axis: the target's power over that of the difference."""
    noise = (estimate - target).square().mean(-1)
    return 10 * torch.log10((target.square().mean(-1) + POWER_FLOOR) / (noise + POWER_FLOOR))


def leakage_db(me: Tensor, target_me: Tensor, dialogue: Tensor, frame: int = 2400) -> Tensor:
    """Power of the voice left in the M&E over that of the voice, in dB, over 50 ms frames of bare dialogue.

    All inputs ``(batch, samples)``. Bare frames have the M&E at least 20 dB under the dialogue; without any, the
    projection of the error on the dialogue counts over the whole item.
    """
    frames = me.shape[-1] // frame * frame
    parts = [x[..., :frames].reshape(len(x), -1, frame) for x in (me - target_me, target_me, dialogue)]
    error, background, voice = (x.square().mean(-1) for x in parts)
    bare = (background < voice * 10 ** (LEAKAGE_LEVEL_DB / 10)) & (voice > voice.amax(-1, keepdim=True) * 1e-3)
    left = torch.where(bare, error, 0).sum(-1)
    had = torch.where(bare, voice, 0).sum(-1)
    share = (parts[0] * parts[2]).sum((-2, -1)) / (parts[2].square().sum((-2, -1)) + POWER_FLOOR)
    left = torch.where(had > 0, left, share.square())
    had = torch.where(had > 0, had, torch.ones_like(had))
    return 10 * torch.log10(left / had + POWER_FLOOR)


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
def score(network: Network, stems: Tensor, *, batch: int = 8) -> list[ItemScore]:
    """Figures of every item of ``stems`` ``(items, 3, frames)``."""
    scores: list[ItemScore] = []
    for part in torch.split(stems, batch):
        scores += score_estimate(network(part.sum(1, keepdim=True)), part)
    return scores


def score_estimate(estimate: Estimate, stems: Tensor) -> list[ItemScore]:
    """Figures of mono estimates already made for ``stems`` ``(items, 3, frames)``."""
    dialogue, music, effects = stems.unbind(1)
    mix, me = stems.sum(1), music + effects
    voice, tune = estimate.dialogue.squeeze(1), estimate.music.squeeze(1)
    rest = mix - voice
    columns = (
        si_sdr(mix, dialogue),
        si_sdr(voice, dialogue),
        snr(voice, dialogue),
        snr(rest, me),
        si_sdr(tune, music),
        leakage_db(rest, me, dialogue),
    )
    figures = torch.stack(columns, dim=1).tolist()
    kinds = [_background(bool(m.any()), bool(e.any())) for m, e in zip(music, effects, strict=True)]
    return [ItemScore(kind, *row) for kind, row in zip(kinds, figures, strict=True)]


def ideal_ratio(network: MaskNetwork, stems: Tensor) -> Estimate:
    """What the ideal ratio mask reaches in the network's own transform: the bound for masks without phase.

    Mask = D^2 / (D^2 + ME^2), square root; Wang, Narayanan and Wang (2014), equation 3 with exponent one half.
    """
    dialogue, music, effects = (network.transform(stem) for stem in stems.unbind(1))
    voice, rest = dialogue.abs().square(), (music + effects).abs().square()
    mix = stems.sum(1)
    spectrum = network.transform(mix) * (voice / (voice + rest + POWER_FLOOR)).sqrt()
    estimate = network.inverse(spectrum, mix.shape[-1])
    return Estimate(estimate[:, None], stems[:, 1:2])


@torch.no_grad()
def energy_change(network: Network, stems: Tensor) -> list[float]:
    """Energy of the M&E estimate over that of the mix in dB, for ``stems`` without dialogue ``(items, 3, frames)``."""
    mix = stems.sum(1, keepdim=True)
    me = mix - network(mix).dialogue
    ratio = (me.square().mean(-1) + POWER_FLOOR) / (mix.square().mean(-1) + POWER_FLOOR)
    return [float(value) for value in 10 * torch.log10(ratio.squeeze(1))]


def _background(music: bool, effects: bool) -> str:
    if music and effects:
        return "music and effects"
    return "music" if music else "effects"


def percentiles(values: Iterable[float], at: Sequence[int] = (10, 50, 90)) -> dict[str, float]:
    """Percentiles as ``{"p10": …, "p50": …}``, rounded to 0.01 dB; empty for no values."""
    array = np.asarray([v for v in values if np.isfinite(v)])
    if not len(array):
        return {}
    return {f"p{p}": round(float(np.percentile(array, p)), 2) for p in at}


def summary(scores: Sequence[ItemScore]) -> dict[str, dict[str, float]]:
    """Percentiles of every figure over all items, and of the improvement by kind of background."""
    table = {
        "si_sdr_improvement": percentiles(s.improvement for s in scores),
        "input_si_sdr": percentiles(s.input_si_sdr for s in scores),
        "si_sdr": percentiles(s.si_sdr for s in scores),
        "snr": percentiles(s.snr for s in scores),
        "me_snr": percentiles(s.me_snr for s in scores),
        "leakage": percentiles(s.leakage for s in scores),
        "music_si_sdr": percentiles(s.music_si_sdr for s in scores if s.kind == "music and effects"),
    }
    for kind in sorted({s.kind for s in scores}):
        table[f"si_sdr_improvement, {kind}"] = percentiles(s.improvement for s in scores if s.kind == kind)
    return table
