"""The last word on a deliverable: open the file as a stranger would, and measure everything that is claimed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dubline.audio.spans import Spans
from dubline.loudness.measurement import Measurement
from dubline.loudness.specs import Spec
from dubline.loudness.verdict import Check, Grade, judge, worst
from dubline.media import containers
from dubline.media.languages import Language
from dubline.media.probe import probe
from dubline.media.streams import Media
from dubline.quality import packaging, sound
from dubline.quality.heard import Heard, listen


@dataclass(frozen=True, slots=True)
class Expected:
    """A dub track that was ordered: its language, the conformed mix it was encoded from, where the dub speaks."""

    language: Language
    reference: Path
    speech: Spans | None = None


@dataclass(frozen=True, slots=True)
class TrackReport:
    """One dub track, decoded again. ``curves`` is its loudness over time (`Meter.curves`), not part of the JSON."""

    language: str
    measurement: Measurement
    curves: pa.Table

    def to_json(self) -> dict[str, Any]:
        """A dictionary of JSON values in a fixed order."""
        return {"language": self.language, "measurement": self.measurement.to_json()}


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """Every check of one deliverable, the figures measured on each of its tracks, and the worst verdict.

    ``language`` is that of the only track, or ``mul`` (ISO 639-2) with several.
    """

    deliverable: str
    language: str
    spec_id: str
    spec_version: int
    container: str
    codec: str
    verdict: Grade
    checks: tuple[Check, ...]
    tracks: tuple[TrackReport, ...]
    picture_hash: str | None
    original_hash: str | None

    @property
    def measurement(self) -> Measurement:
        """The figures of the first track."""
        return self.tracks[0].measurement

    @property
    def curves(self) -> pa.Table:
        """The loudness over time of every track, one below the other, the language in the first column."""
        return pa.concat_tables(
            track.curves.add_column(0, "language", pa.array([track.language] * len(track.curves), pa.string()))
            for track in self.tracks
        )

    def to_json(self) -> dict[str, Any]:
        """A dictionary of JSON values in a fixed order; the same file gives the same one."""
        return {
            "deliverable": self.deliverable,
            "language": self.language,
            "spec": {"id": self.spec_id, "version": self.spec_version},
            "container": self.container,
            "codec": self.codec,
            "verdict": self.verdict,
            "checks": [dataclasses.asdict(check) for check in self.checks],
            "measurement": self.measurement.to_json(),
            "tracks": [track.to_json() for track in self.tracks],
            "hashes": {"picture": self.picture_hash, "original_audio": self.original_hash},
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any], curves: pa.Table) -> DeliveryReport:
        """What `to_json` gave, with the curves that were kept beside it."""
        return cls(
            deliverable=body["deliverable"],
            language=body["language"],
            spec_id=body["spec"]["id"],
            spec_version=body["spec"]["version"],
            container=body["container"],
            codec=body["codec"],
            verdict=body["verdict"],
            checks=tuple(Check(**check) for check in body["checks"]),
            tracks=tuple(
                TrackReport(
                    track["language"],
                    Measurement.from_json(track["measurement"]),
                    curves.filter(pc.field("language") == track["language"]).drop_columns("language"),
                )
                for track in body["tracks"]
            ),
            picture_hash=body["hashes"]["picture"],
            original_hash=body["hashes"]["original_audio"],
        )


def check_delivery(
    files: Sequence[Path],
    *,
    expected: Sequence[Expected],
    media: Media,
    ov_mix_frames: int,
    spec: Spec,
    container: str,
    codec: str,
    keep_original: bool,
    audio_stream: int = 0,
    name: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> DeliveryReport:
    """Check ``files`` against the master (probed as ``media``), the mixes they were made of, and the ``spec``.

    ``files`` is one file, or one mono WAV per channel in layout order; ``expected`` its dub tracks in the order of
    the streams, which come before the OV audio where that is kept; ``ov_mix_frames`` their proper length;
    ``audio_stream`` the master's stream that holds the OV mix; ``name`` what the file is published as. Raises
    `BadInput` only when a file cannot be opened or decoded: all else is a verdict.
    """
    deliverable = files[0]
    delivered = probe(deliverable, cancelled=cancelled)
    house = containers.container(container)
    track = expected[0]
    heard = listen(
        deliverable, stream=0, reference=track.reference, speech=track.speech, progress=progress, cancelled=cancelled
    )
    original = delivered.audio[-1].sha256 if keep_original and len(delivered.audio) > len(expected) else None
    checks = (
        *_sound_checks(heard, delivered, spec=spec, codec=codec, house=house, ov_mix_frames=ov_mix_frames),
        *judge(heard.measurement, spec).checks,
        packaging.check_container(delivered, house, spec),
        packaging.check_picture(delivered.picture.sha256, media.picture.sha256),
        packaging.check_original(
            original,
            media.audio[audio_stream].sha256 if keep_original else None,
            keep_original=keep_original,
            streams=len(delivered.audio),
        ),
        packaging.check_language(delivered, track.language, stream=0, container=house),
        packaging.check_default(delivered, stream=0, container=house),
        packaging.check_timecode(delivered, media, spec),
        packaging.check_chapters(delivered, media, house),
        packaging.check_subtitles(delivered, media, house),
        packaging.check_color(delivered, media),
        packaging.check_duration(
            delivered, spec, sound_seconds=heard.frames / heard.rate, ov_seconds=ov_mix_frames / heard.mix_rate
        ),
        packaging.check_frame_rate(delivered, spec),
    )
    return DeliveryReport(
        deliverable=name or deliverable.name,
        language=track.language.bcp47,
        spec_id=spec.id,
        spec_version=spec.version,
        container=container,
        codec=codec,
        verdict=worst(check.verdict for check in checks),
        checks=checks,
        tracks=(TrackReport(track.language.bcp47, heard.measurement, heard.curves),),
        picture_hash=delivered.picture.sha256,
        original_hash=original,
    )


def _sound_checks(
    heard: Heard, delivered: Media, *, spec: Spec, codec: str, house: containers.Container, ov_mix_frames: int
) -> tuple[Check, ...]:
    coder, picture = containers.codec(codec), delivered.picture
    picture_samples = ceil(picture.frames * heard.rate / picture.frame_rate)
    return (
        sound.check_length(heard, ov_mix_frames=ov_mix_frames, container=house, picture_samples=picture_samples),
        sound.check_lag(heard),
        sound.check_same_sound(heard, codec=coder),
        *sound.check_form(heard, delivered.audio[0], codec=coder, spec=spec),
    )
