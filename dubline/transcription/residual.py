"""Language that is left in an M&E, held against what the DX guide says at the same time."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dubline.audio.spans import Spans
from dubline.errors import Cancelled
from dubline.transcription.checkpoint import Checkpoint
from dubline.transcription.language import code_of
from dubline.transcription.passages import passages
from dubline.transcription.recognizer import GUESS, NO_SPEECH, Recognizer
from dubline.transcription.text import Line, srt
from dubline.vocalization.watch import Cancel, Progress, never, nothing

# A recognizer's times are good to about this; words this far apart may be the same.
_SLACK_SECONDS = 1.0

NOT_CONFIGURED = "no speech recognition checkpoint is configured (DUBLINE_ASR_MODEL)"


@dataclass(frozen=True, slots=True)
class LeftLine:
    """A line read in the M&E, and how many of its words the DX guide has at that time.

    A recognizer imagines words in music: where the dialogue has none of them, none may be there.
    """

    line: Line
    shared_words: int

    def to_json(self) -> dict[str, Any]:
        """The line's values and ``shared_words``, flat."""
        return self.line.to_json() | {"words": len(self.line.words), "shared_words": self.shared_words}


@dataclass(frozen=True, slots=True)
class Residual:
    """What is read in the M&E (``left``) and the DX guide. ``ran`` is False, with the reason, where nobody looked."""

    ran: bool
    why: str = ""
    checkpoint: Checkpoint | None = None
    language: str | None = None
    guide: tuple[Line, ...] = ()
    left: tuple[LeftLine, ...] = ()

    @property
    def guide_words(self) -> int:
        """Words in the DX guide."""
        return sum(len(line.words) for line in self.guide)

    @property
    def shared_words(self) -> int:
        """Words of the dialogue that can still be read in the M&E."""
        return sum(one.shared_words for one in self.left)

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary of JSON values; the DX guide's lines are in a file of their own."""
        if not self.ran:
            return {"ran": False, "why": self.why}
        assert self.checkpoint is not None
        return {
            "ran": True,
            "checkpoint": {"name": self.checkpoint.name, "sha256": self.checkpoint.sha256},
            "language": self.language,
            "guide_words": self.guide_words,
            "shared_words": self.shared_words,
            "left": [one.to_json() for one in self.left],
        }


def write_guide(found: Residual, *, json_path: Path, srt_path: Path) -> None:
    """Write what the DX guide says, as JSON and as SubRip."""
    body = {"language": found.language, "lines": [line.to_json() for line in found.guide]}
    json_path.write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    srt_path.write_text(srt(found.guide), encoding="utf-8")


def read_residual(
    me: Path,
    guide: Path,
    speech: Spans,
    *,
    language: str,
    checkpoint: Checkpoint,
    device: str = "cpu",
    progress: Progress = nothing,
    cancelled: Cancel = never,
) -> Residual:
    """Read the WAVs ``me`` and ``guide`` wherever ``speech`` is, in ``language`` (BCP-47).

    Of the M&E only what the recognizer itself neither takes for silence nor for a guess is kept. ``progress`` counts
    milliseconds. Raises `EnvironmentFault` for a checkpoint that is none, `Cancelled`.
    """
    recognizer = Recognizer.load(checkpoint.path, device=device)
    code = code_of(language)
    if not recognizer.knows(code):
        return Residual(False, f"the checkpoint {checkpoint.name} does not know {language}")
    total, done = round(2000 * speech.seconds), 0
    read: list[tuple[Line, ...]] = []
    for path in (guide, me):
        lines: list[Line] = []
        for passage in passages(path, speech):
            if cancelled():
                raise Cancelled("reading was stopped", str(path), "start it again when ready")
            found = recognizer.transcribe(passage.samples, language=code)
            lines += [_moved(line, passage.start_seconds) for line in found if _believed(line)]
            done += round(1000 * passage.seconds)
            progress(min(done, total), total)
        read.append(tuple(lines))
    said, left = read
    return Residual(True, "", checkpoint, language, said, tuple(LeftLine(line, shared(line, said)) for line in left))


def shared(line: Line, others: Sequence[Line]) -> int:
    """How many words of ``line`` are also in those of ``others`` that are said at the same time."""
    near = Counter(
        word
        for other in others
        if other.start_seconds - _SLACK_SECONDS < line.end_seconds
        and line.start_seconds < other.end_seconds + _SLACK_SECONDS
        for word in other.words
    )
    return (Counter(line.words) & near).total()


def _believed(line: Line) -> bool:
    return line.no_speech < NO_SPEECH and line.confidence > GUESS


def _moved(line: Line, seconds: float) -> Line:
    return replace(
        line, start_seconds=round(line.start_seconds + seconds, 3), end_seconds=round(line.end_seconds + seconds, 3)
    )
