"""``dubline clean``: events out of an M&E, what they covered rebuilt, and a page that shows it."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

import typer

from cli.output import bar, print_json
from cli.sound import as_wav
from cli.whole import whole_folder
from dubline.audio.spans import Spans
from dubline.media import languages
from dubline.quality.events_page import Tracks, write_events_page
from dubline.repair.clean import GUIDE, ME, REPORT
from dubline.repair.clean import clean as clean_me
from dubline.separation import registry
from dubline.transcription.checkpoint import Checkpoint
from dubline.transcription.residual import NOT_CONFIGURED, Residual, read_residual, write_guide
from dubline.vocalization import policies
from dubline.vocalization.edits import read_edits
from dubline.vocalization.events import Event, read_events
from dubline.vocalization.hysteresis import join
from dubline.vocalization.speech import speech_spans
from tasks import cancel
from tasks.context import resolve_device
from tasks.recognition import configured
from tasks.settings import Settings

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(epilog="Example: dubline clean me.wav --events events.parquet --out cleaned --policy clean")
def clean(
    me: Path = typer.Argument(metavar="ME", help="The M&E: an audio file."),
    events: Path = typer.Option(help="The events to act on, as `dubline detect` writes them."),
    out: Path = typer.Option(help="Folder for me.wav, optional.wav, dx_guide.wav, report.json and events.html."),
    dialogue: Path | None = typer.Option(None, help="The dialogue stem of the same mix; the DX guide takes it in."),
    policy: str = typer.Option("netflix", help="What stays, goes to OPT or to the DX guide; see `dubline policies`."),
    edits: Path | None = typer.Option(None, help="What a person says of the events: YAML or JSON, see docs/clean.md."),
    language: str | None = typer.Option(None, help="What the dialogue is in (BCP-47); a recognizer reads it then."),
    model: str = typer.Option("default", help="The separator that listens again; see `dubline models`."),
    device: str | None = typer.Option(None, help="auto, cpu, cuda or cuda:N."),
    unfilled: bool = typer.Option(False, "--unfilled", help="Also write me_unfilled.wav, the M&E before filling."),
    as_json: bool = typer.Option(False, "--json", help="Print the report as one JSON object."),
) -> None:
    """Write the filled M&E, the optional track and the DX guide; M&E before filling + both = ME + dialogue."""
    settings = Settings.load()
    found, chosen = read_events(events), policies.get(policy, settings.policies_root)
    said = read_edits(edits) if edits is not None else None
    place, checkpoint = resolve_device(device or settings.device), configured(settings.asr_model)
    spoken = languages.parse(language).bcp47 if language else None
    separator = registry.load(model, settings.models_root, device=place)
    with ExitStack() as stack:
        wav = stack.enter_context(as_wav(me))
        stem = stack.enter_context(as_wav(dialogue)) if dialogue is not None else None
        folder = stack.enter_context(whole_folder(out))
        progress = stack.enter_context(bar("clean"))
        report = clean_me(
            wav,
            events=found,
            dialogue=stem,
            policy=chosen,
            edits=said,
            network=separator.network,
            out_dir=folder,
            keep_unfilled=unfilled,
            progress=progress,
            cancelled=cancel.requested,
        )
        left = _read(folder, stem, report.events, spoken, checkpoint, place)
        body = report.to_json() | {"residual_language": left.to_json()}
        (folder / REPORT).write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")
        tracks = Tracks(wav, folder / ME, stem, stem and folder / GUIDE)
        write_events_page(folder, body, tracks, title=me.name, cancelled=cancel.requested)
    if as_json:
        print_json(body)
    else:
        typer.echo("\n".join(str(path) for path in sorted(out.iterdir())))


def _read(
    folder: Path,
    stem: Path | None,
    events: list[Event],
    language: str | None,
    checkpoint: Checkpoint | None,
    device: str,
) -> Residual:
    """What a recognizer reads where somebody speaks, in the stem or, without one, in the events; the guide's text."""
    if checkpoint is None:
        return Residual(False, NOT_CONFIGURED)
    if language is None:
        return Residual(False, "nobody said which language the dialogue is in (--language)")
    spans = [(event.start_seconds, event.end_seconds) for event in events]
    speech = speech_spans(stem) if stem else Spans(tuple(join(spans, gap=0.0)))
    found = read_residual(
        folder / ME,
        folder / GUIDE,
        speech,
        language=language,
        checkpoint=checkpoint,
        device=device,
        cancelled=cancel.requested,
    )
    if found.ran:
        write_guide(found, json_path=folder / "dx_guide.json", srt_path=folder / "dx_guide.srt")
    return found
