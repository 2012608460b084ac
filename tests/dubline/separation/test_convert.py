"""Published checkpoints load with the tensors they hold, and nothing in them ever runs."""

from __future__ import annotations

import builtins
import io
import os
import pickle
import re
import sys
import types
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

from dubline.errors import BadInput
from dubline.separation.bandit import Bandit, BanditConfig, musical_bands
from dubline.separation.checkpoint import open_checkpoint
from dubline.separation.convert import convert
from dubline.separation.convtasnet import ConvTasNet, ConvTasNetConfig
from dubline.separation.mrx import Mrx, MrxConfig
from dubline.separation.openunmix import OpenUnmix, OpenUnmixConfig
from dubline.separation.registry import sha256_of

TINY = BanditConfig(
    rate=8_000,
    n_fft=64,
    hop=16,
    bands=6,
    features=8,
    hidden=4,
    pairs=2,
    head=8,
    segment_seconds=0.2,
    context_seconds=0.1,
)
Weights = dict[str, Tensor]
both_formats = pytest.mark.parametrize("archive", [True, False], ids=["archive", "before-1.6"])


class DictConfig:
    """Looks in a pickle like OmegaConf's: an object of a module that dubline does not have."""

    def __init__(self, **content: object) -> None:
        self._content = content


DictConfig.__module__ = "omegaconf.dictconfig"


