"""The event classifier's network: which human sounds an M&E holds, frame by frame.

Convolutions over log-mel pictures of the M&E and of the dialogue stem, then dilated convolutions along time. Its reach
is bounded, so that a file heard in pieces with `REACH` frames of context gives what one piece would give. Beside the
pictures it sees what silero-vad's network, which knows thousands of languages, has in mind of the M&E.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from dubline.vocalization.events import LABELS
from dubline.vocalization.silero import FRAME, HIDDEN, RATE

# Two pictures a frame.
HOP = FRAME // 2
WINDOW = 512
MELS = 64
_LOW_HZ, _HIGH_HZ = 50.0, 7_800.0
_FLOOR = 1e-7
# Layers of three frames before those along time, and the frames that one frame's pictures overlap on either side.
_SEPARABLES, _FRONT = 4, 2
_STREAMS = 2


@dataclass(frozen=True, slots=True)
class EventNetConfig:
    """``widths``: channels of the three picture stages; ``hidden``: channels along time; ``dilations``: its layers."""

    widths: tuple[int, int, int] = (32, 96, 160)
    hidden: int = 224
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 24)

    @property
    def reach(self) -> int:
        """Frames on either side that a decision can depend on."""
        return sum(self.dilations) + _SEPARABLES + _FRONT


class LogMel(nn.Module):
    """``(batch, n)`` at 16 kHz, n a multiple of FRAME, to ``(batch, MELS, 2 n / FRAME)``: picture k is centered on
    sample (k + 1/2) HOP."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("window", torch.hann_window(WINDOW), persistent=False)
        self.register_buffer("bank", mel_bank(), persistent=False)
        self.window: Tensor
        self.bank: Tensor

    def forward(self, samples: Tensor) -> Tensor:
        edge = (WINDOW - HOP) // 2
        frames = torch.nn.functional.pad(samples, (edge, edge)).unfold(-1, WINDOW, HOP) * self.window
        power = torch.fft.rfft(frames).abs().square() @ self.bank.T
        # Hann's power, so that full scale noise is near 0.
        return (torch.log10(power / WINDOW + _FLOOR) / 2.0 + 1.0).transpose(1, 2)


def mel_bank() -> Tensor:
    """Triangles ``(MELS, WINDOW / 2 + 1)`` evenly spaced on the mel scale of O'Shaughnessy (1987)."""
    low, high = (2595.0 * torch.log10(torch.tensor(1.0 + hz / 700.0)) for hz in (_LOW_HZ, _HIGH_HZ))
    corners = 700.0 * (10.0 ** (torch.linspace(float(low), float(high), MELS + 2) / 2595.0) - 1.0)
    bins = torch.linspace(0.0, RATE / 2, WINDOW // 2 + 1)
    rising = (bins - corners[:-2, None]) / (corners[1:-1] - corners[:-2])[:, None]
    falling = (corners[2:, None] - bins) / (corners[2:] - corners[1:-1])[:, None]
    return torch.minimum(rising, falling).clamp(min=0.0)


class EventNet(nn.Module):
    """Scores of every label for M&E and stem ``(batch, n)`` at 16 kHz and silero's state ``(batch, frames, HIDDEN)``.

    Gives logits ``(batch, frames, labels)``, frames = n / FRAME. Every layer keeps its padding at both ends, so that
    only the outermost ``config.reach`` frames of a piece differ from those of a longer one.
    """

    def __init__(self, config: EventNetConfig | None = None) -> None:
        super().__init__()
        self.config = config or EventNetConfig()
        first, second, third = self.config.widths
        hidden = self.config.hidden
        self.pictures = LogMel()
        self.stem = nn.Sequential(
            nn.Conv2d(_STREAMS, first, 5, stride=(2, 2), padding=2), nn.BatchNorm2d(first), nn.ReLU()
        )
        self.stages = nn.Sequential(
            _separable(first, second, stride=2),
            _separable(second, second),
            _separable(second, third, stride=2),
            _separable(third, third),
        )
        self.narrow = nn.Linear(third * MELS // 8, hidden)
        self.known = nn.Linear(HIDDEN, hidden)
        self.layers = nn.ModuleList(_Along(hidden, dilation) for dilation in self.config.dilations)
        self.decide = nn.Linear(hidden, len(LABELS))

    def forward(self, me: Tensor, stem: Tensor, known: Tensor) -> Tensor:
        pictures = torch.stack([self.pictures(me), self.pictures(stem)], 1)
        x = self.stages(self.stem(pictures))
        x = self.narrow(x.flatten(1, 2).transpose(1, 2)) + self.known(known)
        x = x.transpose(1, 2)
        for layer in self.layers:
            x = layer(x)
        logits: Tensor = self.decide(torch.relu(x).transpose(1, 2))
        return logits

    def about(self) -> dict[str, Any]:
        """What a checkpoint says of itself."""
        return {"architecture": "events", "config": asdict(self.config), "labels": list(LABELS)}


def _separable(channels: int, out: int, stride: int = 1) -> nn.Sequential:
    """A depthwise 3x3 (Howard et al., 2017), ``stride`` along frequency, and a mix of channels."""
    return nn.Sequential(
        nn.Conv2d(channels, channels, 3, stride=(stride, 1), padding=1, groups=channels, bias=False),
        nn.BatchNorm2d(channels),
        nn.Conv2d(channels, out, 1, bias=False),
        nn.BatchNorm2d(out),
        nn.ReLU(),
    )


class _Along(nn.Module):
    """A residual layer along time: depthwise over three frames ``dilation`` apart, then a mix of channels."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.BatchNorm1d(channels),
            nn.ReLU(),
            nn.Conv1d(channels, channels, 3, padding=dilation, dilation=dilation, groups=channels, bias=False),
            nn.Conv1d(channels, channels, 1),
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.Conv1d(channels, channels, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.body(x)
        return out
