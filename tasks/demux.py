"""Take the OV mix out of the master at its own rate and layout."""

from __future__ import annotations

from pathlib import Path

from dubline.media.demux import extract_audio
from tasks.step import Made, Work, step


@step("demux", version=1, tools=("av",))
def demux(work: Work, master: Path, *, stream: int) -> Made:
    """Decode one audio stream of the master to float RF64, in picture time."""
    out = work.scratch / "ov_mix.wav"
    found = extract_audio(master, stream=stream, out=out, progress=work.progress, cancelled=work.cancelled)
    return Made(
        {"ov_mix": out},
        {
            "rate": found.rate,
            "layout": found.layout,
            "frames": found.frames,
            "lead_in_frames": found.lead_in_frames,
            "trimmed_frames": found.trimmed_frames,
            "filled_frames": found.filled_frames,
        },
    )