@pytest.fixture
def save(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Saves as PyTorch does, with a class of a library that is not there when the file is read."""

    def write(content: object, name: str = "model.ckpt", *, archive: bool = True) -> Path:
        path = tmp_path / name
        with monkeypatch.context() as patch:
            module = types.ModuleType("omegaconf.dictconfig")
            patch.setattr(module, "DictConfig", DictConfig, raising=False)
            patch.setitem(sys.modules, "omegaconf", types.ModuleType("omegaconf"))
            patch.setitem(sys.modules, "omegaconf.dictconfig", module)
            torch.save(content, path, _use_new_zipfile_serialization=archive)
        return path

    return write


def published_bandit(config: BanditConfig) -> Weights:
    """Random weights under the names of the published Bandit v2."""
    dim, seed = config.features, torch.Generator().manual_seed(1)

    def random(*shape: int) -> Tensor:
        return 0.3 * torch.randn(shape, generator=seed)

    def linear(name: str, inputs: int, outputs: int) -> Weights:
        return {f"{name}.weight": random(outputs, inputs), f"{name}.bias": random(outputs)}

    def norm(name: str, size: int) -> Weights:
        return {f"{name}.weight": 1 + random(size), f"{name}.bias": random(size)}

    weights: Weights = {"stft.window": torch.hann_window(config.n_fft), "istft.window": torch.hann_window(config.n_fft)}
    bands = musical_bands(config.n_fft, config.bands)
    for b, band in enumerate(bands):
        values = 2 * len(band)
        weights |= norm(f"band_split.norm_fc_modules.{b}.combined.0", values)
        weights |= linear(f"band_split.norm_fc_modules.{b}.combined.1", values, dim)
    for k in range(0, 4 * config.pairs, 2):
        block = f"tf_model.seqband.{k}"
        weights |= norm(f"{block}.norm", dim)
        for way in ("", "_reverse"):
            weights[f"{block}.rnn.weight_ih_l0{way}"] = random(3 * config.hidden, dim)
            weights[f"{block}.rnn.weight_hh_l0{way}"] = random(3 * config.hidden, config.hidden)
            weights[f"{block}.rnn.bias_ih_l0{way}"] = random(3 * config.hidden)
            weights[f"{block}.rnn.bias_hh_l0{way}"] = random(3 * config.hidden)
        weights |= linear(f"{block}.fc", 2 * config.hidden, dim)
    for target in config.targets:
        for b, band in enumerate(bands):
            weights[f"mask_estim.{target}.freq_weights/{b}"] = torch.rand(
                len(band), dtype=torch.float64, generator=seed
            )
            head = f"mask_estim.{target}.norm_mlp.{b}"
            parts = {
                "norm": norm("", dim),
                "hidden.0": linear("", dim, config.head),
                "output.0": linear("", config.head, 4 * len(band)),
            }
            for part, again in (("norm", "0"), ("hidden.0", "1.0"), ("output.0", "2.0")):
                weights |= {f"{head}.{part}{name}": tensor for name, tensor in parts[part].items()}
                weights |= {f"{head}.combined.{again}{name}": tensor for name, tensor in parts[part].items()}
    return weights


def lightning(weights: Weights) -> dict[str, object]:
    """What PyTorch Lightning saves around them: a loss's buffers, settings, the optimizer's moments."""
    state = OrderedDict({f"model.{name}": tensor for name, tensor in weights.items()})
    losses = {f"loss_handler.speech/{part}_weight": torch.tensor(1.0) for part in ("audio", "real", "imag")}
    moments = {k: {"step": torch.tensor(7.0), "exp_avg": torch.randn(5, 3)} for k in range(3)}
    return {
        "epoch": 199,
        "state_dict": OrderedDict(state | losses),
        "optimizer_states": [{"state": moments, "param_groups": [{"lr": 1e-3, "params": [0, 1, 2]}]}],
        "hyper_parameters": DictConfig(model=DictConfig(n_bands=64), paths={"out": Path("runs")}),
        "callbacks": {"ModelCheckpoint": {"best_model_score": torch.tensor(3.0), "seen": {1, 2}}},
    }


def separate_as_published(weights: Mapping[str, Tensor], config: BanditConfig, wave: Tensor, target: str) -> Tensor:
    """The published recipe for one signal ``(samples,)``, spelled out on the published names."""
    window = weights["stft.window"]
    energy = window.square().sum().sqrt()
    x = torch.stft(wave, config.n_fft, config.hop, window=window, pad_mode="reflect", return_complex=True) / energy
    slices = [slice(band.start, band.stop) for band in musical_bands(config.n_fft, config.bands)]

    def norm(values: Tensor, name: str) -> Tensor:
        centered = values - values.mean(-1, keepdim=True)
        scaled = centered / (centered.square().mean(-1, keepdim=True) + 1e-5).sqrt()
        return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def linear(values: Tensor, name: str) -> Tensor:
        return values @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    features = []
    for b, band in enumerate(slices):
        values = torch.view_as_real(x[band].T.contiguous()).flatten(1)
        name = f"band_split.norm_fc_modules.{b}.combined"
        features.append(linear(norm(values, f"{name}.0"), f"{name}.1"))
    z = torch.stack(features)
    for k in range(2 * config.pairs):
        block = f"tf_model.seqband.{2 * k}"
        rnn = nn.GRU(config.features, config.hidden, batch_first=True, bidirectional=True)
        prefix = f"{block}.rnn."
        rnn.load_state_dict({n.removeprefix(prefix): w for n, w in weights.items() if n.startswith(prefix)})
        z = (z + linear(rnn(norm(z, f"{block}.norm"))[0], f"{block}.fc")).transpose(0, 1)
    total, count = torch.zeros_like(x), torch.zeros(len(x), 1)
    for b, band in enumerate(slices):
        head = f"mask_estim.{target}.norm_mlp.{b}"
        hidden = torch.tanh(linear(norm(z[b], f"{head}.norm"), f"{head}.hidden.0"))
        values, gates = linear(hidden, f"{head}.output.0").chunk(2, dim=-1)
        pairs = (values * torch.sigmoid(gates)).unflatten(-1, (-1, 2))
        total[band] += torch.complex(pairs[..., 0], pairs[..., 1]).T
        count[band] += 1
    spectrum = total / count * x * energy
    return torch.istft(spectrum, config.n_fft, config.hop, window=window, length=len(wave)).detach()


@both_formats
def test_bandit_separates_as_the_published_one(save: Callable[..., Path], tmp_path: Path, archive: bool) -> None:
    weights = published_bandit(TINY)
    convert([save(lightning(weights), archive=archive)], "bandit-v2", tmp_path / "bandit.safetensors")
    network = Bandit(TINY).eval()
    network.load_state_dict(load_file(tmp_path / "bandit.safetensors"))
    wave = torch.randn(TINY.chunk, generator=torch.Generator().manual_seed(2))
    stems = [separate_as_published(weights, TINY, wave, target) for target in TINY.targets]
    estimate = network(wave[None, None])
    assert torch.allclose(estimate.dialogue[0, 0], stems[0], atol=1e-5)
    assert torch.allclose(estimate.music[0, 0], stems[1] + (wave - sum(stems)) / 2, atol=1e-5)


def test_the_published_size_of_bandit_converts_whole(save: Callable[..., Path], tmp_path: Path) -> None:
    weights = published_bandit(BanditConfig())
    assert len(weights) == 2946
    out = tmp_path / "bandit.safetensors"
    digest = convert([source := save(lightning(weights))], "bandit-v2", out)
    converted = load_file(out)
    with torch.device("meta"):
        expected = {name: tensor.shape for name, tensor in Bandit().state_dict().items()}
    assert {name: tensor.shape for name, tensor in converted.items()} == expected
    assert sum(tensor.numel() for tensor in converted.values()) == 37_022_688
    assert torch.equal(converted["blocks.15.out.weight"], weights["tf_model.seqband.30.fc.weight"])
    assert torch.equal(converted["heads.music.63.3.bias"], weights["mask_estim.music.norm_mlp.63.output.0.bias"])
    assert digest == sha256_of(out)
    with safe_open(out, "pt") as file:
        assert file.metadata() == {"converted_from": sha256_of(source)}


def renamed(network: nn.Module, *rules: tuple[str, str | Callable[[re.Match[str]], str]]) -> Weights:
    """A network's weights under other names: ``rules`` of `re.sub`, in order."""
    names = {}
    for name, tensor in network.state_dict().items():
        published = name
        for pattern, replacement in rules:
            published = re.sub(pattern, replacement, published)
        names[published] = tensor
    return names


def assert_holds(path: Path, network: nn.Module) -> None:
    """The file holds exactly the network's tensors."""
    found, expected = load_file(path), network.state_dict()
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())


