"""Scenes whose M&E a separator really made: what it leaves of a voice sounds like nothing a mixer can make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import soxr
import torch
from scipy.ndimage import uniform_filter

from dubline.separation.network import Network
from dubline.training.corpus import RATE, Corpus, Samples
from dubline.training.hearing.material import Active, frame_levels, label_of, sounding
from dubline.training.hearing.scenes import FRAMES, SAMPLES, Scene, blank, mark, smooth
from dubline.training.mixtures.augment import Color, response
from dubline.training.mixtures.levels import rms
from dubline.training.mixtures.mixer import Mixer, Mixture, MixtureRules
from dubline.training.rates import separate_mono
from dubline.vocalization.events import LABELS, Label
from dubline.vocalization.silero import RATE as HEARD_RATE

_SECONDS = SAMPLES / HEARD_RATE
RULES = MixtureRules(
    seconds=_SECONDS,
    without_dialogue=0.1,
    without_background=0.0,
    vocalization=1.0,
    made_call=0.0,
    dialogue_over_background=(3.0, 6.0),
)
# What of the dialogue is still in the M&E is told apart from the separator's noise over so many frames and bins.
_ALIKE_FRAMES, _ALIKE_BINS = 5, 7
_WINDOW, _HOP = 512, 128


def separated_scenes(corpus: Corpus, network: Network, count: int, *, seed: int) -> Iterator[Scene]:
    """``count`` scenes of recordings in ``corpus``, separated by ``network``; labels take turns."""
    mixers = list(mixers_of(corpus, seed=seed).items())
    for number in range(count):
        label, mixer = mixers[number % len(mixers)]
        yield separated_scene(label, mixer.draw(number), network)


def mixers_of(corpus: Corpus, *, seed: int, rules: MixtureRules = RULES) -> dict[Label, Mixer]:
    """Mixtures whose dialogue is all of one label, for every label that ``corpus`` has."""
    rest = [clip for clip in corpus.clips if clip.kind in ("music", "effects")]
    mixers: dict[Label, Mixer] = {}
    for label in LABELS:
        voices = [clip for clip in corpus.clips if clip.kind in ("speech", "vocalizations") and label_of(clip) == label]
        if voices:
            share = 0.0 if label == "speech" else 1.0
            mixers[label] = Mixer(corpus.with_clips([*rest, *voices]), replace(rules, vocalization=share), seed=seed)
    return mixers


def separated_scene(label: Label, mixture: Mixture, network: Network) -> Scene:
    """The M&E and the dialogue stem that ``network`` makes of ``mixture``, and where the voice can still be heard."""
    with torch.inference_mode():
        estimate = separate_mono(network, torch.from_numpy(mixture.mix)[None, None]).dialogue[0, 0].numpy()
    dialogue, mix, stem = (heard(samples) for samples in (mixture.dialogue, mixture.mix, estimate))
    target, weight = blank()
    over = frame_levels(remaining(dialogue, stem)) - smooth(frame_levels(mix - dialogue))
    mark(target, weight, label, over, sounding_or_not(dialogue))
    return Scene(mix - stem, stem, target, weight)


def remaining(dialogue: Samples, stem: Samples) -> Samples:
    """What of ``dialogue`` (n,) the M&E still holds when ``stem`` (n,) was taken out of the mix; both at 16 kHz.

    In each neighborhood of time and frequency the part of ``dialogue - stem`` that is a multiple of ``dialogue``.
    """
    whole, left = _spectrum(dialogue), _spectrum(dialogue - stem)
    size = (_ALIKE_BINS, _ALIKE_FRAMES)
    common = uniform_filter((left * whole.conj()).real, size)
    share = np.clip(np.abs(common) / (uniform_filter(np.square(np.abs(whole)), size) + 1e-9), 0.0, 1.0)
    return _samples((whole * share).astype(np.complex64), len(dialogue))


def recolored(rng: np.random.Generator, scene: Scene) -> Scene:
    """``scene`` with another equalization and level, the same for M&E and stem, so that they still belong together."""
    shape = response(rng, Color(low_pass_hz=(4_000.0, 7_900.0)), SAMPLES // 2 + 1, HEARD_RATE)
    me, stem = (np.fft.irfft(np.fft.rfft(one) * shape, SAMPLES).astype(np.float32) for one in (scene.me, scene.stem))
    level = max(rms(me), 1e-6)
    loudest = max(float(np.abs(me).max()), 1e-6)
    scale = np.float32(min(10.0 ** (rng.uniform(-50.0, -14.0) / 20.0) / level, 1.0 / loudest))
    return Scene(me * scale, stem * scale * np.float32(rng.random() >= 0.15), scene.target, scene.weight)


def heard(samples: Samples) -> Samples:
    """``samples`` (n,) at 48 kHz as the classifier hears them: (SAMPLES,) at 16 kHz."""
    resampled = soxr.resample(samples, RATE, HEARD_RATE, quality="HQ")[:SAMPLES]
    padded: Samples = np.pad(resampled, (0, SAMPLES - len(resampled)))
    return padded


def sounding_or_not(dialogue: Samples) -> Active:
    """The frames in which ``dialogue`` sounds; none where it is silent throughout."""
    return sounding(dialogue) if np.abs(dialogue).max(initial=0.0) > 1e-4 else np.zeros(FRAMES, np.bool_)


def _spectrum(samples: Samples) -> np.ndarray[tuple[int, ...], np.dtype[np.complex64]]:
    window = torch.hann_window(_WINDOW)
    return torch.stft(torch.from_numpy(samples), _WINDOW, _HOP, window=window, return_complex=True).numpy()


def _samples(spectrum: np.ndarray[tuple[int, ...], np.dtype[np.complex64]], length: int) -> Samples:
    window = torch.hann_window(_WINDOW)
    samples: Samples = torch.istft(torch.from_numpy(spectrum), _WINDOW, _HOP, window=window, length=length).numpy()
    return samples
