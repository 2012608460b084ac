"""What the review desk needs of a title, made once its files are delivered: nobody waits for what is only looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flows.languages import Dubbed
from flows.me import Sound
from flows.preflight import Plan
from flows.source import Source
from tasks.step import Pending, RunRef
from tasks.tiles import thumbnails, tiles


def prepare_desk(run: RunRef, plan: Plan, source: Source, sound: Sound, dubbed: Iterable[Dubbed]) -> None:
    """Make the tiles of every track that is heard on the desk, and of the picture; raises what one of them raised."""
    for pending in list(_tiles(run, plan, source, sound, dubbed)):
        pending.result()


def _tiles(run: RunRef, plan: Plan, source: Source, sound: Sound, dubbed: Iterable[Dubbed]) -> Iterator[Pending]:
    cleaned = sound.cleaned.result()
    tracks = {
        "ov": source.ov["ov_mix"],
        "dx": sound.stems["dx"],
        "me": sound.stems["me"],
        **{role: cleaned[role] for role in ("me_filled", "optional", "dx_guide")},
    }
    yield thumbnails.submit(run, master=source.master, seconds=source.frames / source.rate)
    for track, asset in tracks.items():
        yield tiles.submit(run, track, sound=asset, track=track, language="")
    for one in dubbed:
        language = plan.languages[one.dub.language].bcp47
        yield tiles.submit(run, language, sound=one.mixed["print_master"], track="mix", language=language)