def test_the_same_checkpoint_gives_the_same_bytes(save: Callable[..., Path], tmp_path: Path) -> None:
    source = save(lightning(published_bandit(TINY)))
    assert len({convert([source], "bandit-v2", tmp_path / f"{k}.safetensors") for k in range(4)}) == 1


@both_formats
def test_mrx_converts_from_a_bare_state_dict(save: Callable[..., Path], tmp_path: Path, archive: bool) -> None:
    network = Mrx(MrxConfig(rate=8_000, windows=(64, 128, 256), hop=32, hidden=8))
    published = renamed(
        network,
        (r"^encoders\.(\d)", r"_encoders.\1.layer"),
        (r"^branches", "_cross_net.lstm"),
        (r"^decoders\.(\d\.\d)", r"_decoders.\1.block"),
    )
    convert([save(published, archive=archive)], "mrx", tmp_path / "mrx.safetensors")
    assert_holds(tmp_path / "mrx.safetensors", network)


@both_formats
def test_open_unmix_converts_from_a_file_for_each_target(
    save: Callable[..., Path], tmp_path: Path, archive: bool
) -> None:
    config = OpenUnmixConfig(targets=("vocals", "drums"), n_fft=64, hop=16, hidden=8)
    network = OpenUnmix(config)
    window = {"stft.window": torch.hann_window(64), "transform.0.window": torch.hann_window(64)}
    files = []
    for target, suffix in (("vocals", "b62c91ce"), ("drums", "9619578f")):
        state = OrderedDict(window | network.get_submodule(target).state_dict())
        wrapped = {"model_name": "OpenUnmix", "model_args": {"max_bin": 32}, "state_dict": state}
        files.append(save(state if target == "drums" else wrapped, f"{target}-{suffix}.pth", archive=archive))
    convert(files, "open-unmix", tmp_path / "umx.safetensors")
    assert_holds(tmp_path / "umx.safetensors", network)
    with pytest.raises(BadInput, match="same target twice"):
        convert([files[0], files[0]], "open-unmix", tmp_path / "umx.safetensors")


