"""Is there room on the disks for all that a title's run will keep? Asked once the master is probed."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from dubline.errors import EnvironmentFault
from dubline.media.containers import container
from dubline.media.streams import Media
from flows.preflight import Plan
from tasks.context import means
from tasks.step import RunRef

# In tracks of 32-bit samples as long, wide and fast as the OV mix. The title's: that mix, two stems in parts and the
# four they are joined to, the cleaned M&E, OPT and DX guide, six packaged stems of 24 bits. A dub's: as placed, as it
# lies in the mix, the print master; and for every delivery the conformed mix and, at most, as much again in the file.
_PACKAGED_TRACKS = 6 * 0.75
_TITLE_TRACKS = 1 + 2 + 4 + 3 + _PACKAGED_TRACKS
_DUB_TRACKS, _DELIVERY_TRACKS, _DELIVERED_TRACKS = 3, 1, 1
# What the review desk plays and shows of a track: FLAC of two channels of 16 bits, loud sound, and its tiles.
DESK_BYTES_PER_SECOND = 100_000
_DESK_TRACKS = 6
# What one step reads and writes: all that must lie near where the store is far.
_STEP_TRACKS = 10


@dataclass(frozen=True, slots=True)
class Space:
    """Bytes that a run keeps in the store, delivers, and handles in its largest step."""

    store: int
    out: int
    step: int


def space_for(plan: Plan, media: Media, master_bytes: int) -> Space:
    """What a run of the order takes, from its master's length and size; an upper bound of a few per cent."""
    order = plan.order
    stream = media.audio_stream(order.master.audio_stream)
    seconds = max(stream.duration_seconds, media.duration_seconds)
    track = seconds * stream.rate * stream.channels * 4
    dubs = len(order.dubs)
    rows = [(row, dubs if row.languages == "one" else 1) for row in order.deliver]
    pictures = sum(files * master_bytes for row, files in rows if not container(row.container).audio_only)
    out = pictures + track * (_DELIVERED_TRACKS * dubs * len(rows) + _PACKAGED_TRACKS)
    kept = track * (_TITLE_TRACKS + dubs * (_DUB_TRACKS + (_DELIVERY_TRACKS + _DELIVERED_TRACKS) * len(rows)))
    desk = seconds * DESK_BYTES_PER_SECOND * (_DESK_TRACKS + dubs)
    return Space(store=round(kept + pictures + desk), out=round(out), step=round(_STEP_TRACKS * track + master_bytes))


def check_space(run: RunRef, plan: Plan, media: Media) -> None:
    """Refuse a run that its disks cannot hold; `EnvironmentFault` says how much is wanted where.

    What an earlier run of the version left in the store, or delivered, is there already and needs no room again.
    """
    using = means()
    space = space_for(plan, media, plan.order.master.path.stat().st_size)
    kept = max(0, space.store - using.catalog.stored_bytes(run.version_id))
    delivered = plan.out / plan.order.title.id
    wanted = {
        using.store.local: min(kept, space.step) if using.store.is_far else kept,
        plan.out: max(0, space.out - sum(file.stat().st_size for file in delivered.rglob("*") if file.is_file())),
    }
    if using.store.is_far:
        wanted[using.settings.scratch_root] = min(kept, space.step)
    refuse_what_does_not_fit(wanted)


def refuse_what_does_not_fit(wanted: dict[Path, int]) -> None:
    """Hold the bytes ``wanted`` under each folder against its disk; folders of one disk share its room."""
    disks: dict[int, list[Path]] = {}
    for folder in wanted:
        disks.setdefault(_existing(folder).stat().st_dev, []).append(folder)
    for folders in disks.values():
        needed = sum(wanted[folder] for folder in folders)
        free = shutil.disk_usage(_existing(folders[0])).free
        if needed > free:
            raise EnvironmentFault(
                f"this title needs up to {needed / 2**30:.1f} GiB of disk, {free / 2**30:.1f} GiB are free",
                ", ".join(map(str, folders)),
                "free space there, with `dubline catalog gc --delete` for one, or name another place",
            )


def _existing(folder: Path) -> Path:
    """The nearest folder above that is there already."""
    return next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
