"""What networks that mask spectra share: what they look at, and masks that cannot run away."""

from __future__ import annotations

import torch
from torch import Tensor

# Power law on magnitudes: 60 dB of level become a factor of 8, so one network serves quiet and loud titles alike.
COMPRESSION = 0.3
# Magnitude squared under which a bin counts as silent, about -100 dBFS: keeps the power law finite on digital silence.
SILENCE_POWER = 1e-10


def compressed_parts(spectrum: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Magnitude, real and imaginary part of complex bins of any shape, by the power law `COMPRESSION`."""
    power = spectrum.real.square() + spectrum.imag.square() + SILENCE_POWER
    compressed = power ** ((COMPRESSION - 1) / 2)
    return power ** (COMPRESSION / 2), spectrum.real * compressed, spectrum.imag * compressed


def bounded_mask(real: Tensor, imaginary: Tensor, bound: float) -> Tensor:
    """Complex mask with its magnitude softly held under ``bound``; nearly untouched up to magnitude one."""
    square = (real.square() + imaginary.square()) / bound**2
    scale: Tensor = (1 + square.square()) ** -0.25
    return torch.complex(real * scale, imaginary * scale)