def test_conv_tasnet_converts_its_matrices_to_filters(save: Callable[..., Path], tmp_path: Path) -> None:
    network = ConvTasNet(ConvTasNetConfig(filters=6, length=4, bottleneck=5, hidden=7, blocks=2, repeats=2))
    for name, tensor in network.state_dict().items():
        if "norm" in name or tensor.ndim == 1:
            tensor.copy_(torch.randn(tensor.shape))
    published = renamed(
        network,
        (r"^encoder", "encoder.conv1d_U"),
        (r"^decoder", "decoder.basis_signals"),
        (r"^norm", "separator.network.0"),
        (r"^bottleneck", "separator.network.1"),
        (r"^blocks\.(\d\.\d)\.layers\.([012])", r"separator.network.2.\1.net.\2"),
        (r"^blocks\.(\d\.\d)\.layers\.(\d)", lambda m: f"separator.network.2.{m[1]}.net.3.net.{int(m[2]) - 3}"),
        (r"^mask", "separator.network.3"),
        (r"(network\.0|net\.2)\.weight$", r"\1.gamma"),
        (r"(network\.0|net\.2)\.bias$", r"\1.beta"),
    )
    norms = {name: tensor[None, :, None] for name, tensor in published.items() if name.endswith(("gamma", "beta"))}
    matrix = torch.randn(2 * 4, 6)
    state = published | norms | {"decoder.basis_signals.weight": matrix}
    convert([save({"klass": "ConvTasNet", "state": state})], "conv-tasnet", tmp_path / "tasnet.safetensors")
    found = load_file(tmp_path / "tasnet.safetensors")
    # One frame of the published decoder: the matrix times its features, the channels one after the other.
    frame = torch.randn(6)
    heard = torch.conv_transpose1d(frame[None, :, None], found["decoder.weight"], stride=2)[0]
    assert torch.allclose(heard, (matrix @ frame).view(2, 4), atol=1e-6)
    network.decoder.weight.data = found["decoder.weight"]
    assert_holds(tmp_path / "tasnet.safetensors", network)


