"""A dub against the dialogue it replaces: looked at unless the order says not to, changed only where it says so."""

from __future__ import annotations

from flows.me import Sound
from flows.order import Dub
from flows.preflight import Plan
from flows.refused import Refused, refusals
from flows.source import Source
from tasks.align import align
from tasks.step import Pending, RunRef
from tasks.sync import sync

Synced = tuple[Pending, Pending | None]


def sync_dubs(run: RunRef, plan: Plan, source: Source, sound: Sound) -> tuple[dict[str, Synced], list[Refused]]:
    """`sync_dub` of every dub, by language, and those that are out of sync where the order refuses that."""
    synced = {dub.language: sync_dub(run, plan, source, sound, dub) for dub in plan.dubs}
    strict = {dub.language: synced[dub.language][0] for dub in plan.dubs if plan.order.sync_of(dub) == "fail"}
    return synced, refusals(strict)


def sync_dub(run: RunRef, plan: Plan, source: Source, sound: Sound, dub: Dub) -> Synced:
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
