"""Whether a track is in the language its tag says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import langcodes

from dubline.audio.spans import Spans
from dubline.transcription.passages import passages
from dubline.transcription.recognizer import WINDOW_SECONDS, Recognizer

# Below this much of the probability a language is a guess, and nothing is held against the tag.
SURE = 0.5
# So many windows settle what one of them may get wrong.
_WINDOWS = 6
# whisper's codes where they are not the tag's own first subtag.
_CODES = {"cmn": "zh", "jv": "jw", "nb": "no", "fil": "tl", "iw": "he", "in": "id"}


@dataclass(frozen=True, slots=True)
class LanguageFound:
    """The tag's language beside the one heard: ``agrees`` is None where that is not known, and ``why`` says why."""

    tag: str
    agrees: bool | None
    heard: str | None = None
    probability: float | None = None
    seconds: float = 0.0
    why: str = ""

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary of JSON values."""
        return asdict(self)


def code_of(tag: str) -> str:
    """whisper's code for the language of a BCP-47 tag."""
    subtag = langcodes.Language.get(tag, normalize=False).language or tag
    return _CODES.get(subtag, subtag)


def find_language(path: Path, speech: Spans, *, tag: str, recognizer: Recognizer) -> LanguageFound:
    """Hold the WAV at ``path`` against ``tag`` in its passages with the longest ``speech``.

    A passage counts by its length, and no more than its first `WINDOW_SECONDS` are heard.
    """
    wanted = code_of(tag)
    if not recognizer.languages:
        return LanguageFound(tag, None, why="the checkpoint tells no languages apart")
    if wanted not in recognizer.languages:
        return LanguageFound(tag, None, why=f"the checkpoint does not know {tag}")
    heard: dict[str, float] = {}
    seconds = 0.0
    for start, end in _longest(speech):
        for passage in passages(path, Spans(((start, end),))):
            length = min(passage.seconds, WINDOW_SECONDS)
            seconds += length
            for code, probability in recognizer.language(passage.samples).items():
                heard[code] = heard.get(code, 0.0) + length * probability
    if not heard:
        return LanguageFound(tag, None, why="nobody speaks")
    best = max(sorted(heard), key=heard.__getitem__)
    probability = heard[best] / seconds
    sure = probability >= SURE
    return LanguageFound(
        tag,
        agrees=best == wanted if sure else None,
        heard=best,
        probability=round(probability, 4),
        seconds=round(seconds, 3),
        why="" if sure else "no language is heard clearly enough",
    )


def _longest(speech: Spans) -> list[tuple[float, float]]:
    by_length = sorted(speech.items, key=lambda span: span[0] - span[1])
    return [(start, min(end, start + WINDOW_SECONDS)) for start, end in by_length[:_WINDOWS]]
