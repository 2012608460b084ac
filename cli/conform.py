"""``dubline conform``: a mix brought to a delivery spec."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

import typer

from cli.against import show_verdict, spec_facts, wanted
from cli.output import bar, print_json, print_table
from cli.sound import as_wav
from cli.whole import check_out, whole_file
from dubline.errors import BadInput, CheckFailed
from dubline.loudness.conform import Watch
from dubline.loudness.conform import conform as conform_mix
from dubline.loudness.meter import measure_wav
from dubline.loudness.verdict import judge
from dubline.media import containers
from dubline.vocalization.speech import speech_spans

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(epilog="Example: dubline conform mix.wav --spec ebu-r128 --out conformed.wav --codec aac")
def conform(
    source: Path = typer.Argument(metavar="IN", help="The mix: an audio file."),
    spec: str = typer.Option(help="The delivery spec; see `dubline specs`."),
    out: Path = typer.Option(help="The conformed copy, a WAV in 32-bit float; IN's own bytes where it conforms."),
    dialogue: Path | None = typer.Option(None, help="Its dialogue stem, for dialogue-gated specs."),
    dialogue_gain: bool = typer.Option(
        False, "--dialogue-gain", help="The stem lies in IN sample by sample: gain it before the whole mix is gained."
    ),
    codec: str | None = typer.Option(
        None, help="What the copy will be delivered in; it is judged as it sounds after that. Default: PCM."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> int:
    """Gain IN where it is outside the spec's tolerance; limit only peaks. Exit 4 if that cannot meet the spec."""
    target = wanted(spec)
    if target.material == "me":
        mend = f"an M&E is never gained: see `dubline measure {source} --spec {spec}`"
        raise BadInput(f"{spec} judges an M&E", str(source), mend)
    check_out(out, [source, *([dialogue] if dialogue else [])])
    if dialogue_gain and dialogue is None:
        raise BadInput("--dialogue-gain without a dialogue stem", str(source), "give --dialogue too")
    if codec is not None:
        containers.codec(codec, where="--codec")
    with ExitStack() as stack:
        wav = stack.enter_context(as_wav(source))
        stem = stack.enter_context(as_wav(dialogue)) if dialogue else None
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dubline-")))
        progress = stack.enter_context(bar("conform"))
        speech = speech_spans(stem or wav, mixed=stem is None)
        measured, _ = measure_wav(wav, speech=speech, progress=progress)
        made = conform_mix(
            wav,
            scratch,
            target,
            measured=measured,
            speech=speech,
            dialogue=stem if dialogue_gain else None,
            codec=codec,
            watch=Watch(progress),
        )
        if made.limit is not None:
            raise CheckFailed(f"cannot meet {spec}: {made.limit}", str(source), "mix it anew, or choose another spec")
        shutil.copyfile(made.path, stack.enter_context(whole_file(out)))
    verdict = judge(made.delivered, target)
    figures = {"path": str(out), **made.values(), **made.delivered.to_json()}
    if as_json:
        print_json(figures | {"spec": spec_facts(target), **verdict.to_json()})
    else:
        print_table(str(out), ("figure", "value"), figures.items())
        show_verdict(target, verdict)
    return CheckFailed.exit_code if verdict.verdict == "fail" else 0
