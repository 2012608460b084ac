"""``dubline measure``: loudness and peaks of a file and of its segments, with a verdict against a spec."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from cli.against import show_verdict, spec_facts, wanted
from cli.output import bar, print_json, print_table
from cli.segments import segments
from cli.sound import as_wav
from dubline.audio.spans import Spans
from dubline.errors import CheckFailed
from dubline.loudness.measurement import GATES
from dubline.loudness.meter import meter_wav
from dubline.loudness.verdict import judge
from dubline.vocalization.speech import speech_spans

app = typer.Typer(add_completion=False, rich_markup_mode=None)

# Figure -> its heading where nine of them share a line.
_SEGMENT_COLUMNS = {
    "start_seconds": "start s",
    "end_seconds": "end s",
    "integrated_lufs": "I LUFS",
    "dialogue_lufs": "dialogue",
    "ungated_lufs": "ungated",
    "lra_lu": "LRA",
    "max_momentary_lufs": "max M",
    "max_short_term_lufs": "max S",
    "true_peak_dbtp": "dBTP",
}
_NOT_IN_THE_TABLE = {"checks", "notes", "gates", "segments", "spec"}


@app.command(
    epilog="Example: dubline measure mix.wav --spec netflix-nearfield --dialogue dx.wav --segment 60-90 --json"
)
def measure(
    file: Path = typer.Argument(help="An audio file, or a film: its first audio stream is measured."),
    spec: str | None = typer.Option(None, help="Give a verdict against this delivery spec."),
    dialogue: Path | None = typer.Option(None, help="Its dialogue stem; found in FILE itself where not given."),
    segment: list[str] = typer.Option(
        [], metavar="START-END", help="Measure this part too, in seconds or in the film's timecode; may be repeated."
    ),
    frame_rate: str | None = typer.Option(
        None, help="Frames per second of --segment timecode that counts from 00:00:00:00, for a file without a picture."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> int:
    """Measure loudness, range and peaks (BS.1770-4, EBU 3341/3342). Exit 4 if the verdict is fail."""
    target = wanted(spec) if spec else None
    spans = segments(segment, file, frame_rate)
    with bar("measure") as progress, as_wav(file) as wav:
        meter = meter_wav(wav, where=str(file), progress=progress)
        speech = _speech(wav, dialogue)
    measurement, parts = meter.measurement(speech), [meter.measurement(speech, span) for span in spans]
    body = measurement.to_json() | {"gates": GATES}
    if spans:
        body["segments"] = [
            {"start_seconds": start, "end_seconds": end, **part.to_json()}
            for (start, end), part in zip(spans, parts, strict=True)
        ]
    verdict = judge(measurement, target, parts) if target else None
    if target and verdict:
        body |= {"spec": spec_facts(target), **verdict.to_json()}
    if as_json:
        print_json(body)
    else:
        _show(file, body)
        if target and verdict:
            show_verdict(target, verdict)
    return CheckFailed.exit_code if verdict and verdict.verdict == "fail" else 0


def _speech(wav: Path, dialogue: Path | None) -> Spans:
    if dialogue is None:
        return speech_spans(wav, mixed=True)
    with as_wav(dialogue) as stem:
        return speech_spans(stem)


def _show(file: Path, body: dict[str, Any]) -> None:
    figures = ((name, value, GATES.get(name, "")) for name, value in body.items() if name not in _NOT_IN_THE_TABLE)
    print_table(str(file), ("figure", "value", "what counts"), figures)
    if "segments" in body:
        rows = ([part[name] for name in _SEGMENT_COLUMNS] for part in body["segments"])
        print_table("segments", _SEGMENT_COLUMNS.values(), rows)
