"""How loud samples are."""

from __future__ import annotations

import numpy as np

from dubline.training.corpus import Samples


def rms(samples: Samples) -> float:
    """Root mean square of ``samples`` (n,); 0.0 where there are none."""
    return float(np.sqrt(np.mean(np.square(samples)))) if len(samples) else 0.0
