"""Muon for matrices, Adam for everything else: the optimizer of the trainer.

Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024), with the step size of Liu et al., "Muon
is scalable for LLM training" (2025), section 2.2, which lets both halves share one learning rate. Written out here
because torch's own orthogonalizes in bfloat16, which costs a processor without such arithmetic as much as the gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import overload

import torch
from torch import Tensor, nn

MOMENTUM = 0.95
BETAS = (0.9, 0.98)
EPSILON = 1e-8
# Coefficients and number of the Newton-Schulz steps that bring all singular values near one (Jordan et al.).
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
STEPS = 5
# Root mean square of an Adam update, which an orthogonal update is scaled to (Liu et al., equation 4).
ADAM_RMS = 0.2


class Muon(torch.optim.Optimizer):
    """One learning rate and weight decay for all; tensors of one axis (biases, norms) are Adam's."""

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float, weight_decay: float = 0.0) -> None:
        super().__init__(parameters, {"lr": lr, "weight_decay": weight_decay})

    @overload
    def step(self, closure: None = None) -> None: ...
    @overload
    def step(self, closure: Callable[[], float]) -> float: ...
    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """One update of every parameter that has a gradient."""
        for group in self.param_groups:
            parameters = [p for p in group["params"] if p.grad is not None]
            if group["weight_decay"]:
                torch._foreach_mul_([p for p in parameters if p.ndim > 1], 1 - group["lr"] * group["weight_decay"])
            by_shape: dict[torch.Size, list[nn.Parameter]] = {}
            for parameter in parameters:
                if parameter.ndim == 2 and min(parameter.shape) > 1:
                    by_shape.setdefault(parameter.shape, []).append(parameter)
                else:
                    self._adam(parameter, group["lr"])
            for same in by_shape.values():
                self._muon(same, group["lr"])
        return None

    def _muon(self, parameters: list[nn.Parameter], lr: float) -> None:
        """Nesterov momentum, made orthogonal, for matrices of one shape."""
        updates = []
        for parameter in parameters:
            assert parameter.grad is not None
            momentum = self._of(parameter, "momentum")
            momentum.lerp_(parameter.grad, 1 - MOMENTUM)
            updates.append(parameter.grad.lerp(momentum, MOMENTUM))
        scale = ADAM_RMS * max(parameters[0].shape) ** 0.5
        for parameter, update in zip(parameters, orthogonal(torch.stack(updates)), strict=True):
            parameter.add_(update, alpha=-lr * scale)

    def _adam(self, parameter: nn.Parameter, lr: float) -> None:
        assert parameter.grad is not None
        first, second, count = (self._of(parameter, name) for name in ("first", "second", "count"))
        count += 1
        first.lerp_(parameter.grad, 1 - BETAS[0])
        second.lerp_(parameter.grad.square(), 1 - BETAS[1])
        mean, square = first / (1 - BETAS[0] ** count), second / (1 - BETAS[1] ** count)
        parameter.sub_(lr * mean / (square.sqrt() + EPSILON))

    def _of(self, parameter: nn.Parameter, name: str) -> Tensor:
        """A tensor of the parameter's state: of its shape, except for the count of updates."""
        state = self.state[parameter]
        if name not in state:
            state[name] = torch.zeros((), device=parameter.device) if name == "count" else torch.zeros_like(parameter)
        tensor: Tensor = state[name]
        return tensor


def orthogonal(matrices: Tensor) -> Tensor:
    """Matrices ``(n, rows, columns)`` with their singular values moved to about one (0.7 to 1.2), vectors kept."""
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if tall else matrices
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-12)
    a, b, c = NEWTON_SCHULZ
    for _ in range(STEPS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    kept: Tensor = x.mT if tall else x
    return kept
