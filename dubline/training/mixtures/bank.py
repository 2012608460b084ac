"""A bank of stems on the training device: made once, heard several times, never twice in the same mixture.

Drawing and coloring recordings takes a processor longer than a GPU takes to learn from them. So the stems of every
mixture stay for a while, and each step pairs voices, music and effects of different mixtures, cut, colored and set at
levels anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from dubline.training.corpus import RATE
from dubline.training.mixtures.mixer import LEVEL_FRAME, PAUSE_DB, MixtureRules

# Points at which a random response is drawn, spread evenly over octaves.
RESPONSE_POINTS = 8
SILENCE_POWER = 1e-12
PEAK = 0.99


@dataclass(frozen=True, slots=True)
class BankRules:
    """How stems are kept and paired: ``size`` sets at most, ``fresh`` new ones per batch.

    ``spare_seconds`` longer than a mixture, so that it is cut elsewhere each time. ``response_db`` is the deviation of
    the random response of a stem, ``reverse`` the share of music and effects that runs backwards. With ``levels`` drawn
    anew, they are those of the mixture rules; else stems keep the ones they came with.
    """

    size: int = 256
    fresh: int = 2
    spare_seconds: float = 1.0
    response_db: float = 4.0
    reverse: float = 0.15
    levels: bool = True


class Bank:
    """Turns batches of stems ``(fresh, 3, channels, longer)`` into others, re-paired, ``(batch, 3, channels, frames)``.

    Deterministic for the same batches and seed, on one kind of device.
    """

    def __init__(self, made: Iterator[Tensor], *, rules: BankRules, mixtures: MixtureRules, device: str, seed: int):
        self._made = made
        self._rules = rules
        self._mixtures = mixtures
        self._device = torch.device(device)
        self._random = torch.Generator(self._device).manual_seed(seed)
        self._sets: Tensor | None = None
        self._filled = 0
        self._next = 0

    def batch(self, size: int) -> Tensor:
        """``size`` mixtures, at most as many as the bank holds: stems ``(size, 3, channels, frames)``."""
        while self._filled < size:
            self._take(next(self._made))
        self._take(next(self._made))
        assert self._sets is not None
        stems = torch.stack([self._sets[self._pick(size), role] for role in range(3)])
        colored = self._color(self._cut(stems))
        return (self._balance(colored) if self._rules.levels else colored).transpose(0, 1)

    def _take(self, fresh: Tensor) -> None:
        """Store new sets over the oldest."""
        if self._sets is None:
            self._sets = torch.zeros(self._rules.size, *fresh.shape[1:], device=self._device)
        places = (torch.arange(len(fresh)) + self._next) % self._rules.size
        self._sets[places.to(self._device)] = fresh.to(self._device, non_blocking=True)
        self._next = int(places[-1]) + 1
        self._filled = min(self._filled + len(fresh), self._rules.size)

    def _pick(self, count: int) -> Tensor:
        return torch.randperm(self._filled, device=self._device, generator=self._random)[:count]

    def _uniform(self, *shape: int) -> Tensor:
        return torch.rand(shape, device=self._device, generator=self._random)

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, device=self._device, generator=self._random)

    def _cut(self, stems: Tensor) -> Tensor:
        """``(3, batch, channels, longer)`` to ``(…, frames)``, each stem from its own place, some of M&E backwards."""
        frames = self._mixtures.frames
        spare = stems.shape[-1] - frames
        starts = (self._uniform(*stems.shape[:2], 1, 1) * (spare + 1)).long().clamp(max=spare)
        steps = torch.arange(frames, device=self._device)
        backwards = self._uniform(*stems.shape[:2], 1, 1) < self._rules.reverse
        backwards[0] = False
        places = starts + torch.where(backwards, frames - 1 - steps, steps)
        return stems.gather(-1, places.expand(-1, -1, stems.shape[2], -1))

    def _color(self, stems: Tensor) -> Tensor:
        """A smooth random response and polarity for every stem, the same in its channels."""
        spectrum = torch.fft.rfft(stems)
        octaves = torch.linspace(0, 1, spectrum.shape[-1], device=self._device).mul(RATE / 2 / 40).clamp(min=1).log2()
        place = octaves / octaves[-1] * (RESPONSE_POINTS - 1)
        below = place.long().clamp(max=RESPONSE_POINTS - 2)
        points = self._normal(*stems.shape[:2], 1, RESPONSE_POINTS) * self._rules.response_db
        gain_db = torch.lerp(points[..., below], points[..., below + 1], place - below)
        polarity = self._uniform(*stems.shape[:2], 1, 1).sub(0.5).sign()
        colored: Tensor = torch.fft.irfft(spectrum * (10 ** (gain_db / 20) * polarity), stems.shape[-1])
        return colored

    def _balance(self, stems: Tensor) -> Tensor:
        """Levels as `Mixer` sets them: music against effects, dialogue against both, then the level of all."""
        rules, count = self._mixtures, stems.shape[1]
        dialogue, music, effects = (stem / _level(stem) for stem in stems)
        effects = effects * self._decibels(count, rules.music_over_effects, sign=-1)
        background = music + effects
        dialogue = dialogue * _level(background) * self._decibels(count, rules.dialogue_over_background)
        mix = dialogue + background
        gain = self._decibels(count, rules.level) / _level(mix)
        gain = torch.minimum(gain, PEAK / mix.abs().amax((-2, -1), keepdim=True).clamp(min=SILENCE_POWER))
        return torch.stack((dialogue, music, effects)) * gain

    def _decibels(self, count: int, spread: tuple[float, float], sign: int = 1) -> Tensor:
        mean, deviation = spread
        gain: Tensor = 10 ** (sign * (mean + deviation * self._normal(count, 1, 1)) / 20)
        return gain


def _level(samples: Tensor) -> Tensor:
    """Root mean square ``(batch, 1, 1)`` of ``(batch, channels, n)`` over what is not a pause, 1 for silence.

    ``n`` is at least a frame.
    """
    whole = samples.shape[-1] // LEVEL_FRAME
    frames = samples[..., : whole * LEVEL_FRAME].reshape(*samples.shape[:-1], whole, LEVEL_FRAME)
    power = frames.square().mean((1, 3))
    heard = power >= power.amax(-1, keepdim=True) * 10 ** (-PAUSE_DB / 10)
    active = (power * heard).sum(-1, keepdim=True) / heard.sum(-1, keepdim=True)
    return torch.where(active > SILENCE_POWER, active, torch.ones_like(active)).sqrt()[..., None]
