"""Muon's updates are orthogonal, and it gets to the bottom of what has one."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from dubline.training.muon import ADAM_RMS, Muon, orthogonal


@pytest.mark.parametrize("shape", [(8, 8), (64, 16), (16, 64), (3, 200)])
def test_singular_values_come_near_one_and_vectors_stay(shape: tuple[int, int]) -> None:
    matrices = torch.randn(5, *shape, generator=torch.Generator().manual_seed(1))
    if shape == (8, 8):
        # Random squares are nearly singular: what is as small as rounding noise cannot be brought to one.
        matrices = matrices + 3 * torch.eye(8)
    made = orthogonal(matrices)
    values = torch.linalg.svdvals(made)
    assert values.min() > 0.68 and values.max() < 1.3
    left, _, right = torch.linalg.svd(matrices, full_matrices=False)
    turned = left.mT @ made @ right.mT
    assert (turned - torch.diag_embed(turned.diagonal(dim1=-2, dim2=-1))).abs().max() < 1e-3


def test_a_matrix_of_zeros_stays_finite() -> None:
    assert torch.equal(orthogonal(torch.zeros(1, 4, 4)), torch.zeros(1, 4, 4))


def test_the_first_step_of_a_matrix_has_the_size_of_an_adam_update() -> None:
    layer = nn.Linear(32, 64)
    before, bias = layer.weight.detach().clone(), layer.bias.detach().clone()
    layer.weight.grad, layer.bias.grad = torch.randn(64, 32), torch.randn(64)
    Muon(layer.parameters(), lr=0.1).step()
    moved = (layer.weight.detach() - before).square().mean().sqrt()
    assert moved.item() == pytest.approx(0.1 * ADAM_RMS, rel=0.2)
    # A first Adam step is the learning rate, whatever the gradient's size.
    torch.testing.assert_close((layer.bias.detach() - bias).abs(), torch.full((64,), 0.1), rtol=1e-3, atol=0)


def test_it_solves_least_squares() -> None:
    random = torch.Generator().manual_seed(2)
    inputs, truth = torch.randn(256, 12, generator=random), torch.randn(6, 12, generator=random)
    outputs = inputs @ truth.T + 0.5
    layer = nn.Linear(12, 6)
    optimizer = Muon(layer.parameters(), lr=0.1)
    for step in range(400):
        optimizer.param_groups[0]["lr"] = 0.1 * (1 - step / 400)
        optimizer.zero_grad()
        loss = (layer(inputs) - outputs).square().mean()
        loss.backward()
        optimizer.step()
    assert loss.item() < 1e-4
    assert (layer.weight - truth).abs().max() < 0.03 and (layer.bias - 0.5).abs().max() < 0.03


def test_weight_decay_shrinks_matrices_and_leaves_biases() -> None:
    layer = nn.Linear(4, 4)
    weight, bias = layer.weight.detach().clone(), layer.bias.detach().clone()
    layer.weight.grad, layer.bias.grad = torch.zeros(4, 4), torch.zeros(4)
    Muon(layer.parameters(), lr=0.1, weight_decay=0.5).step()
    torch.testing.assert_close(layer.weight.detach(), 0.95 * weight)
    torch.testing.assert_close(layer.bias.detach(), bias)
