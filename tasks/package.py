"""Write the stems as a studio takes them: broadcast WAV with the picture's start of day."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from dubline.audio.broadcast import write_stem
from dubline.audio.ixml import Slate
from tasks.step import Made, Work, step


@step("package", version=2)
def package(
    work: Work,
    me: Path,
    optional: Path,
    dx_guide: Path,
    dx: Path,
    mx: Path,
    fx: Path,
    *,
    title: str,
    time_reference: int,
    frame_rate: str,
    drop_frame: bool,
) -> Made:
    """Copy M&E, OPT, DX guide, DX, MX and FX into 24-bit broadcast WAV (float where a stem exceeds full scale)."""
    stems = {"me": me, "optional": optional, "dx_guide": dx_guide, "dx": dx, "mx": mx, "fx": fx}
    files, formats = {}, {}
    for done, (name, source) in enumerate(stems.items()):
        work.progress(done, len(stems))
        files[f"{name}_bwf"] = work.scratch / f"{name}.wav"
        slate = Slate(title, f"{title} {name}", time_reference, Fraction(frame_rate), drop_frame)
        formats[f"{name}_format"] = write_stem(source, files[f"{name}_bwf"], slate=slate, cancelled=work.cancelled)
    return Made(files, formats)
