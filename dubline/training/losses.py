"""Training losses: level-aware and silence-safe in time, compressed in frequency, with residual voice over-weighted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from dubline.separation.network import MaskNetwork, Network

# Errors this far under the mix (-25 dB) stop counting. Relative to the mix, because an absolute floor lets mixtures
# without dialogue outweigh all others by their steep logarithm, and the network learns to remove nothing at all.
FLOOR_POWER = 10 ** (-25 / 10)
# Power of a mix that is silence: -100 dBFS.
SILENCE_POWER = 1e-10
COMPRESSION = 0.3
POWER_FLOOR = 1e-8
# A dub does not mask residual voice this far above the M&E: those bins are the leakage a listener hears.
LEAKAGE_RATIO = 10 ** (-20 / 20)
# Mean magnitude under which Bandit's loss takes nothing for granted.
L1_FLOOR = 1e-3


class Targets(NamedTuple):
    """The stems that made a mix, each ``(batch, samples)`` or, for whole networks, ``(batch, channels, samples)``."""

    dialogue: Tensor
    music: Tensor
    effects: Tensor

    @property
    def me(self) -> Tensor:
        """Music and effects."""
        return self.music + self.effects


@dataclass(frozen=True, slots=True)
class LossWeights:
    """How much each term counts against the waveform loss of the dialogue, which is `negative_snr` or `l1_snr`."""

    waveform: Literal["snr", "l1snr"] = "snr"
    me: float = 1.0
    spectral: float = 2.0
    leakage: float = 4.0
    music: float = 1.0
    resolutions: tuple[int, ...] = (512, 2048)


def negative_snr(estimate: Tensor, target: Tensor, mix: Tensor) -> Tensor:
    """Negative signal-to-noise ratio in dB, ``(batch,)``, soft-thresholded as by Wisdom et al., MixIT (2020).

    Unlike SI-SNR it keeps the level: an estimate of half the target's level costs. Squares rather than absolute
    values, because dialogue is sparse: the least absolute error of an unsure network is silence, and it stays there.
    """
    floor = FLOOR_POWER * mix.square().mean(-1) + SILENCE_POWER
    error = (estimate - target).square().mean(-1)
    level = target.square().mean(-1)
    return 10 * torch.log10((error + floor) / (level + floor))


def l1_snr(estimate: Tensor, target: Tensor) -> Tensor:
    """Negative ratio in dB of the mean magnitudes of target and error, ``(batch,)``, as Bandit v2 trains with.

    Watcharasupat, Wu and Orife, "Remastering Divide and Remaster" (2024); its formula floors both by 1e-3.
    """
    error = (estimate - target).abs().mean(-1)
    return 20 * torch.log10((error + L1_FLOOR) / (target.abs().mean(-1) + L1_FLOOR))


def compressed(waveform: Tensor, n_fft: int) -> Tensor:
    """Complex spectrum ``(batch, bins, frames)`` with magnitudes raised to the power 0.3."""
    window = torch.hann_window(n_fft, device=waveform.device)
    spectrum = torch.stft(waveform, n_fft, n_fft // 2, window=window, return_complex=True) / n_fft**0.5
    power = spectrum.real.square() + spectrum.imag.square() + POWER_FLOOR
    squeezed: Tensor = spectrum * power ** ((COMPRESSION - 1) / 2)
    return squeezed


def spectral_distance(estimate: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference of compressed spectra and of their magnitudes, ``(batch,)``."""
    difference = _magnitude(estimate - target) + (_magnitude(estimate) - _magnitude(target)).abs()
    return difference.mean((-2, -1))


def leakage(me: Tensor, target_me: Tensor, target_dialogue: Tensor) -> Tensor:
    """Mean excess of the estimated M&E where only dialogue should be, ``(batch,)``; inputs are compressed spectra."""
    target, voice = _magnitude(target_me), _magnitude(target_dialogue)
    bare = (target < LEAKAGE_RATIO**COMPRESSION * voice).to(target.dtype)
    excess: Tensor = bare * (_magnitude(me) - target).clamp(min=0)
    return excess.mean((-2, -1))


