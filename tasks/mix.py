"""Lay a dub on the clean M&E."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dubline.audio.spans import Spans
from dubline.mixing.level import LevelRules
from dubline.mixing.mix import mix_dub
from tasks.step import Made, Work, step


@step("mix", version=2)
def mix(
    work: Work,
    me_filled: Path,
    dub_dx: Path,
    dx: Path,
    ov_speech: Path,
    dub_speech: Path,
    optional: Path | None,
    *,
    level: dict[str, Any],
) -> Made:
    """Print master = M&E + dub (+ OPT), the dub's dialogue as loud as the original's by the rules of ``level``
    (`LevelRules`); the M&E is not altered.
    """
    files = {"print_master": work.scratch / "print_master.wav", "mixed_dx": work.scratch / "mixed_dx.wav"}
    report = mix_dub(
        me_filled,
        dub_dx,
        ov_dx=dx,
        ov_speech=Spans.load(ov_speech),
        dub_speech=Spans.load(dub_speech),
        optional=optional,
        rules=LevelRules(**level),
        out_print_master=files["print_master"],
        out_dub_dx=files["mixed_dx"],
        progress=work.progress,
        cancelled=work.cancelled,
    )
    files["mix_report"] = work.scratch / "mix.json"
    files["mix_report"].write_text(json.dumps(report.to_json(), sort_keys=True), encoding="utf-8")
    return Made(files, {"gain_db": report.gain_db, "gain_reason": report.gain_reason})
