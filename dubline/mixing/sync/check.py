"""Does a dub run with the dialogue it replaces? By how much it is late, how fast it runs, and how sure that is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from dubline.audio.wav import WavReader
from dubline.mixing.sync import waveform
from dubline.mixing.sync.envelope import activity, levels
from dubline.mixing.sync.search import Search, phrases, search
from dubline.mixing.sync.speeds import CAUSES, Line, compatible
from dubline.mixing.sync.stack import stack
from dubline.vocalization.watch import Cancel, Progress, never, nothing

Method = Literal["waveform", "activity", "none"]

# Of 185 pairs of unrelated dialogues of one to ten minutes, prominence times lead was 9.9 at most; of as many with the
# same cues it was over 14 for half at three minutes and over 27 for nine in ten at
# ten. Shorter sound has too few phrases.
_MIN_STANDING = 12.0
_MIN_SECONDS = 60.0
# The jackknife is a little too sure of itself on few pieces.
_SIGMAS = 4.0
# The same performance is out of sync where a viewer sees it (ITU-R BT.1359: 45 ms early, 125 ms late; EBU R 37 wants
# 40 and 60); one in other words has other onsets on every line, and is no better known than this.
_TOLERANCE_SECONDS = {"waveform": 0.045, "activity": 0.25}
_CANDIDATES = 24


@dataclass(frozen=True, slots=True)
class SyncReport:
    """Where the dub lies against the dialogue of the title, which both count from the first frame.

    What belongs to second ``t`` of the title lies at second ``offset_seconds + t / speed`` of the dub. ``ratio`` is
    the named speed (or the measured one) that a resampler must undo, ``cause`` says how it comes about; ``compatible``
    lists every named speed this sound cannot be told from. Precisions are standard errors, in the middle of the
    sound and of the speed; figures are None where ``method`` is none. ``worst_seconds`` is the largest distance
    between picture and dub anywhere in the title.
    """

    method: Method
    in_sync: bool | None
    offset_seconds: float | None
    speed: float | None
    ratio: str | None
    cause: str | None
    compatible: tuple[str, ...]
    worst_seconds: float | None
    confidence: float
    precision_seconds: float | None
    precision_ppm: float | None
    summary: str

    @property
    def determined(self) -> bool:
        """Whether the dub's place could be found."""
        return self.method != "none"

    @property
    def certain(self) -> bool:
        """Whether there is one answer to act on: a speed that is no other, or that may well be the master's."""
        return self.determined and (len(self.compatible) <= 1 or self.ratio == "1")

    @property
    def line(self) -> Line:
        """Where the dub lies; only where it is determined."""
        assert self.offset_seconds is not None and self.ratio is not None
        return Line(self.offset_seconds, float(Fraction(self.ratio)))

    def start(self, start: int, rate: int) -> int:
        """Where a dub checked with its first sample at frame ``start`` begins once it runs at the title's speed."""
        line = self.line
        return round((start / rate - line.offset) * line.speed * rate)

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary of JSON values."""
        return asdict(self) | {"determined": self.determined, "compatible": list(self.compatible)}

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> SyncReport:
        """The inverse of `to_json`."""
        facts = {name: value for name, value in body.items() if name != "determined"}
        return cls(**facts | {"compatible": tuple(body["compatible"])})


def check_sync(dub: Path, dialogue: Path, *, progress: Progress = nothing, cancelled: Cancel = never) -> SyncReport:
    """Find offset and speed of ``dub`` against ``dialogue``, WAV files of any rate, layout and length.

    The same performance (an ADR take, the stem itself) is found to microseconds by its waveform; a dub in other
    words by its phrases and pauses, to some hundredths of a second over ten minutes, and only where the place found
    stands out from all others. Offsets up to 10 s and the speeds of `CAUSES`, each with a drift of up to 500 ppm,
    are searched. ``progress`` counts frames of both files. Raises `BadInput`, `Cancelled`.
    """
    with WavReader(dialogue) as original, WavReader(dub) as other:
        total = original.frames + other.frames
        heard = (
            activity(levels(original, progress=lambda done, _: progress(done, total), cancelled=cancelled)),
            activity(
                levels(other, progress=lambda done, _: progress(original.frames + done, total), cancelled=cancelled)
            ),
        )
        for curve, name in zip(heard, ("the original dialogue", "the dub"), strict=True):
            if not curve.any():
                return _undetermined(f"{name} is silent")
        seconds = original.frames / original.rate
        found = search(*(phrases(curve) for curve in heard))
        near = [candidate.line for candidate in found.candidates[:_CANDIDATES]]
        aligned = waveform.align(original, other, heard=heard, near=near, cancelled=cancelled)
    if aligned is not None:
        return _by_waveform(aligned, seconds)
    if seconds >= _MIN_SECONDS and found.prominence * found.lead >= _MIN_STANDING:
        return _by_activity(phrases(heard[0]), phrases(heard[1]), found, seconds)
    return _undetermined("no place of the dub stands out: other words, too little of them, or another title")


def _by_waveform(aligned: waveform.Aligned, seconds: float) -> SyncReport:
    named = compatible(aligned.line.speed, _SIGMAS * aligned.precision_slope)
    ratio = named[0] if named else _fraction(aligned.line.speed)
    # Turned to the named speed about the middle of what was heard, where it is known best.
    middle = aligned.middle_seconds
    line = Line(aligned.line.at(middle) - middle / float(ratio), float(ratio))
    return _report(
        "waveform",
        line,
        ratio,
        named,
        seconds,
        confidence=aligned.correlation * aligned.share,
        precision_seconds=aligned.precision_seconds,
        precision_slope=aligned.precision_slope,
    )


def _by_activity(reference: waveform.Floats, dub: waveform.Floats, found: Search, seconds: float) -> SyncReport:
    best = stack(reference, dub, found.candidates[0].line)
    named = compatible(best.line.speed, _SIGMAS * best.precision_slope)
    # A dub that may well run at the master's speed is not accused of another.
    ratio = Fraction(1) if Fraction(1) in named else named[0] if named else _fraction(best.line.speed)
    middle = seconds / 2.0
    turned = Line(best.line.at(middle) - middle / float(ratio), float(ratio))
    line = stack(reference, dub, turned, fixed=True).line
    return _report(
        "activity",
        line,
        ratio,
        named,
        seconds,
        confidence=1.0 - 1.0 / found.lead,
        precision_seconds=best.precision_seconds,
        precision_slope=best.precision_slope,
    )


def _report(
    method: Literal["waveform", "activity"],
    line: Line,
    ratio: Fraction,
    named: tuple[Fraction, ...],
    seconds: float,
    *,
    confidence: float,
    precision_seconds: float,
    precision_slope: float,
) -> SyncReport:
    worst = max(abs(line.at(0.0)), abs(line.at(seconds) - seconds))
    in_sync = worst <= max(_TOLERANCE_SECONDS[method], _SIGMAS * precision_seconds)
    return SyncReport(
        method=method,
        in_sync=in_sync,
        offset_seconds=line.offset,
        speed=float(ratio),
        ratio=str(ratio),
        cause=CAUSES.get(ratio),
        compatible=tuple(str(speed) for speed in named),
        worst_seconds=worst,
        confidence=confidence,
        precision_seconds=precision_seconds,
        precision_ppm=precision_slope * 1e6,
        summary="runs with the picture" if in_sync else _said(line, ratio, len(named), worst),
    )


def _said(line: Line, ratio: Fraction, choices: int, worst: float) -> str:
    """``runs 4.27 % fast (a 25 fps dub on a 23.976 fps master) and is 1.700 s late at the first frame; ...``"""
    parts = []
    if ratio != 1:
        pace = "fast" if ratio > 1 else "slow"
        drift = abs(float(ratio) - 1.0)
        amount = f"{drift:.2%}".replace("%", " %") if drift >= 5e-4 else f"{drift * 1e6:.1f} ppm"
        doubt = ", or a neighboring speed" if choices > 1 else ""
        parts.append(f"runs {amount} {pace} ({CAUSES.get(ratio, 'no usual cause')}{doubt})")
    # With a speed of its own, a dub that starts on time is still out of sync.
    if ratio == 1 or abs(line.offset) > _TOLERANCE_SECONDS["waveform"]:
        parts.append(f"is {abs(line.offset):.3f} s {'late' if line.offset > 0 else 'early'} at the first frame")
    return " and ".join(parts) + f"; up to {worst:.3f} s from the picture"


def _undetermined(why: str) -> SyncReport:
    return SyncReport("none", None, None, None, None, None, (), None, 0.0, None, None, f"not determined: {why}")


def _fraction(speed: float) -> Fraction:
    return Fraction(speed).limit_denominator(10_000_000)
