"""Take in the studio's files: hash, probe, demux the OV mix, place every dub against the picture."""

from __future__ import annotations

import json
from dataclasses import dataclass

from dubline.audio.layout import Layout
from dubline.media.streams import Media
from dubline.media.timecode import Timecode
from flows.order import Dub
from flows.preflight import Plan, check_media
from flows.run import register
from tasks.context import means
from tasks.demux import demux
from tasks.ingest import ingest
from tasks.place import place
from tasks.probe import probe
from tasks.step import Pending, RunRef, StepResult


@dataclass(frozen=True, slots=True)
class Source:
    """The title's material inside dubline: asset ids, what the master holds, the steps that took it in."""

    master: str
    media_asset: str
    media: Media
    ov: StepResult
    placed: dict[str, Pending]

    @property
    def rate(self) -> int:
        """Sample rate of the OV mix, in Hz."""
        return int(str(self.ov.values["rate"]))

    @property
    def frames(self) -> int:
        """Length of the OV mix, in frames."""
        return int(str(self.ov.values["frames"]))

    @property
    def layout(self) -> Layout:
        """Channel layout of the OV mix."""
        return Layout.parse(str(self.ov.values["layout"]))


def take_in(run: RunRef, plan: Plan) -> Source:
    """Ingest, probe, demux, place; all that can be wrong with the material is known when this returns."""
    order = plan.order
    master = ingest(order.master.path, "master")
    dubs = {dub.language: ingest(dub.dialogue, dub.language) for dub in order.dubs}
    probed = probe.submit(run, master=master).result()
    media = read_media(probed["media"])
    check_media(plan, media)
    register(plan, media)
    ov = demux.submit(run, master=master, stream=order.master.audio_stream).result()
    rate, frames = int(str(ov.values["rate"])), int(str(ov.values["frames"]))
    placed = {
        dub.language: place.submit(
            run,
            dub.language,
            dub=dubs[dub.language],
            rate=rate,
            layout=ov.values["layout"],
            frames=frames,
            start=start_frames(dub, media, rate=rate, where=str(plan.order_path)),
        )
        for dub in order.dubs
    }
    for pending in placed.values():
        # A dub that does not fit is refused before the long work begins.
        pending.result()
    return Source(master, probed["media"], media, ov, placed)


def read_media(sha256: str) -> Media:
    """The probe's answer, from the store."""
    using = means()
    path = using.store.path(using.catalog.asset(sha256))
    return Media.from_json(json.loads(path.read_text(encoding="utf-8")))


def start_frames(dub: Dub, media: Media, *, rate: int, where: str) -> int:
    """Samples from the first picture frame to the dub's first sample; `BadInput` for a timecode that is none."""
    if dub.start is None:
        return 0
    return Timecode.parse(dub.start, media.picture.frame_rate, where=f"{where}, start of {dub.language}").samples(rate)
