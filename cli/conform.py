"""``dubline conform``: a mix brought to a delivery spec."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import typer

from cli.output import bar, print_json, print_table
from cli.sound import as_wav
from cli.whole import whole_file
from dubline.errors import BadInput, CheckFailed
from dubline.loudness import specs
from dubline.loudness.conform import apply_gain, plan_gain
from dubline.loudness.meter import measure_wav
from dubline.loudness.verdict import judge
from dubline.vocalization.speech import speech_spans

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(epilog="Example: dubline conform mix.wav --spec ebu-r128 --out conformed.wav")
def conform(
    source: Path = typer.Argument(metavar="IN", help="The mix: an audio file."),
    spec: str = typer.Option(help="The delivery spec; see `dubline specs`."),
    out: Path = typer.Option(help="The conformed copy, a WAV in 32-bit float."),
    dialogue: Path | None = typer.Option(None, help="Its dialogue stem, for dialogue-gated specs."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> int:
    """One linear gain where IN is outside the spec's tolerance, none inside. Exit 4 if it cannot meet the spec."""
    target = specs.get(spec)
    if out.absolute() == source.absolute():
        raise BadInput("IN and OUT are the same file", str(out), "inputs are never written to: give another OUT")
    with ExitStack() as stack:
        wav = stack.enter_context(as_wav(source))
        speech = speech_spans(stack.enter_context(as_wav(dialogue)) if dialogue else wav)
        progress = stack.enter_context(bar("conform"))
        before, _ = measure_wav(wav, speech=speech, progress=progress)
        plan = plan_gain(before, target)
        made = stack.enter_context(whole_file(out))
        apply_gain(wav, made, plan.gain_db)
        after, _ = measure_wav(made, speech=speech, progress=progress)
    verdict = judge(after, target)
    body = {"path": str(out), "gain_db": plan.gain_db, "reason": plan.reason, **after.to_json(), **verdict.to_json()}
    if as_json:
        print_json(body)
    else:
        print_table(str(out), ("figure", "value"), ((k, v) for k, v in body.items() if k not in {"checks", "notes"}))
    return CheckFailed.exit_code if verdict.verdict == "fail" else 0
