"""Take in the studio's files: hash, probe, demux the OV mix, place every dub against the picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dubline.audio.layout import Layout
from dubline.errors import BadInput
from dubline.media.streams import Media
from flows.edits import gather_edits
from flows.preflight import Plan, check_media
from flows.refused import Refused, refusals
from flows.run import register
from flows.space import check_space
from flows.start import start_frames
from flows.stored import read_json
from flows.take import take
from tasks.context import means
from tasks.demux import demux
from tasks.place import place
from tasks.probe import probe
from tasks.rehearsal import rehearsal
from tasks.step import Pending, RunRef, StepResult


@dataclass(frozen=True, slots=True)
class Source:
    """The title's material inside dubline: asset ids, what the master holds, the steps that took it in.

    ``edits`` is what a person said about the events, None where nobody did. ``dubs`` are the files of every dub,
    ``starts`` where it begins in samples of the OV mix, by the order's language; ``refused`` are those that do not fit.
    """

    master: str
    media_asset: str
    media: Media
    edits: str | None
    ov: StepResult
    dubs: dict[str, list[str]]
    starts: dict[str, int]
    placed: dict[str, Pending]
    refused: tuple[Refused, ...]

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
    master = take(run, order.master.path, "master", "source", plan.original.bcp47)
    dubs = {
        dub.language: [
            take(run, path, dub.language, "dub_dx", plan.languages[dub.language].bcp47) for path in dub.files
        ]
        for dub in plan.dubs
    }
    edited = gather_edits(run, plan)
    probed = probe.submit(run, master=master).result()
    media = read_media(probed["media"])
    check_media(plan, media)
    if rehearsal() is None:
        check_space(run, plan, media)
        register(plan, media)
        means().catalog.record_tracks(run.version_id, master, list(tracks_of(media)))
    ov = demux.submit(run, master=master, stream=order.master.audio_stream).result()
    rate, frames = int(str(ov.values["rate"])), int(str(ov.values["frames"]))
    starts, refused = _starts(plan, media, rate=rate)
    placed = {
        dub.language: place.submit(
            run,
            dub.language,
            dub=dubs[dub.language],
            rate=rate,
            layout=ov.values["layout"],
            frames=frames,
            start=starts[dub.language],
            channels=list(dub.channels),
            may_overhang=order.sync_of(dub) == "conform",
        )
        for dub in plan.dubs
        if dub.language in starts
    }
    # A dub that does not fit is refused before the long work begins.
    refused += refusals(placed)
    return Source(master, probed["media"], media, edited, ov, dubs, starts, placed, tuple(refused))


def _starts(plan: Plan, media: Media, *, rate: int) -> tuple[dict[str, int], list[Refused]]:
    """Where each dub begins, in samples of the OV mix, and the dubs whose start is none of this film's."""
    starts: dict[str, int] = {}
    refused: list[Refused] = []
    for dub in plan.dubs:
        try:
            starts[dub.language] = start_frames(dub, media, rate=rate, where=str(plan.order_path))
        except BadInput as error:
            refused.append(Refused(dub.language, error))
    return starts, refused


def read_media(sha256: str) -> Media:
    """The probe's answer, from the store."""
    return Media.from_json(read_json(sha256))


def tracks_of(media: Media) -> Iterator[dict[str, Any]]:
    """The master's streams as the catalog keeps them: picture, sound, subtitles."""
    yield {"kind": "video", "codec": media.picture.codec}
    for audio in media.audio:
        yield {
            "kind": "audio",
            "codec": audio.codec,
            "sample_rate": audio.rate,
            "bit_depth": audio.bit_depth,
            "layout": audio.layout,
            "channel_order": list(audio.channel_layout(where=media.name).tags) if audio.layout else None,
            "language": audio.language,
            "disposition": "default" if audio.default else None,
            "duration_samples": round(audio.duration_seconds * audio.rate),
            "title": audio.title,
        }
    for subtitle in media.subtitles:
        yield {"kind": "subtitle", "codec": subtitle.codec, "language": subtitle.language, "title": subtitle.title}
