"""Do as the order says with a dub that is out of sync: conform it, or refuse it."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

from dubline.audio.layout import Layout
from dubline.errors import BadInput
from dubline.mixing.place import ROOM_TONE_PEAK, place_dub
from dubline.mixing.route import SILENT_PEAK
from dubline.mixing.sync.check import SyncReport
from tasks.place import facts_of
from tasks.step import Made, Value, Work, step


@step("align", version=1, tools=("soxr",), refuses=True)
def align(
    work: Work,
    dub: list[Path],
    sync: Path,
    *,
    channels: list[str],
    rate: int,
    layout: str,
    frames: int,
    start: int,
    refuse: bool,
) -> Made:
    """Place a dub again, at the speed and from the start that bring it into sync; as ordered where it is, or where
    that is not known. With ``refuse`` a dub known to be out of sync is bad input instead.
    """
    report = SyncReport.from_json(json.loads(sync.read_text(encoding="utf-8")))
    if refuse and report.in_sync is False:
        raise BadInput(f"the dub {report.summary}", str(dub[0]), "deliver it in sync, or order `sync: conform`")
    conformed = report.in_sync is False and report.certain
    speed = Fraction(str(report.ratio)) if conformed else Fraction(1)
    moved = report.start(start, rate) if conformed else start
    out = work.scratch / "dub_dx.wav"
    placed = place_dub(
        dub,
        out=out,
        channels=channels,
        rate=rate,
        layout_of_mix=Layout.parse(layout),
        frames=frames,
        start=moved,
        speed=speed,
        cut_peak=ROOM_TONE_PEAK if conformed else SILENT_PEAK,
        progress=work.progress,
        cancelled=work.cancelled,
    )
    facts: dict[str, Value] = {"conformed": conformed, "speed": str(speed), "moved_frames": moved - start}
    return Made({"dub_dx": out}, facts_of(placed) | facts)