class Trap:
    """Runs something when it is unpickled."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.call


@pytest.fixture(params=["system", "eval", "touch", "import"])
def trap(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Trap, Path]:
    """A trap that works, and the file it leaves when it has run."""
    witness = tmp_path / "ran"
    made = {
        "system": Trap(os.system, f"touch {witness}"),
        "eval": Trap(builtins.eval, f"open({str(witness)!r}, 'w').close()"),
        "touch": Trap(Path.touch, witness),
        "import": Trap(builtins.exec, f"import pathlib; pathlib.Path({str(witness)!r}).touch()"),
    }[request.param]
    pickle.loads(pickle.dumps(made))
    assert witness.exists()
    witness.unlink()
    return made, witness


@both_formats
def test_a_trap_among_the_settings_does_not_run(
    save: Callable[..., Path], tmp_path: Path, trap: tuple[Trap, Path], archive: bool
) -> None:
    hostile, witness = trap
    content = lightning(published_bandit(TINY)) | {"hyper_parameters": hostile, "callbacks": {"now": [hostile]}}
    convert([save(content, archive=archive)], "bandit-v2", tmp_path / "out.safetensors")
    assert (tmp_path / "out.safetensors").exists() and not witness.exists()


@both_formats
def test_a_trap_in_place_of_weights_is_refused_and_does_not_run(
    save: Callable[..., Path], tmp_path: Path, trap: tuple[Trap, Path], archive: bool
) -> None:
    hostile, witness = trap
    for content in (hostile, {"state_dict": hostile}, {"state_dict": {"model.stft.window": hostile}}):
        with pytest.raises(BadInput):
            convert([save(content, archive=archive)], "bandit-v2", tmp_path / "out.safetensors")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.ckpt"] and not witness.exists()


@pytest.mark.parametrize("protocol", range(6))
def test_a_bare_pickle_is_refused_and_does_not_run(tmp_path: Path, trap: tuple[Trap, Path], protocol: int) -> None:
    hostile, witness = trap
    path = tmp_path / "bare.pt"
    path.write_bytes(pickle.dumps(hostile, protocol))
    with pytest.raises(BadInput, match="not a PyTorch checkpoint"):
        convert([path], "mrx", tmp_path / "out.safetensors")
    assert not witness.exists()


def test_a_name_that_reaches_through_a_module_finds_nothing(tmp_path: Path) -> None:
    # Protocol 4 resolves dots in a name: torch._utils -> its `sys` -> any module that is loaded.
    witness = tmp_path / "ran"
    command = f"touch {witness}".encode()
    path = tmp_path / "dots.pt"
    name = b"torch.os.system"
    path.write_bytes(
        b"\x80\x04\x8c\x0ctorch._utils\x8c"
        + bytes([len(name)])
        + name
        + b"\x93\x8c"
        + bytes([len(command)])
        + command
        + b"\x85R."
    )
    assert pickle.loads(path.read_bytes()) == 0 and witness.exists()
    witness.unlink()
    with pytest.raises(BadInput):
        convert([path], "mrx", tmp_path / "out.safetensors")
    assert not witness.exists()


def test_tensors_that_are_left_out_are_not_read(save: Callable[..., Path], tmp_path: Path) -> None:
    whole = save(lightning(published_bandit(TINY)))
    with open_checkpoint(whole) as checkpoint:
        moments = checkpoint.content["optimizer_states"][0]["state"]
        unread = {f"data/{moments[k]['exp_avg'].storage.key}" for k in moments}
    assert len(unread) == 3
    rewritten = tmp_path / "less.ckpt"
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(rewritten, "w") as target:
        for entry in source.infolist():
            if not entry.filename.endswith(tuple(f"/{name}" for name in unread)):
                target.writestr(entry, source.read(entry))
    convert([rewritten], "bandit-v2", tmp_path / "less.safetensors")
    convert([whole], "bandit-v2", tmp_path / "whole.safetensors")
    less, all_of_it = load_file(tmp_path / "less.safetensors"), load_file(tmp_path / "whole.safetensors")
    assert less.keys() == all_of_it.keys() and all(torch.equal(less[name], all_of_it[name]) for name in less)


def test_views_transposes_and_types_are_read_as_they_were_saved(save: Callable[..., Path]) -> None:
    base = torch.arange(24.0)
    content = {
        "view": base[3:9].view(2, 3),
        "transposed": base.view(4, 6).T,
        "half": base.half(),
        "brain": base.bfloat16(),
        "double": base.double(),
        "count": torch.tensor(5),
        "flags": base > 7,
        "none": torch.empty(0, 3),
        "parameter": nn.Parameter(base[::5]),
    }
    for archive in (True, False):
        with open_checkpoint(save(content, archive=archive)) as checkpoint:
            state = checkpoint.state_dict()
            for name, tensor in content.items():
                found = checkpoint.read(state[name])
                assert found.dtype == tensor.dtype and torch.equal(found, tensor), name


def test_a_tensor_larger_than_its_storage_is_refused(save: Callable[..., Path]) -> None:
    path = save({"bomb": torch.ones(1).expand(10**12)})
    with open_checkpoint(path) as checkpoint, pytest.raises(BadInput, match="damaged tensor"):
        checkpoint.read(checkpoint.state_dict()["bomb"])


def test_a_compressed_archive_is_refused(save: Callable[..., Path], tmp_path: Path) -> None:
    packed = tmp_path / "packed.ckpt"
    with zipfile.ZipFile(save({"zeros": torch.zeros(10**6)})) as source, zipfile.ZipFile(packed, "w") as target:
        for entry in source.infolist():
            target.writestr(entry.filename, source.read(entry), zipfile.ZIP_DEFLATED)
    with open_checkpoint(packed) as checkpoint, pytest.raises(BadInput, match="damaged tensor"):
        checkpoint.read(checkpoint.state_dict()["zeros"])


@pytest.fixture(scope="module", params=[True, False], ids=["archive", "before-1.6"])
def small(request: pytest.FixtureRequest) -> bytes:
    """A small checkpoint's bytes."""
    file = io.BytesIO()
    torch.save(
        {"state_dict": {"a": torch.randn(3, 2), "b": torch.ones(4)}}, file, _use_new_zipfile_serialization=request.param
    )
    return file.getvalue()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(data=st.data())
