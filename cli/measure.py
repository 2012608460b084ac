"""``dubline measure``: loudness and peaks of a file, with a verdict against a spec."""

from __future__ import annotations

from pathlib import Path

import typer

from cli.output import bar, print_json, print_table
from cli.sound import as_wav
from dubline.audio.spans import Spans
from dubline.errors import CheckFailed
from dubline.loudness import specs
from dubline.loudness.meter import measure_wav
from dubline.loudness.verdict import judge
from dubline.vocalization.speech import speech_spans

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(epilog="Example: dubline measure mix.wav --spec netflix-nearfield --dialogue dx.wav --json")
def measure(
    file: Path = typer.Argument(help="An audio file, or a film: its first audio stream is measured."),
    spec: str | None = typer.Option(None, help="Give a verdict against this delivery spec."),
    dialogue: Path | None = typer.Option(None, help="Its dialogue stem; found in FILE itself where not given."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> int:
    """Measure loudness, range and peaks (BS.1770-4, EBU 3341/3342). Exit 4 if the verdict is fail."""
    target = specs.get(spec) if spec else None
    with bar("measure") as progress, as_wav(file) as wav:
        measurement, _ = measure_wav(wav, speech=_speech(wav, dialogue), progress=progress)
    body = measurement.to_json()
    verdict = judge(measurement, target) if target else None
    if verdict:
        body |= verdict.to_json()
    if as_json:
        print_json(body)
    else:
        print_table(str(file), ("figure", "value"), ((k, v) for k, v in body.items() if k not in {"checks", "notes"}))
        if verdict:
            print_table(
                f"against {spec}",
                ("check", "value", "limit", "verdict", "note"),
                ((c.name, c.value, c.limit, c.verdict, c.note) for c in verdict.checks),
            )
    return CheckFailed.exit_code if verdict and verdict.verdict == "fail" else 0


def _speech(wav: Path, dialogue: Path | None) -> Spans:
    if dialogue is None:
        return speech_spans(wav)
    with as_wav(dialogue) as stem:
        return speech_spans(stem)
