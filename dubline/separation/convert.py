"""Published checkpoints as safetensors under the names of dubline's networks.

One table says, for every architecture, what its published tensors are called here and which are left out. A tensor that
no rule knows is refused: the file is of another architecture then.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from dubline.errors import BadInput, EnvironmentFault
from dubline.separation.checkpoint import open_checkpoint
from dubline.separation.registry import sha256_of


@dataclass(frozen=True, slots=True)
class Rule:
    """Tensors whose whole name fits ``pattern`` are called ``name`` here (a template of `re.Match.expand`).

    They are left out where ``name`` is None; ``change`` gives them the form they have here.
    """

    pattern: str
    name: str | Callable[[re.Match[str]], str] | None = None
    change: Callable[[Tensor], Tensor] | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """How an architecture's checkpoints are laid out. With ``per_target`` every target has a file of its own, whose
    name begins with the target's (``vocals-b62c91ce.pth``)."""

    rules: tuple[Rule, ...]
    per_target: bool = False


# A bias or a weight, whatever it belongs to.
_VALUE = r"(weight|bias)"
_NORM = r"(weight|bias|running_mean|running_var|num_batches_tracked)"


def _stereo_filters(weight: Tensor) -> Tensor:
    """The matrix ``(channels * length, filters)`` of two channels as a convolution ``(filters, channels, length)``."""
    return weight.T.reshape(weight.shape[1], 2, -1)


LAYOUTS = {
    # As PyTorch Lightning saves it. The duplicates, the windows and the bands' weights are not parameters.
    "bandit-v2": Layout(
        (
            Rule(r"loss_handler\..+"),
            Rule(r"model\.i?stft\.window"),
            Rule(r"model\.mask_estim\.\w+\.freq_weights/\d+"),
            Rule(r"model\.mask_estim\.\w+\.norm_mlp\.\d+\.combined\..+"),
            Rule(rf"model\.band_split\.norm_fc_modules\.(\d+)\.combined\.([01])\.{_VALUE}", r"split.\1.\2.\3"),
            # Every second module there only turns the features.
            Rule(
                r"model\.tf_model\.seqband\.(\d+)\.(norm|rnn|fc)\.(\w+)",
                lambda m: f"blocks.{int(m[1]) // 2}.{m[2].replace('fc', 'out')}.{m[3]}",
            ),
            Rule(rf"model\.mask_estim\.(\w+)\.norm_mlp\.(\d+)\.norm\.{_VALUE}", r"heads.\1.\2.0.\3"),
            Rule(rf"model\.mask_estim\.(\w+)\.norm_mlp\.(\d+)\.hidden\.0\.{_VALUE}", r"heads.\1.\2.1.\3"),
            Rule(rf"model\.mask_estim\.(\w+)\.norm_mlp\.(\d+)\.output\.0\.{_VALUE}", r"heads.\1.\2.3.\3"),
        )
    ),
    "mrx": Layout(
        (
            Rule(rf"_encoders\.(\d)\.layer\.([012])\.{_NORM}", r"encoders.\1.\2.\3"),
            Rule(r"_cross_net\.lstm\.(\d)\.(\w+)", r"branches.\1.\2"),
            Rule(rf"_decoders\.(\d)\.(\d)\.block\.([0134])\.{_NORM}", r"decoders.\1.\2.\3.\4"),
        )
    ),
    # As Demucs 1 and 2 save it, the form of Conv-TasNet that Strauss et al. began with.
    "conv-tasnet": Layout(
        (
            Rule(r"encoder\.conv1d_U\.weight", "encoder.weight"),
            Rule(r"decoder\.basis_signals\.weight", "decoder.weight", _stereo_filters),
            Rule(r"separator\.network\.0\.gamma", "norm.weight", Tensor.flatten),
            Rule(r"separator\.network\.0\.beta", "norm.bias", Tensor.flatten),
            Rule(r"separator\.network\.1\.weight", "bottleneck.weight"),
            Rule(r"separator\.network\.2\.(\d+\.\d+)\.net\.([01])\.weight", r"blocks.\1.layers.\2.weight"),
            Rule(
                r"separator\.network\.2\.(\d+\.\d+)\.net\.3\.net\.([013])\.weight",
                lambda m: f"blocks.{m[1]}.layers.{int(m[2]) + 3}.weight",
            ),
            Rule(
                r"separator\.network\.2\.(\d+\.\d+)\.net\.(2|3\.net\.2)\.(gamma|beta)",
                lambda m: f"blocks.{m[1]}.layers.{2 if m[2] == '2' else 5}.{'weight' if m[3] == 'gamma' else 'bias'}",
                Tensor.flatten,
            ),
            Rule(r"separator\.network\.3\.weight", "mask.weight"),
        )
    ),
    # Older files also hold the transform's window and the rate.
    "open-unmix": Layout(
        (
            Rule(r"\w+\.(stft|transform\.\d+)\.window"),
            Rule(r"\w+\.sample_rate"),
            Rule(r"\w+\.(input|output)_(mean|scale)", r"\g<0>"),
            Rule(r"\w+\.fc[123]\.weight", r"\g<0>"),
            Rule(rf"\w+\.bn[123]\.{_NORM}", r"\g<0>"),
            Rule(r"\w+\.lstm\.(weight|bias)_[ih]h_l\d(_reverse)?", r"\g<0>"),
        ),
        per_target=True,
    ),
}


