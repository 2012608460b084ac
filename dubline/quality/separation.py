"""Every figure of one separated item whose true stems are known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from dubline.audio.layout import Layout
from dubline.quality.background import energy_change, leakage, leakage_in_frames
from dubline.quality.bsseval import Floats, as_images, filtered_sdr, image_sdr
from dubline.quality.null import decibels
from dubline.quality.ratios import Signal, si_sdr, si_sir, si_snr, snr
from dubline.separation.channels import Block
from dubline.separation.engine import Stems
from dubline.vocalization.ear import hear
from dubline.vocalization.groups import dialogue_group, listen_to

# Figure -> what it says; ratios, changes and levels are in dB, probabilities in 0..1. The order is that of reports.
FIGURES = {
    "input_si_sdr": "SI-SDR of the mix as an estimate of the dialogue",
    "input_snr": "SNR of the mix as an estimate of the dialogue: the level of dialogue over M&E",
    "si_sdr": "SI-SDR of the dialogue (Le Roux et al. 2019; Strauss et al. 2021)",
    "si_sdr_improvement": "si_sdr less input_si_sdr (SI-SDRi)",
    "si_sir": "SI-SIR of the dialogue (Le Roux et al. 2019; Strauss et al. 2021)",
    "si_sir_improvement": "si_sir less that of the mix (SI-SIRi)",
    "snr": "SNR of the dialogue (Bandit v2)",
    "si_snr": "SI-SNR of the dialogue (Bandit v2: SI-SDR of centered signals)",
    "sdr": "SDR of the dialogue (museval, BSS Eval v4 images): median SNR of its seconds",
    "filtered_sdr": "SDR of the dialogue (BSS Eval v3 sources): 512 taps are forgiven; up to stereo",
    "me_snr": "SNR of the M&E",
    "me_snr_predicted": "what me_snr must be where dialogue and M&E add up to the mix: snr less input_snr",
    "me_si_snr": "SI-SNR of the M&E",
    "me_si_sdr": "SI-SDR of the M&E",
    "me_sdr": "SDR of the M&E (museval)",
    "music_snr": "SNR of the music",
    "music_si_snr": "SI-SNR of the music",
    "music_si_sdr": "SI-SDR of the music",
    "effects_snr": "SNR of the effects",
    "effects_si_snr": "SI-SNR of the effects",
    "effects_si_sdr": "SI-SDR of the effects",
    "leakage": "energy of the voice left in the M&E over that of the voice, in bins where the M&E lies 20 dB under it",
    "leakage_in_frames": "the same in whole frames of 50 ms, where there are any",
    "speech_left": "mean probability of speech (silero-vad) in the M&E where there is speech in the dialogue",
    "speech_in_mix": "the same in the mix: where nothing is taken out",
    "speech_in_me": "the same in the true M&E: where nothing is left",
    "energy_change": "energy of the M&E over that of the true one where there is no dialogue; under 0: over-removal",
    "null_dbfs": "largest sample of the mix less dialogue, music and effects, dBFS",
}
# What is measured while a network trains: nothing slow.
QUICK = ("input_si_sdr", "input_snr", "si_sdr", "si_sdr_improvement", "snr", "me_snr", "music_si_sdr", "leakage")

SPEECH = 0.5
# Of less than a third of a second of speech nothing is said.
_LEAST_FRAMES = 10
# BSS Eval's filters are for stereo; among six channels they would be 36, and the item's slowest figure by far.
_MOST_FILTERED = 2

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Truth:
    """The true stems of an item, ``(frames, channels)`` float32 at ``rate`` Hz, and what is measured of them once."""

    stems: Stems
    rate: int
    layout: Layout

    @cached_property
    def mix(self) -> Block:
        """The item as it is heard: dialogue and M&E."""
        return self.stems.dx + self.stems.me

    @cached_property
    def speech(self) -> dict[str, Floats]:
        """Probability of speech per frame in the dialogue, the M&E and the mix."""
        names = ("dialogue", "me", "mix")
        heard = self.listen(self.stems.dx, self.stems.me, self.mix)
        return dict(zip(names, heard.T, strict=True))

    def listen(self, *signals: Block) -> Floats:
        """Probability of speech per frame of each signal, ``(frames, signals)``: in the center, or the front pair."""
        groups = (dialogue_group(self.layout),)
        streams = np.concatenate([listen_to(signal, groups) for signal in signals], axis=1)
        return hear([streams], rate=self.rate, streams=len(signals)).speech.astype(np.float64)


def true_stems(dialogue: Block, music: Block, effects: Block) -> Stems:
    """The stems of an item from its three sources, each ``(frames, channels)``."""
    return Stems(dialogue, music, effects, music + effects)


def measure(truth: Truth, estimate: Stems) -> dict[str, float]:
    """Every one of `FIGURES` for ``estimate``; NaN where a figure says nothing, as of a stem that is silent in truth.

    Bandit's and museval's data sets have no such stems.
    """
    dx, me, mix = truth.stems.dx, truth.stems.me, truth.mix
    figures = measure_quickly(truth, estimate)
    figures["si_sir"] = _known(si_sir, estimate.dx, dx, me)
    figures["si_sir_improvement"] = figures["si_sir"] - _known(si_sir, mix, dx, me)
    figures["si_snr"] = _known(si_snr, estimate.dx, dx)
    figures["sdr"], figures["me_sdr"], figures["filtered_sdr"] = _museval(truth, estimate)
    figures["me_snr_predicted"] = figures["snr"] - figures["input_snr"]
    for name, given, true in (
        ("me", estimate.me, me),
        ("music", estimate.mx, truth.stems.mx),
        ("effects", estimate.fx, truth.stems.fx),
    ):
        figures[f"{name}_snr"] = _known(snr, given, true)
        figures[f"{name}_si_snr"] = _known(si_snr, given, true)
        figures[f"{name}_si_sdr"] = _known(si_sdr, given, true)
    figures["leakage_in_frames"] = leakage_in_frames(estimate.me, me, dx, truth.rate)
    figures |= _speech(truth, estimate.me)
    figures["energy_change"] = energy_change(estimate.me, me, dx, truth.rate)
    figures["null_dbfs"] = decibels(float(np.abs(mix - estimate.dx - estimate.mx - estimate.fx).max(initial=0.0)))
    return {name: figures[name] for name in FIGURES}


def measure_quickly(truth: Truth, estimate: Stems) -> dict[str, float]:
    """The figures of `QUICK`."""
    dx, me, mix = truth.stems.dx, truth.stems.me, truth.mix
    before, after = _known(si_sdr, mix, dx), _known(si_sdr, estimate.dx, dx)
    return {
        "input_si_sdr": before,
        "input_snr": _known(snr, mix, dx),
        "si_sdr": after,
        "si_sdr_improvement": after - before,
        "snr": _known(snr, estimate.dx, dx),
        "me_snr": _known(snr, estimate.me, me),
        "music_si_sdr": _known(si_sdr, estimate.mx, truth.stems.mx),
        "leakage": leakage(estimate.me, me, dx, truth.rate),
    }


def _known(ratio: Callable[..., float], estimate: Signal, target: Signal, *others: Signal) -> float:
    return ratio(estimate, target, *others) if target.any() else math.nan


def _museval(truth: Truth, estimate: Stems) -> tuple[float, float, float]:
    """Medians over the seconds of the SDR of dialogue and M&E, and the dialogue's SDR with its filter forgiven."""
    if not truth.stems.dx.any():
        return math.nan, math.nan, math.nan
    estimates, targets = as_images(estimate.dx, estimate.me), as_images(truth.stems.dx, truth.stems.me)
    voice, rest = image_sdr(estimates, targets, truth.rate)
    stereo = estimates.shape[-1] <= _MOST_FILTERED
    return _median(voice), _median(rest), filtered_sdr(estimates[0], targets[0]) if stereo else math.nan


def _median(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else math.nan


def _speech(truth: Truth, me: Block) -> dict[str, float]:
    spoken: Flags = truth.speech["dialogue"] >= SPEECH

    def mean(probabilities: Floats) -> float:
        return float(probabilities[spoken].mean()) if spoken.sum() >= _LEAST_FRAMES else math.nan

    return {
        "speech_left": mean(truth.listen(me)[:, 0]),
        "speech_in_mix": mean(truth.speech["mix"]),
        "speech_in_me": mean(truth.speech["me"]),
    }