def test_a_damaged_checkpoint_is_read_or_refused(small: bytes, tmp_path: Path, data: st.DataObject) -> None:
    damaged = bytearray(small[: data.draw(st.integers(0, len(small)))] if data.draw(st.booleans()) else small)
    for _ in range(data.draw(st.integers(0, 3)) if damaged else 0):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged.pt"
    path.write_bytes(damaged)
    try:
        with open_checkpoint(path) as checkpoint:
            for stored in checkpoint.state_dict().values():
                assert checkpoint.read(stored).numel() <= stored.storage.numbers
    except BadInput as error:
        assert str(path) in str(error)


def test_an_archive_that_claims_to_span_disks_is_refused(tmp_path: Path) -> None:
    file = io.BytesIO()
    torch.save({"state_dict": {"a": torch.ones(2)}}, file)
    damaged = bytearray(file.getvalue())
    # APPNOTE.TXT 4.3.15: four bytes after its signature the locator of the ZIP64 directory names that directory's disk.
    damaged[damaged.index(b"PK\x06\x07") + 4] = 1
    path = tmp_path / "damaged.pt"
    path.write_bytes(damaged)
    with pytest.raises(BadInput, match="not a PyTorch checkpoint"), open_checkpoint(path):
        raise AssertionError("it was opened")


def test_what_cannot_be_converted_is_refused_in_one_line(save: Callable[..., Path], tmp_path: Path) -> None:
    bandit, out = save(lightning(published_bandit(TINY))), tmp_path / "out.safetensors"
    text = tmp_path / "text.pt"
    text.write_text("not a checkpoint")
    cases: list[tuple[list[Path], str, str]] = [
        ([bandit], "oracle", "use one of"),
        ([bandit], "mrx", "is no tensor of mrx"),
        ([bandit, bandit], "bandit-v2", "2 files"),
        ([tmp_path / "missing.ckpt"], "bandit-v2", "no such checkpoint"),
        ([text], "bandit-v2", "not a PyTorch checkpoint"),
        ([save({"epoch": 3}, "empty.ckpt")], "bandit-v2", "no weights"),
        ([save({"loss_handler.x": torch.ones(1)}, "only.ckpt")], "bandit-v2", "no tensor of bandit-v2"),
    ]
    before = sorted(tmp_path.iterdir())
    for files, architecture, message in cases:
        with pytest.raises(BadInput, match=message):
            convert(files, architecture, out)
    with pytest.raises(BadInput, match="not written over"):
        convert([bandit], "bandit-v2", bandit)
    assert sorted(tmp_path.iterdir()) == before
