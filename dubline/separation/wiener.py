"""Multichannel Wiener filter: what each channel hears of a source tells where it stands, and the filter follows.

An independent implementation of the local Gaussian model of Duong, Vincent and Gribonval (2010) as used after a
network by Nugraha, Liutkus and Vincent, "Multichannel Audio Source Separation With Deep Neural Networks" (2016):
every source has a power ``v(f, t)`` and a spatial covariance ``R(f)``, and its estimate is ``v R (sum v R)^-1 x``.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

# Frames over which sources are taken to stand still: 7 s at 44.1 kHz and a hop of 1024.
WINDOW_FRAMES = 300
# Share of a bin's power spread evenly over channels and sources: covariances stay invertible in float32.
DIFFUSE = 1e-5
# Power, relative to the loudest bin of a window, below which there is nothing to tell a direction from: -140 dB.
EMPTY = 1e-14


def wiener(mix: Tensor, sources: Tensor, *, iterations: int = 1, window: int = WINDOW_FRAMES) -> Tensor:
    """Refine complex ``sources (batch, sources, channels, bins, frames)`` of ``mix (batch, channels, bins, frames)``.

    Each iteration of expectation maximization fits `spatial_model` to the sources and filters the mix with it, in
    stretches of at most ``window`` frames. After one iteration or more the sources add up to the mix. Silence gives
    silence, and gain on the mix and its sources is gain on the result.
    """
    if iterations == 0:
        return sources
    # Equal stretches rather than whole windows and a stub: a few frames alone tell no direction.
    count = math.ceil(mix.shape[-1] / window)
    stretches = zip(mix.tensor_split(count, -1), sources.tensor_split(count, -1), strict=True)
    return torch.cat([_refine(part, estimates, iterations) for part, estimates in stretches], -1)


def spatial_model(sources: Tensor) -> tuple[Tensor, Tensor]:
    """Power and spatial covariance of complex ``sources (batch, sources, channels, bins, frames)``.

    Power is ``(batch, sources, bins, frames)``, the mean over channels. The covariance
    ``(batch, sources, channels, channels, bins)`` is the mean outer product at unit power (Nugraha et al., eq. 8-9).
    """
    power = (sources.real.square() + sources.imag.square()).mean(2)
    outer = torch.einsum("bscft,bsdft->bscdf", sources, sources.conj())
    return power, outer / (power.sum(-1) + EMPTY)[:, :, None, None]


def wiener_filter(mix: Tensor, power: Tensor, covariance: Tensor) -> Tensor:
    """What every source of a `spatial_model` has in ``mix (batch, channels, bins, frames)``; it adds up to the mix.

    The result is ``(batch, sources, channels, bins, frames)``.
    """
    count, channels = covariance.shape[1:3]
    total = torch.einsum("bsft,bscdf->bcdft", power.to(covariance.dtype), covariance)
    diffuse = DIFFUSE * total.diagonal(dim1=1, dim2=2).real.mean(-1) + EMPTY
    identity = torch.eye(channels, device=mix.device)[None, :, :, None, None]
    whitened = _solve(total + identity * diffuse[:, None, None], mix)
    directed = torch.einsum("bscdf,bdft->bscft", covariance, whitened)
    return power[:, :, None] * directed + (diffuse[:, None] / count * whitened)[:, None]


def _refine(mix: Tensor, sources: Tensor, iterations: int) -> Tensor:
    """`wiener` on one stretch of frames, at a level where squares neither vanish nor overflow."""
    level = mix.abs().amax((1, 2, 3), keepdim=True)
    level = torch.where(level > 0, level, 1.0)
    mix, sources = mix / level, sources / level[:, None]
    for _ in range(iterations):
        sources = wiener_filter(mix, *spatial_model(sources))
    return sources * level[:, None]


def _solve(matrix: Tensor, vector: Tensor) -> Tensor:
    """``matrix^-1 vector`` for positive definite ``(batch, n, n, …)`` and ``(batch, n, …)``, n being small.

    Elimination written out over whole spectra: a library call per bin and frame costs far more than it computes.
    """
    rows = [list(row.unbind(1)) for row in matrix.unbind(1)]
    right = list(vector.unbind(1))
    for pivot in range(len(right)):
        for below in range(pivot + 1, len(right)):
            factor = rows[below][pivot] / rows[pivot][pivot].real
            right[below] = right[below] - factor * right[pivot]
            for column in range(pivot + 1, len(right)):
                rows[below][column] = rows[below][column] - factor * rows[pivot][column]
    for row in reversed(range(len(right))):
        for column in range(row + 1, len(right)):
            right[row] = right[row] - rows[row][column] * right[column]
        right[row] = right[row] / rows[row][row].real
    return torch.stack(right, 1)