def _magnitude(spectrum: Tensor) -> Tensor:
    return (spectrum.real.square() + spectrum.imag.square() + 1e-7).sqrt()


def share_loss(share: Tensor, music: Tensor, effects: Tensor) -> Tensor:
    """Cross-entropy of the music's share with the ideal one, weighted by compressed level, ``(batch,)``.

    ``share`` and the stems' complex spectra are ``(batch, bins, frames)``. Cross-entropy, because a waveform loss lets
    the sigmoid of the share close on mixtures without music and gives it no slope to open again.
    """
    loud, other = (x.real.square() + x.imag.square() for x in (music, effects))
    level = (loud + other) ** (COMPRESSION / 2)
    level = level / (level.mean((-2, -1), keepdim=True) + SILENCE_POWER)
    entropy = functional.binary_cross_entropy(share, loud / (loud + other + SILENCE_POWER), reduction="none")
    return (entropy * level).mean((-2, -1))


def separation_loss(network: Network, targets: Targets, weights: LossWeights) -> dict[str, Tensor]:
    """Separate the mix of ``targets`` ``(batch, channels, samples)``, at the network's rate and channels.

    The weighted sum as ``total`` and its parts, each a scalar. A masking network's music is judged by its share of the
    M&E, another's by its waveform.
    """
    if isinstance(network, MaskNetwork):
        return _mask_loss(network, _by_channel(targets), weights)
    estimate = network(targets.dialogue + targets.me)
    flat = _by_channel(targets)
    mix = flat.dialogue + flat.me
    parts = dialogue_loss(estimate.dialogue.flatten(0, 1), flat, weights)
    parts["music"] = _waveform_loss(estimate.music.flatten(0, 1), flat.music, mix, weights).mean()
    parts["total"] = parts["total"] + weights.music * parts["music"]
    return parts


def _by_channel(targets: Targets) -> Targets:
    """Every channel as an item of the batch."""
    return Targets(*(stem.flatten(0, 1) for stem in targets))


def _mask_loss(network: MaskNetwork, targets: Targets, weights: LossWeights) -> dict[str, Tensor]:
    mix = targets.dialogue + targets.me
    spectrum = network.transform(mix)
    masks = network.masks(spectrum)
    dialogue = network.inverse(masks.dialogue * spectrum, mix.shape[-1])
    parts = dialogue_loss(dialogue, targets, weights)
    music, effects = network.transform(targets.music), network.transform(targets.effects)
    parts["music"] = share_loss(masks.music, music, effects).mean()
    parts["total"] = parts["total"] + weights.music * parts["music"]
    return parts


def _waveform_loss(estimate: Tensor, target: Tensor, mix: Tensor, weights: LossWeights) -> Tensor:
    return negative_snr(estimate, target, mix) if weights.waveform == "snr" else l1_snr(estimate, target)


def dialogue_loss(dialogue: Tensor, targets: Targets, weights: LossWeights) -> dict[str, Tensor]:
    """What an estimate of the dialogue ``(batch, samples)`` costs in itself and in the M&E it leaves."""
    me = targets.me
    mix = targets.dialogue + me
    parts = {
        "dialogue": _waveform_loss(dialogue, targets.dialogue, mix, weights).mean(),
        "me": _waveform_loss(mix - dialogue, me, mix, weights).mean(),
    }
    spectral, leaked = [], []
    for n_fft in weights.resolutions:
        voice, voice_target = compressed(dialogue, n_fft), compressed(targets.dialogue, n_fft)
        rest, rest_target = compressed(mix - dialogue, n_fft), compressed(me, n_fft)
        spectral.append(spectral_distance(voice, voice_target) + spectral_distance(rest, rest_target))
        leaked.append(leakage(rest, rest_target, voice_target))
    parts["spectral"] = torch.stack(spectral).mean()
    parts["leakage"] = torch.stack(leaked).mean()
    parts["total"] = (
        parts["dialogue"]
        + weights.me * parts["me"]
        + weights.spectral * parts["spectral"]
        + weights.leakage * parts["leakage"]
    )
    return parts
