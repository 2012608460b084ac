"""Join the separated parts of the OV mix into its stems."""

from __future__ import annotations

from pathlib import Path

from dubline.separation.join import join_stems
from tasks.step import Made, Work, step


@step("join", version=1)
def join(work: Work, ov_mix: Path, dx: list[Path], mx: list[Path]) -> Made:
    """Put the parts after one another; DX + MX + FX = OV mix and M&E = OV mix - DX."""
    return Made(join_stems(ov_mix, dx, mx, work.scratch, progress=work.progress, cancelled=work.cancelled))
