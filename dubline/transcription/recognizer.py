"""What is said in a passage, and in which language: openai-whisper behind two methods.

The same passage gives the same text each time: decoding is greedy and takes no chances at higher temperatures.
"""

from __future__ import annotations

import math
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch

from dubline.errors import EnvironmentFault
from dubline.transcription.passages import RATE, Samples
from dubline.transcription.text import Line

# What the recognizer hears at once; shorter sound is completed with silence.
WINDOW_SECONDS = 30.0
# Where whisper itself takes a window for silence, and a text for a guess.
NO_SPEECH = 0.6
GUESS = math.exp(-1.0)


@dataclass(frozen=True, slots=True)
class Recognizer:
    """A loaded checkpoint."""

    _model: Any
    _device: str

    @classmethod
    def load(cls, path: Path, *, device: str = "cpu") -> Self:
        """Load a checkpoint; nothing in it is run. Raises `EnvironmentFault` for a file that is none."""
        import whisper  # noqa: PLC0415 - an extra, and seconds to import

        try:
            return cls(whisper.load_model(str(path.absolute()), device=device), device)
        # What torch and whisper raise for a file of another kind, a damaged one, and weights of another shape.
        except (OSError, RuntimeError, KeyError, TypeError, ValueError, EOFError, pickle.UnpicklingError) as error:
            raise EnvironmentFault(
                "not a whisper checkpoint", str(path), f"set DUBLINE_ASR_MODEL to one ({type(error).__name__})"
            ) from error

    @property
    def languages(self) -> frozenset[str]:
        """The codes of the languages it tells apart; empty for a checkpoint of English alone."""
        from whisper.tokenizer import LANGUAGES  # noqa: PLC0415

        codes = list(LANGUAGES)[: self._model.num_languages]
        return frozenset(codes) if self._model.is_multilingual else frozenset()

    def knows(self, language: str) -> bool:
        """Whether it can write down ``language``, one of whisper's codes."""
        return language in (self.languages or {"en"})

    def language(self, samples: Samples) -> dict[str, float]:
        """Probability of each of its languages in the first `WINDOW_SECONDS` of ``samples``, (n,) float32 at 16 kHz."""
        import whisper  # noqa: PLC0415

        mel = whisper.log_mel_spectrogram(whisper.pad_or_trim(samples), self._model.dims.n_mels, device=self._device)
        with torch.inference_mode():
            _, found = self._model.detect_language(mel)
        return {code: float(probability) for code, probability in found.items()}

    def transcribe(self, samples: Samples, *, language: str) -> list[Line]:
        """What is said in ``samples``, (n,) float32 at 16 kHz, times from its beginning; lines in order of time."""
        with torch.inference_mode():
            said = self._model.transcribe(
                samples,
                language=language,
                temperature=0.0,
                condition_on_previous_text=False,
                fp16=self._device != "cpu",
            )
        seconds = len(samples) / RATE
        lines = (_line(segment, seconds) for segment in said["segments"])
        return [line for line in lines if line.words and line.start_seconds < line.end_seconds]


def _line(segment: dict[str, Any], seconds: float) -> Line:
    return Line(
        start_seconds=round(min(float(segment["start"]), seconds), 3),
        end_seconds=round(min(float(segment["end"]), seconds), 3),
        text=segment["text"].strip(),
        confidence=round(min(math.exp(segment["avg_logprob"]), 1.0), 4),
        no_speech=round(float(segment["no_speech_prob"]), 4),
    )
