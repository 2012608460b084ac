"""Put a dub where it belongs: at the mix's rate, from its start, exactly as long as the picture."""

from __future__ import annotations

import math
from pathlib import Path

from dubline.audio.layout import Layout
from dubline.mixing.place import PlacedDub, place_dub
from dubline.mixing.route import SILENT_PEAK
from tasks.step import Made, Value, Work, step


@step("place", version=2, tools=("soxr",), refuses=True)
def place(
    work: Work,
    dub: list[Path],
    *,
    channels: list[str],
    rate: int,
    layout: str,
    frames: int,
    start: int,
    may_overhang: bool,
) -> Made:
    """Resample, offset and pad a dub against the picture; one with sound outside of it is refused, unless it
    ``may_overhang`` because it is to be conformed.
    """
    out = work.scratch / "dub_dx.wav"
    placed = place_dub(
        dub,
        out=out,
        channels=channels,
        rate=rate,
        layout_of_mix=Layout.parse(layout),
        frames=frames,
        start=start,
        cut_peak=math.inf if may_overhang else SILENT_PEAK,
        progress=work.progress,
        cancelled=work.cancelled,
    )
    return Made({"dub_dx": out}, facts_of(placed))


def facts_of(placed: PlacedDub) -> dict[str, Value]:
    """What the catalog keeps of a placing."""
    return {
        "resampled_from": placed.source_rate if placed.resampled else None,
        "silent": placed.silent,
        "cut_frames": placed.cut_frames,
        "cut_peak_dbfs": placed.cut_peak_dbfs,
    }
