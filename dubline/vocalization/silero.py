"""silero-vad's 16 kHz network in numpy, run from the weights its wheel carries.

The package itself is never imported: doing so sets torch to one thread for the whole process. Nor is torch used:
it shares even steps this small among its threads, and on a busy machine their waiting for each other costs forty
times the work itself.

Source: silero-vad 6 (MIT), the published shape: STFT as a convolution, four 1-D convolutions, one LSTM cell.
Everything before the LSTM has no memory, so all frames of a block go through it as one batch.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file

from dubline.errors import EnvironmentFault

Floats = npt.NDArray[np.float32]

RATE = 16_000
FRAME = 512  # 32 ms, one probability each
CONTEXT = 64  # samples of the previous frame seen again
HIDDEN = 128
_WINDOW = 256
_HOP = 128
_PAD = 64
_BINS = 129
_STRIDES = {"conv1": 1, "conv2": 2, "conv3": 2, "conv4": 1}
_SHAPES: dict[str, tuple[int, ...]] = {
    "stft_conv.weight": (2 * _BINS, 1, _WINDOW),
    "conv1.weight": (128, _BINS, 3),
    "conv1.bias": (128,),
    "conv2.weight": (64, 128, 3),
    "conv2.bias": (64,),
    "conv3.weight": (64, 64, 3),
    "conv3.bias": (64,),
    "conv4.weight": (HIDDEN, 64, 3),
    "conv4.bias": (HIDDEN,),
    "lstm_cell.weight_ih": (4 * HIDDEN, HIDDEN),
    "lstm_cell.weight_hh": (4 * HIDDEN, HIDDEN),
    "lstm_cell.bias_ih": (4 * HIDDEN,),
    "lstm_cell.bias_hh": (4 * HIDDEN,),
    "final_conv.weight": (1, HIDDEN, 1),
    "final_conv.bias": (1,),
}
# OpenBLAS shares a product of matrices of more multiplications than this among threads, one of a matrix and a vector
# of more than 9216; the network is so small that threads cost it more than they give.
_ONE_THREAD = 262_144
_FILE = Path("data") / "silero_vad_16k.safetensors"


def weights_path() -> Path:
    """The weight file of the installed wheel; `EnvironmentFault` when the wheel or the file is missing."""
    spec = importlib.util.find_spec("silero_vad")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / _FILE
        if path.is_file():
            return path
    raise EnvironmentFault("the silero-vad weights are missing", str(_FILE), "install silero-vad 6.2 or later")


@dataclass(frozen=True, slots=True)
class SileroNet:
    """The network without its state; ``weights`` are named and shaped as in the file (torch's order)."""

    weights: dict[str, Floats]

    def encode(self, frames: Floats) -> Floats:
        """``frames``: (n, CONTEXT + FRAME) -> what they drive the LSTM's gates with, (n, 4, HIDDEN)."""
        x = self._magnitudes(np.pad(frames, ((0, 0), (0, _PAD)), mode="reflect"))
        for name, stride in _STRIDES.items():
            x = np.maximum(_convolve(x, self.weights[f"{name}.weight"], stride) + self.weights[f"{name}.bias"], 0.0)
        bias = self.weights["lstm_cell.bias_ih"] + self.weights["lstm_cell.bias_hh"]
        driven = _product(x.reshape(len(x), HIDDEN), self.weights["lstm_cell.weight_ih"]) + bias
        return driven.reshape(len(x), 4, HIDDEN)

    def recur(self, driven: Floats, state: tuple[Floats, Floats]) -> tuple[Floats, tuple[Floats, Floats]]:
        """``driven``: (frames, streams, 4, HIDDEN) -> hidden (frames, streams, HIDDEN), and the next state."""
        halves = self.weights["lstm_cell.weight_hh"].reshape(8, HIDDEN // 2, HIDDEN).swapaxes(1, 2)
        hidden, cell = state
        out = np.empty((*driven.shape[:2], HIDDEN), dtype=np.float32)
        for at, drive in enumerate(driven.swapaxes(1, 2)):
            gates = drive + (hidden @ halves).reshape(4, 2, -1, HIDDEN // 2).swapaxes(1, 2).reshape(4, -1, HIDDEN)
            take, forget, show = _sigmoid(gates[[0, 1, 3]])
            cell = forget * cell + take * np.tanh(gates[2])
            hidden = out[at] = show * np.tanh(cell)
        return out, (hidden, cell)

    def decide(self, hidden: Floats) -> Floats:
        """(frames, streams, HIDDEN) -> probabilities (frames, streams)."""
        logits = (np.maximum(hidden, 0.0) * self.weights["final_conv.weight"].reshape(HIDDEN)).sum(axis=-1)
        return _sigmoid(logits + self.weights["final_conv.bias"])

    def _magnitudes(self, samples: Floats) -> Floats:
        """(n, samples) -> (n, steps, bins)."""
        windows = np.lib.stride_tricks.sliding_window_view(samples, _WINDOW, axis=1)[:, ::_HOP]
        spectrum = _product(windows.reshape(-1, _WINDOW), self.weights["stft_conv.weight"].reshape(-1, _WINDOW))
        magnitudes: Floats = np.hypot(spectrum[:, :_BINS], spectrum[:, _BINS:])
        return magnitudes.reshape(len(samples), -1, _BINS)


@cache
def load_net() -> SileroNet:
    """The network with the wheel's weights; `EnvironmentFault` when they are missing or of another shape."""
    path = weights_path()
    weights = load_file(path)
    if {name: weight.shape for name, weight in weights.items()} != _SHAPES:
        raise EnvironmentFault("the silero-vad weights do not fit", str(path), "install silero-vad 6.2")
    return SileroNet(weights)


class VoiceActivity:
    """Streaming speech probabilities of several parallel 16 kHz signals, one per column."""

    def __init__(self, streams: int = 1) -> None:
        self._net = load_net()
        self._streams = streams
        self._state = (np.zeros((streams, HIDDEN), np.float32), np.zeros((streams, HIDDEN), np.float32))
        self._held = np.zeros((CONTEXT, streams), dtype=np.float32)

    def process(self, block: Floats) -> Floats:
        """``block``: (n, streams) float32 at 16 kHz -> (frames completed, streams) probabilities in 0..1.

        Samples that are not finite count as silence: one of them would stay in the state for good.
        """
        return self.decide(self.states(block))

    def states(self, block: Floats) -> Floats:
        """What the network has in mind after each frame that ``block`` completes: (frames, streams, HIDDEN)."""
        clean = np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0)
        held = np.concatenate([self._held, clean])
        count = (len(held) - CONTEXT) // FRAME
        self._held = held[count * FRAME :]
        if count == 0:
            return np.zeros((0, self._streams, HIDDEN), dtype=np.float32)
        # (frames, streams, CONTEXT + FRAME): every frame with the tail of the one before it.
        views = np.lib.stride_tricks.sliding_window_view(held, CONTEXT + FRAME, axis=0)[::FRAME][:count]
        driven = self._net.encode(views.reshape(-1, CONTEXT + FRAME))
        hidden, self._state = self._net.recur(driven.reshape(count, self._streams, 4, HIDDEN), self._state)
        return hidden

    def decide(self, states: Floats) -> Floats:
        """The probabilities that `states` stand for."""
        return self._net.decide(states)

    def flush(self) -> Floats:
        """The last frame, completed with silence: (0 or 1, streams)."""
        return self.decide(self.flush_states())

    def flush_states(self) -> Floats:
        """`states` of the last frame, completed with silence: (0 or 1, streams, HIDDEN)."""
        missing = (FRAME + CONTEXT - len(self._held)) % FRAME
        return self.states(np.zeros((missing, self._streams), dtype=np.float32))


def _convolve(x: Floats, weight: Floats, stride: int) -> Floats:
    """``x`` (n, steps, in), ``weight`` (out, in, 3), one step of zeros at either end -> (n, steps', out)."""
    padded = np.pad(x, ((0, 0), (1, 1), (0, 0)))
    # (n, steps', in, 3), taps last as in the weight.
    windows = np.lib.stride_tricks.sliding_window_view(padded, 3, axis=1)[:, ::stride]
    count, steps = windows.shape[:2]
    return _product(windows.reshape(count * steps, -1), weight.reshape(len(weight), -1)).reshape(count, steps, -1)


def _product(rows: Floats, weight: Floats) -> Floats:
    """``rows`` (n, in) times ``weight`` (out, in) -> (n, out), a few rows at a time."""
    height = max(2, _ONE_THREAD // weight.size)
    stacked = np.pad(rows, ((0, -len(rows) % height), (0, 0))).reshape(-1, height, rows.shape[1])
    product: Floats = np.matmul(stacked, weight.T).reshape(-1, len(weight))
    return product[: len(rows)]


def _sigmoid(x: Floats) -> Floats:
    # By tanh, which cannot overflow.
    answer: Floats = np.float32(0.5) * (np.tanh(np.float32(0.5) * x) + np.float32(1.0))
    return answer
