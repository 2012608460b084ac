"""The network against the wheel's own, run in a process of its own because importing it sets torch to one thread."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from dubline.errors import EnvironmentFault
from dubline.vocalization import silero
from dubline.vocalization.silero import FRAME, RATE, VoiceActivity

Samples = npt.NDArray[np.float32]

# The wheel's TorchScript holds another training of the same network: give it the weights of the safetensors file.
REFERENCE = """
import sys, numpy as np, torch
from safetensors.torch import load_file
from silero_vad import load_silero_vad
model, weights = load_silero_vad(), load_file(sys.argv[1])
names = {f"conv{n}": f"encoder.{n - 1}.reparam_conv" for n in (1, 2, 3, 4)}
names |= {"lstm_cell": "decoder.rnn", "final_conv": "decoder.decoder.2"}
state = model.state_dict()
for key, value in weights.items():
    part, kind = key.rsplit(".", 1)
    state["_model.stft.forward_basis_buffer" if part == "stft_conv" else f"_model.{names[part]}.{kind}"] = value
model.load_state_dict(state)
samples = torch.from_numpy(np.load(sys.argv[2]))
with torch.no_grad():
    chances = [float(model(frame, 16000)) for frame in samples.split(512)]
np.save(sys.argv[3], np.array(chances, dtype=np.float32))
"""


def test_it_answers_as_the_wheels_own_network(tmp_path: Path, voice: Callable[[int], Samples]) -> None:
    spoken = np.concatenate([np.zeros(RATE // 2, np.float32), voice(RATE), np.zeros(RATE // 2, np.float32)])
    samples = spoken[: len(spoken) // FRAME * FRAME]
    np.save(tmp_path / "in.npy", samples)
    command = [sys.executable, "-c", REFERENCE, silero.weights_path(), tmp_path / "in.npy", tmp_path / "out.npy"]
    subprocess.run([str(part) for part in command], check=True, capture_output=True)
    ours = VoiceActivity().process(samples[:, None])[:, 0]
    np.testing.assert_allclose(ours, np.load(tmp_path / "out.npy"), atol=1e-4)
    assert ours.max() > 0.99


@settings(max_examples=10, deadline=None)
@given(cuts=st.lists(st.integers(1, 20000), max_size=8))
def test_it_does_not_matter_how_the_stream_is_cut(cuts: list[int], voice: Callable[[int], Samples]) -> None:
    samples = voice(RATE)[:, None]
    whole = VoiceActivity()
    expected = np.concatenate([whole.process(samples), whole.flush()])
    parts = VoiceActivity()
    pieces = [parts.process(piece) for piece in np.split(samples, np.minimum(np.cumsum([0, *cuts]), len(samples)))]
    np.testing.assert_allclose(np.concatenate([*pieces, parts.flush()]), expected, atol=1e-4)
    assert len(expected) == -(-len(samples) // FRAME)


def test_streams_do_not_hear_each_other(voice: Callable[[int], Samples]) -> None:
    spoken = voice(RATE)
    both = VoiceActivity(2).process(np.stack([spoken, np.zeros_like(spoken)], axis=1))
    np.testing.assert_allclose(both[:, 0], VoiceActivity().process(spoken[:, None])[:, 0], atol=1e-5)
    assert both[:, 1].max() < 0.1


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_one_bad_sample_does_not_deafen_it(bad: float, voice: Callable[[int], Samples]) -> None:
    activity = VoiceActivity()
    first = activity.process(np.full((FRAME, 1), bad, dtype=np.float32))
    later = activity.process(voice(RATE)[:, None])
    assert np.isfinite(first).all() and np.isfinite(later).all()
    assert later.max() > 0.99


def test_neither_the_package_nor_torch_is_imported() -> None:
    code = (
        "import sys; from dubline.vocalization.silero import load_net; load_net();"
        "assert not {'silero_vad', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_missing_weights_are_a_fault_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "silero_vad").mkdir()
    (tmp_path / "silero_vad" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(EnvironmentFault, match="weights are missing"):
        silero.weights_path()


def test_weights_of_another_shape_are_a_fault_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "silero_vad" / "data").mkdir(parents=True)
    (tmp_path / "silero_vad" / "__init__.py").touch()
    save_file({"conv1.bias": np.zeros(3, np.float32)}, tmp_path / "silero_vad" / "data" / "silero_vad_16k.safetensors")
    monkeypatch.syspath_prepend(tmp_path)
    silero.load_net.cache_clear()
    with pytest.raises(EnvironmentFault, match="do not fit"):
        silero.load_net()
