"""The last word on a deliverable: open the file as a stranger would, and measure everything that is claimed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import pyarrow as pa

from dubline.audio.spans import Spans
from dubline.loudness.measurement import Measurement
from dubline.loudness.specs import Spec
from dubline.loudness.verdict import Check, Grade, judge, worst
from dubline.media import containers, hashes
from dubline.media.languages import Language
from dubline.media.probe import probe
from dubline.media.streams import Media
from dubline.quality import packaging, sound
from dubline.quality.heard import Heard, listen

# Where remuxing puts the streams: the dub first, the OV audio after it.
DUB_STREAM = 0
ORIGINAL_STREAM = 1


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """Every check of one deliverable, the figures measured on it, and the worst verdict.

    ``curves`` is the loudness over time of the decoded dub (`Meter.curves`), not part of the JSON.
    """

    deliverable: str
    language: str
    spec_id: str
    spec_version: int
    container: str
    codec: str
    verdict: Grade
    checks: tuple[Check, ...]
    measurement: Measurement
    picture_hash: str | None
    original_hash: str | None
    curves: pa.Table

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
            measurement=Measurement.from_json(body["measurement"]),
            picture_hash=body["hashes"]["picture"],
            original_hash=body["hashes"]["original_audio"],
            curves=curves,
        )


def check_delivery(
    deliverable: Path,
    *,
    master: Path,
    media: Media,
    reference: Path,
    ov_mix_frames: int,
    spec: Spec,
    container: str,
    codec: str,
    language: Language,
    keep_original: bool,
    audio_stream: int = 0,
    speech: Spans | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> DeliveryReport:
    """Check ``deliverable`` against its ``master`` (probed as ``media``) and the ``spec`` it was made for.

    ``reference`` is the conformed mix, the WAV that was encoded; ``ov_mix_frames`` its proper length;
    ``audio_stream`` the master's stream that holds the OV mix. ``speech`` spans of the dub make the dialogue
    figures. Raises `BadInput` only when the deliverable cannot be opened or decoded: all else is a verdict.
    """
    delivered = probe(deliverable)
    heard = listen(
        deliverable, stream=DUB_STREAM, reference=reference, speech=speech, progress=progress, cancelled=cancelled
    )
    picture = hashes.picture_hash(deliverable)
    original = _original_hash(deliverable, delivered) if keep_original else None
    house = containers.container(container)
    checks = (
        *_sound_checks(heard, delivered, spec=spec, codec=codec, house=house, ov_mix_frames=ov_mix_frames),
        *judge(heard.measurement, spec).checks,
        packaging.check_container(delivered, house, spec),
        packaging.check_picture(picture, hashes.picture_hash(master)),
        packaging.check_original(
            original,
            hashes.audio_hash(master, audio_stream) if keep_original else None,
            keep_original=keep_original,
            streams=len(delivered.audio),
        ),
        packaging.check_language(delivered, language, stream=DUB_STREAM, container=house),
        packaging.check_default(delivered, stream=DUB_STREAM, container=house),
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
        deliverable=deliverable.name,
        language=language.bcp47,
        spec_id=spec.id,
        spec_version=spec.version,
        container=container,
        codec=codec,
        verdict=worst(check.verdict for check in checks),
        checks=checks,
        measurement=heard.measurement,
        picture_hash=picture,
        original_hash=original,
        curves=heard.curves,
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
        *sound.check_form(heard, delivered.audio[DUB_STREAM], codec=coder, spec=spec),
    )


def _original_hash(deliverable: Path, delivered: Media) -> str | None:
    return hashes.audio_hash(deliverable, ORIGINAL_STREAM) if len(delivered.audio) > ORIGINAL_STREAM else None
