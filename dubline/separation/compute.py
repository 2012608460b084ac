"""How a network is run, none of which changes what it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Precision = Literal["float32", "tf32", "bf16"]
DEFAULT_PRECISION: Precision = "float32"


@dataclass(frozen=True, slots=True)
class Compute:
    """What a network is given to run on.

    ``threads``: signals side by side on a CPU (default: one per core); their number changes no bit. ``batch``: signals
    at once (default: many on a GPU, and on a CPU none: there one thread per signal is fastest). ``precision``: of
    matrix products on a GPU; a CPU works in float32.
    """

    threads: int | None = None
    batch: int | None = None
    precision: Precision = DEFAULT_PRECISION


DEFAULT_COMPUTE = Compute()
