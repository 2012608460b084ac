"""Put a dub where it belongs: at the mix's rate, from its start, exactly as long as the picture."""

from __future__ import annotations

from pathlib import Path

from dubline.audio.layout import Layout
from dubline.mixing.place import place_dub
from tasks.step import Made, Work, step


@step("place", version=1, tools=("soxr",))
def place(work: Work, dub: Path, *, rate: int, layout: str, frames: int, start: int) -> Made:
    """Resample, offset and pad a dub against the picture; a dub that runs past its end is refused."""
    out = work.scratch / "dub_dx.wav"
    placed = place_dub(
        dub,
        out=out,
        rate=rate,
        layout_of_mix=Layout.parse(layout),
        frames=frames,
        start=start,
        progress=work.progress,
        cancelled=work.cancelled,
    )
    return Made(
        {"dub_dx": out},
        {
            "resampled_from": placed.source_rate if placed.resampled else None,
            "silent": placed.silent,
            "cut_frames": placed.cut_frames,
        },
    )
