"""What came of checking a deliverable: every line, the figures of each track, and the worst verdict."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dubline.audio.layout import Layout
from dubline.loudness.measurement import Measurement
from dubline.loudness.specs import Spec
from dubline.loudness.verdict import Check, Grade
from dubline.quality.channel_peaks import ChannelPeak

# ISO 639-2 for a language nobody said.
UNDETERMINED = "und"


@dataclass(frozen=True, slots=True)
class Unjudged:
    """A check that could not be made, and why: neither passed nor failed."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class TrackReport:
    """One dub track, decoded again. ``language`` is a BCP-47 tag, `UNDETERMINED` where nobody said which.

    ``curves`` is its loudness over time (`Meter.curves`), ``picture`` its spectrogram (`SpectrogramMeter.picture`);
    neither is part of the JSON.
    """

    language: str
    measurement: Measurement
    peaks: tuple[ChannelPeak, ...]
    curves: pa.Table
    picture: npt.NDArray[np.float64]

    @property
    def layout(self) -> Layout:
        """The channels of the track as it was decoded."""
        return Layout.parse(self.measurement.layout)

    def to_json(self) -> dict[str, Any]:
        """A dictionary of JSON values in a fixed order."""
        return {
            "language": self.language,
            "measurement": self.measurement.to_json(),
            "peaks": [dataclasses.asdict(peak) for peak in self.peaks],
        }


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """Every check of one deliverable.

    ``language`` is that of the only track, or ``mul`` (ISO 639-2) with several.
    """

    deliverable: str
    language: str
    spec: Spec
    container: str
    codec: str
    verdict: Grade
    checks: tuple[Check, ...]
    unjudged: tuple[Unjudged, ...]
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

    @property
    def pictures(self) -> dict[str, npt.NDArray[np.float64]]:
        """The spectrogram of every track, by language."""
        return {track.language: track.picture for track in self.tracks}

    def to_json(self) -> dict[str, Any]:
        """A dictionary of JSON values in a fixed order; the same file gives the same one."""
        return {
            "deliverable": self.deliverable,
            "language": self.language,
            "languages": [track.language for track in self.tracks],
            "spec": self.spec.body(),
            "container": self.container,
            "codec": self.codec,
            "verdict": self.verdict,
            "checks": [dataclasses.asdict(check) for check in self.checks],
            "unjudged": [dataclasses.asdict(item) for item in self.unjudged],
            "measurement": self.measurement.to_json(),
            "tracks": [track.to_json() for track in self.tracks],
            "hashes": {"picture": self.picture_hash, "original_audio": self.original_hash},
        }

    @classmethod
    def from_json(
        cls, body: Mapping[str, Any], curves: pa.Table, pictures: Mapping[str, npt.NDArray[np.float64]]
    ) -> DeliveryReport:
        """What `to_json` gave, with the `curves` and the `pictures` that were kept beside it."""
        return cls(
            deliverable=body["deliverable"],
            language=body["language"],
            spec=Spec.model_validate(body["spec"]),
            container=body["container"],
            codec=body["codec"],
            verdict=body["verdict"],
            checks=tuple(Check(**check) for check in body["checks"]),
            unjudged=tuple(Unjudged(**item) for item in body["unjudged"]),
            tracks=tuple(
                TrackReport(
                    track["language"],
                    Measurement.from_json(track["measurement"]),
                    tuple(ChannelPeak(**peak) for peak in track["peaks"]),
                    curves.filter(pc.field("language") == track["language"]).drop_columns("language"),
                    pictures[track["language"]],
                )
                for track in body["tracks"]
            ),
            picture_hash=body["hashes"]["picture"],
            original_hash=body["hashes"]["original_audio"],
        )
