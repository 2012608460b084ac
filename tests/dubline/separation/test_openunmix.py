"""Open-Unmix has the published layout, hears what it should, and its filter shares out the whole mix."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from dubline.separation.openunmix import OpenUnmix, OpenUnmixConfig, TargetNetwork

NORM = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


def _config(*targets: str, residual: bool = False) -> OpenUnmixConfig:
    return OpenUnmixConfig(targets=targets, n_fft=256, hop=64, hidden=16, layers=1, residual=residual)


def _claiming(config: OpenUnmixConfig, **gains: float) -> OpenUnmix:
    """A network whose targets take a fixed share of the mix's magnitude in every bin."""
    network = OpenUnmix(config).eval().requires_grad_(False)
    for name, gain in gains.items():
        target = network.get_submodule(name)
        target.bn3.weight.zero_()
        target.output_mean.fill_(gain)
    return network


def _noise(seconds: float = 0.2, seed: int = 1) -> Tensor:
    return 0.1 * torch.randn(1, 2, round(seconds * 44_100), generator=torch.Generator().manual_seed(seed))


def test_state_of_a_target_is_named_as_published() -> None:
    """Reference: the state dict of the released checkpoints (umxhq, umxl), the same for every target."""
    lstm = {
        f"lstm.{kind}_{way}_l{layer}{direction}"
        for kind in ("weight", "bias")
        for way in ("ih", "hh")
        for layer in range(3)
        for direction in ("", "_reverse")
    }
    others = {"input_mean", "input_scale", "output_scale", "output_mean", "fc1.weight", "fc2.weight", "fc3.weight"}
    norms = {f"bn{index}.{name}" for index in (1, 2, 3) for name in NORM}
    state = TargetNetwork(OpenUnmixConfig()).state_dict()
    assert set(state) == lstm | others | norms
    # 1487 of 2049 bins lie up to 16 kHz.
    assert state["input_mean"].shape == (1487,) and state["output_mean"].shape == (2049,)
    assert state["fc1.weight"].shape == (512, 2 * 1487) and state["fc3.weight"].shape == (2 * 2049, 512)
    assert state["lstm.weight_ih_l1_reverse"].shape == (4 * 256, 512)


def test_each_target_lies_under_its_name() -> None:
    keys = OpenUnmix(_config("vocals", "other")).state_dict()
    assert {key.split(".")[0] for key in keys} == {"vocals", "other"}


def test_a_target_has_8_9_million_parameters() -> None:
    """Strauss et al. (2021), section 3.1."""
    count = sum(p.numel() for p in TargetNetwork(OpenUnmixConfig()).parameters())
    assert count == pytest.approx(8.9e6, rel=0.01)


def test_a_target_does_not_hear_above_its_limit_but_masks_there() -> None:
    torch.manual_seed(2)
    config = _config("vocals")
    target = TargetNetwork(config).eval().requires_grad_(False)
    magnitude = torch.rand(1, 2, 129, 10) + 0.5
    louder = magnitude.clone()
    louder[:, :, config.bins_heard :] *= 3
    before, after = target(magnitude), target(louder)
    assert before[:, :, config.bins_heard :].any()
    assert torch.allclose(after / louder, before / magnitude)


def test_targets_share_out_the_whole_mix() -> None:
    torch.manual_seed(2)
    mix = _noise()
    dialogue, music = OpenUnmix(_config("vocals", "drums", "other")).eval().requires_grad_(False)(mix)
    assert torch.allclose(dialogue + music, mix, atol=1e-4)


def test_what_all_targets_but_one_leave_alone_is_that_ones() -> None:
    mix = _noise()
    dialogue, music = _claiming(_config("vocals", "drums"), vocals=1.0, drums=0.0)(mix)
    assert torch.allclose(dialogue, mix, atol=1e-4) and music.abs().max() < 1e-4


@pytest.mark.parametrize(("residual", "share"), [(False, 1.0), (True, 0.5)])
def test_a_single_target_needs_the_residual_to_leave_something(residual: bool, share: float) -> None:
    mix = _noise()
    dialogue, music = _claiming(_config("vocals", residual=residual), vocals=0.5)(mix)
    assert torch.allclose(dialogue, share * mix, atol=1e-4)
    assert not music.any()


def test_training_masks_without_the_filter() -> None:
    """As a mask, half is half; the filter would give a lone target everything."""
    mix = _noise()
    network = _claiming(_config("vocals"), vocals=0.5)
    assert torch.allclose(network.train()(mix).dialogue, mix / 2, atol=1e-5)


def test_the_filter_tells_directions_apart() -> None:
    """Two sources hard left and right whose magnitudes the networks confuse: the filter parts them, masks do not."""
    mix = _noise()
    network = _claiming(_config("vocals", "drums"), vocals=1.0, drums=1.0)
    for name, ear in (("vocals", 1), ("drums", 0)):
        norm = network.get_submodule(name).bn3
        norm.bias.view(2, -1)[ear] = -1.0
    dialogue, music = network(mix)
    assert torch.allclose(dialogue[:, 0], mix[:, 0], atol=1e-3) and dialogue[:, 1].abs().max() < 1e-3
    assert torch.allclose(music[:, 1], mix[:, 1], atol=1e-3) and music[:, 0].abs().max() < 1e-3