def convert(files: Sequence[Path], architecture: str, out: Path) -> str:
    """Write the weights in ``files`` as safetensors to ``out``, and give its sha256.

    Nothing in the files is run. ``out`` appears whole or not at all and says which bytes it came from. Raises
    `BadInput` for an unknown architecture, for a file that is no checkpoint and for one of another architecture;
    `EnvironmentFault` where ``out`` cannot be written.
    """
    if architecture not in LAYOUTS:
        raise BadInput(f"no conversion for {architecture!r}", "architecture", f"use one of {sorted(LAYOUTS)}")
    layout = LAYOUTS[architecture]
    if len(files) > 1 and not layout.per_target:
        raise BadInput(f"{len(files)} files for one {architecture}", str(files[1]), "convert one at a time")
    weights: dict[str, Tensor] = {}
    for file in files:
        if not file.is_file():
            raise BadInput("no such checkpoint", str(file), "give the checkpoint's path")
        if out.exists() and out.samefile(file):
            raise BadInput("a checkpoint is not written over", str(out), "name another output")
        found = _weights(file, layout, architecture)
        if weights.keys() & found.keys():
            raise BadInput("the same target twice", str(file), "give one file for each target")
        weights |= found
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.part")
    # One entry alone: several are written in any order, and the same weights would get another hash.
    source = {"converted_from": " ".join(sha256_of(file) for file in files)}
    try:
        save_file(weights, part, metadata=source)
    except SafetensorError as error:
        raise EnvironmentFault(str(error), str(out), "free space, or name a writable place") from error
    # Others may read it as they may read the checkpoint: safetensors writes for its owner alone.
    shutil.copymode(files[0], part)
    with part.open("rb") as written:
        os.fsync(written.fileno())
    part.replace(out)
    return sha256_of(out)


def _weights(file: Path, layout: Layout, architecture: str) -> dict[str, Tensor]:
    """The tensors of one checkpoint under the names they have here."""
    prefix = f"{_target(file)}." if layout.per_target else ""
    weights: dict[str, Tensor] = {}
    with open_checkpoint(file) as checkpoint:
        for name, stored in checkpoint.state_dict().items():
            for rule in layout.rules:
                if match := re.fullmatch(rule.pattern, prefix + name):
                    break
            else:
                raise BadInput(f"{name!r} is no tensor of {architecture}", str(file), "name its architecture")
            if rule.name is None:
                continue
            tensor = checkpoint.read(stored)
            renamed = match.expand(rule.name) if isinstance(rule.name, str) else rule.name(match)
            weights[renamed] = rule.change(tensor).contiguous() if rule.change else tensor
    if not weights:
        raise BadInput(f"no tensor of {architecture} in it", str(file), "name its architecture")
    return weights


def _target(file: Path) -> str:
    match = re.match("[a-z]+", file.name)
    if match is None:
        raise BadInput("its name does not begin with a target's", str(file), "call it vocals.pth, drums.pth, …")
    return match[0]
