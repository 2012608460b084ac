"""A dub against the dialogue it replaces: looked at unless the order says not to, changed only where it says so."""

from __future__ import annotations

from flows.me import Sound
from flows.order import Dub
from flows.preflight import Plan
from flows.source import Source
from tasks.align import align
from tasks.step import Pending, RunRef
from tasks.sync import sync


def sync_dub(run: RunRef, plan: Plan, source: Source, sound: Sound, dub: Dub) -> tuple[Pending, Pending | None]:
    """The step that gives the dub as it goes into the mix, and the check, where one was ordered."""
    placed, wish = source.placed[dub.language], plan.order.sync_of(dub)
    if wish == "off":
        return placed, None
    checked = sync.submit(run, dub.language, dub_dx=placed["dub_dx"], dx=sound.stems["dx"])
    if wish == "check":
        return placed, checked
    return align.submit(
        run,
        dub.language,
        dub=source.dubs[dub.language],
        sync=checked["sync"],
        channels=list(dub.channels),
        rate=source.rate,
        layout=source.layout.name,
        frames=source.frames,
        start=source.starts[dub.language],
        refuse=wish == "fail",
    ), checked
