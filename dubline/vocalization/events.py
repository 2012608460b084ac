"""Events: the vocalizations found in an M&E, and their files (Parquet for machines, JSON for people)."""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

import pyarrow as pa
import pyarrow.parquet as pq

from dubline.audio.layout import MASK_BITS
from dubline.errors import BadInput

Label = Literal["speech", "singing", "laughter", "crying", "shout", "breath", "cough", "exertion", "crowd"]
Disposition = Literal["keep", "optional", "remove"]
Action = Literal["none", "attenuated", "filled"]
Stem = Literal["me", "dx"]

LABELS: tuple[Label, ...] = get_args(Label)
DISPOSITIONS: tuple[str, ...] = get_args(Disposition)
ACTIONS: tuple[str, ...] = get_args(Action)
STEMS: tuple[str, ...] = get_args(Stem)

_SCHEMA = pa.schema(
    [
        pa.field("start_seconds", pa.float64(), nullable=False),
        pa.field("end_seconds", pa.float64(), nullable=False),
        pa.field("channels", pa.list_(pa.field("item", pa.string(), nullable=False)), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("level_db", pa.float64(), nullable=False),
        pa.field("disposition", pa.string(), nullable=False),
        pa.field("action", pa.string(), nullable=False),
        pa.field("stem", pa.string(), nullable=False),
        pa.field("id", pa.string(), nullable=False),
    ]
)


_ID = re.compile(r"[0-9a-f]{12}")
_PARQUET_MAGIC = b"PAR1"


@dataclass(frozen=True, slots=True)
class Event:
    """One vocalization in the M&E, or, where ``stem`` is "dx", one without language in the DX stem.

    ``channels`` are layout tags. ``score`` is the detector's confidence, 0 to 1. ``level_db`` is the event's level
    over the background around it, in the voice band. ``disposition`` is what the policy wants done with it
    (`keep` until a policy is applied); ``action`` is what was done. ``id`` names the event for good: it is made of
    stem, channels, span and label as they were when the event was new; `dataclasses.replace` changes them and not it.
    Raises `ValueError` for values that make no sense.
    """

    start_seconds: float
    end_seconds: float
    channels: tuple[str, ...]
    label: Label
    score: float
    level_db: float
    disposition: Disposition = "keep"
    action: Action = "none"
    stem: Stem = "me"
    id: str = ""

    def __post_init__(self) -> None:
        if not (0.0 <= self.start_seconds < self.end_seconds < math.inf):
            raise ValueError(f"an event cannot last from {self.start_seconds} to {self.end_seconds} s")
        if not self.channels or not set(self.channels) <= set(MASK_BITS):
            raise ValueError(f"{list(self.channels)} are not channel tags")
        if not (0.0 <= self.score <= 1.0 and math.isfinite(self.level_db)):
            raise ValueError(f"score {self.score} or level {self.level_db} dB is out of range")
        for value, allowed in (
            (self.label, LABELS),
            (self.disposition, DISPOSITIONS),
            (self.action, ACTIONS),
            (self.stem, STEMS),
        ):
            if value not in allowed:
                raise ValueError(f"'{value}' is none of {', '.join(allowed)}")
        if not self.id:
            object.__setattr__(self, "id", self._name())
        if not _ID.fullmatch(self.id):
            raise ValueError(f"'{self.id}' is not an event's id, twelve hexadecimal digits")

    def _name(self) -> str:
        """The first twelve hexadecimal digits of a hash of what tells this event from every other."""
        span = f"{self.start_seconds:.6f}-{self.end_seconds:.6f}"
        return hashlib.sha256("|".join((self.stem, *self.channels, span, self.label)).encode()).hexdigest()[:12]

    @property
    def seconds(self) -> float:
        """Duration."""
        return self.end_seconds - self.start_seconds

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary of JSON values, in the order of the fields."""
        return asdict(self) | {"channels": list(self.channels)}

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Event:
        """What `to_json` gave, ``stem`` and ``id`` as they are for a new event of the M&E where they are missing.

        Raises `ValueError` for other missing or unknown fields or wrong values.
        """
        names = {field.name for field in fields(cls)}
        if not names - {"stem", "id"} <= set(body) <= names:
            raise ValueError(f"fields {sorted(set(body) ^ names)} are missing or unknown")
        numbers = {name: float(body[name]) for name in ("start_seconds", "end_seconds", "score", "level_db")}
        return cls(**(body | numbers | {"channels": tuple(body["channels"])}))


def write_events(events: list[Event], path: Path) -> None:
    """Write in order of time, as JSON under a name that ends in .json, else as Parquet; always the same bytes."""
    rows = [event.to_json() for event in in_order(events)]
    if path.suffix.lower() == ".json":
        path.write_text(json.dumps({"events": rows}, indent=1) + "\n", encoding="utf-8")
    else:
        pq.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA), path)


def read_events(path: Path) -> list[Event]:
    """Read what `write_events` wrote, whatever it is called now, or a person edited; `BadInput` when malformed."""
    try:
        with path.open("rb") as file:
            is_parquet = file.read(len(_PARQUET_MAGIC)) == _PARQUET_MAGIC
        if is_parquet:
            with pq.ParquetFile(path) as table:
                rows = table.read().to_pylist()
        else:
            rows = json.loads(path.read_text(encoding="utf-8"))["events"]
        return in_order([Event.from_json(row) for row in rows])
    # ArrowInvalid and JSONDecodeError are ValueErrors; KeyError and TypeError come from JSON of another shape.
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput("not a list of events", str(path), f"make it with `dubline detect` ({error})") from error


def in_order(events: list[Event]) -> list[Event]:
    """By time, then by channels."""
    return sorted(events, key=lambda e: (e.start_seconds, e.end_seconds, e.channels, e.label, e.stem))
