"""silero-vad's 16 kHz network, run from the weights its wheel carries.

The package itself is never imported: doing so sets torch to one thread for the whole process.
Source: silero-vad 6 (MIT), the published shape: STFT as a convolution, four 1-D convolutions, one LSTM cell.
Everything before the LSTM has no memory, so a block's frames go through it as one batch.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from dubline.errors import EnvironmentFault

Block = npt.NDArray[np.float32]

RATE = 16_000
FRAME = 512  # 32 ms, one probability each
CONTEXT = 64  # samples of the previous frame seen again
HIDDEN = 128
_HOP = 128
_PAD = 64
_BINS = 129  # of the 256-point STFT
_WEIGHTS = Path("data") / "silero_vad_16k.safetensors"


class SileroNet(nn.Module):
    """Speech probability per 32 ms frame; parameter names are those of the weight file."""

    def __init__(self) -> None:
        super().__init__()
        self.stft_conv = nn.Conv1d(1, 2 * _BINS, 2 * _HOP, stride=_HOP, bias=False)
        self.conv1 = nn.Conv1d(_BINS, 128, 3, padding=1)
        self.conv2 = nn.Conv1d(128, 64, 3, stride=2, padding=1)
        self.conv3 = nn.Conv1d(64, 64, 3, stride=2, padding=1)
        self.conv4 = nn.Conv1d(64, HIDDEN, 3, padding=1)
        self.lstm = nn.LSTM(HIDDEN, HIDDEN)
        self.final_conv = nn.Conv1d(HIDDEN, 1, 1)

    def encode(self, frames: Tensor) -> Tensor:
        """``frames``: (n, CONTEXT + FRAME) -> features (n, HIDDEN)."""
        spectrum = self.stft_conv(F.pad(frames.unsqueeze(1), (0, _PAD), mode="reflect"))
        x = torch.hypot(spectrum[:, :_BINS], spectrum[:, _BINS:])
        for conv in (self.conv1, self.conv2, self.conv3, self.conv4):
            x = F.relu(conv(x))
        return x.squeeze(-1)

    def decode(self, features: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """``features``: (frames, streams, HIDDEN) -> probabilities (frames, streams) and the next state."""
        hidden, state = self.lstm(features, state)
        logits = F.linear(F.relu(hidden), self.final_conv.weight.squeeze(-1), self.final_conv.bias)
        return torch.sigmoid(logits.squeeze(-1)), state


def weights_path() -> Path:
    """The weight file of the installed wheel; `EnvironmentFault` when the wheel or the file is missing."""
    spec = importlib.util.find_spec("silero_vad")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / _WEIGHTS
        if path.is_file():
            return path
    raise EnvironmentFault("the silero-vad weights are missing", str(_WEIGHTS), "install silero-vad 6.2 or later")


@cache
def load_net() -> SileroNet:
    """The network with the wheel's weights; `EnvironmentFault` when they are missing or of another shape."""
    path = weights_path()
    weights = load_file(path)
    # The file names an LSTM cell; the same weights run a whole block in one call as a one-layer LSTM.
    named = {f"{key.replace('lstm_cell.', 'lstm.')}_l0" if "lstm" in key else key: w for key, w in weights.items()}
    net = SileroNet()
    try:
        net.load_state_dict(named)
    except RuntimeError as error:
        raise EnvironmentFault("the silero-vad weights do not fit", str(path), "install silero-vad 6.2") from error
    return net.eval().requires_grad_(False)


class VoiceActivity:
    """Streaming speech probabilities of several parallel 16 kHz signals, one per column."""

    def __init__(self, streams: int = 1) -> None:
        self._net = load_net()
        self._streams = streams
        self._state = (torch.zeros(1, streams, HIDDEN), torch.zeros(1, streams, HIDDEN))
        self._held = np.zeros((CONTEXT, streams), dtype=np.float32)

    def process(self, block: Block) -> Block:
        """``block``: (n, streams) float32 at 16 kHz -> (frames completed, streams) probabilities in 0..1.

        Samples that are not finite count as silence: one of them would stay in the state for good.
        """
        clean = np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0)
        held = np.concatenate([self._held, clean])
        count = (len(held) - CONTEXT) // FRAME
        self._held = held[count * FRAME :]
        if count == 0:
            return np.zeros((0, self._streams), dtype=np.float32)
        return self._infer(held[: count * FRAME + CONTEXT])

    def flush(self) -> Block:
        """The last frame, completed with silence: (0 or 1, streams)."""
        missing = FRAME + CONTEXT - len(self._held)
        if missing == FRAME:
            return np.zeros((0, self._streams), dtype=np.float32)
        return self.process(np.zeros((missing, self._streams), dtype=np.float32))

    @torch.inference_mode()
    def _infer(self, samples: Block) -> Block:
        # unfold gives (frames, streams, CONTEXT + FRAME): every frame with the tail of the one before it.
        frames = torch.from_numpy(samples).unfold(0, CONTEXT + FRAME, FRAME)
        count = frames.shape[0]
        features = self._net.encode(frames.reshape(count * self._streams, CONTEXT + FRAME))
        chances, self._state = self._net.decode(features.view(count, self._streams, HIDDEN), self._state)
        answer: Block = chances.numpy()
        return answer
