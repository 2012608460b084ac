"""``dubline check``: the delivery check for any file, from anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import typer

from cli.against import named, wanted
from cli.output import bar, print_json, print_table
from cli.sound import as_wav
from cli.whole import check_out, whole_folder
from dubline.audio.layout import Layout
from dubline.audio.spans import Spans
from dubline.errors import CheckFailed
from dubline.loudness.specs import Spec
from dubline.media import languages
from dubline.media.probe import probe
from dubline.quality.delivery import Expected, check_delivery
from dubline.quality.delivery_report import DeliveryReport
from dubline.quality.page import Page, page_json, write_page
from dubline.vocalization.speech import speech_spans

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(epilog="Example: dubline check film_fr.mov --spec ebu-r128 --master film.mov --language fr-FR")
def check(
    files: list[Path] = typer.Argument(metavar="FILE...", help="The file, or one mono WAV per channel in their order."),
    spec: str = typer.Option(help="The delivery spec; see `dubline specs`."),
    master: Path | None = typer.Option(None, help="The master it was made of: picture, start and length are its own."),
    audio_stream: int = typer.Option(0, min=0, help="Which audio stream of the master is the OV mix."),
    reference: list[Path] = typer.Option([], help="The mix that was encoded; once for each dub in the file."),
    language: list[str] = typer.Option([], help="The dub's language (BCP-47); once for each dub in the file."),
    dialogue: list[Path] = typer.Option([], help="The dub's dialogue stem, for dialogue-gated specs; once for each."),
    out: Path | None = typer.Option(None, help="Write the report here (HTML), and the same as JSON beside it."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> int:
    """Check every line of a spec on FILE. What master, reference or language would tell is not judged without them,
    and the report says so. Exit 4 if the verdict is fail."""
    target = wanted(spec)
    if out is not None:
        if out.suffix == ".json":
            raise typer.BadParameter("--out names the page, and the same as JSON lies beside it: let it end in .html")
        for page in (out, out.with_suffix(".json")):
            check_out(page, [*files, *reference, *dialogue, *([master] if master else [])])
    dubs = max(len(language), len(reference), 1)
    for name, given in (("--reference", reference), ("--language", language), ("--dialogue", dialogue)):
        if len(given) not in (0, dubs):
            raise typer.BadParameter(f"{name} was given {len(given)} times for {dubs} dubs: give it once for each")
    if len(files) > 1 and dubs > 1:
        raise typer.BadParameter("files of one channel each hold one dub: give one --language and one --reference")
    with ExitStack() as stack:
        mixes = [stack.enter_context(as_wav(path)) for path in reference]
        expected = [
            Expected(
                language=languages.parse(language[number]) if language else None,
                reference=mixes[number] if mixes else None,
                speech=_speech(files, number, mixes, dialogue) if _needs_speech(target) else None,
            )
            for number in range(dubs)
        ]
        delivered = probe(files[0], need_picture=False)
        report = check_delivery(
            files,
            expected=expected,
            spec=target,
            media=probe(master) if master else None,
            keep_original=delivered.video is not None and len(delivered.audio) > dubs,
            audio_stream=audio_stream,
            progress=stack.enter_context(bar("check")),
        )
        if out is not None:
            _write(out, report, [(f"mix {path.name}", mix) for path, mix in zip(reference, mixes, strict=True)])
    if as_json:
        print_json(report.to_json())
    else:
        _show(report)
    return CheckFailed.exit_code if report.verdict == "fail" else 0


def _needs_speech(spec: Spec) -> bool:
    """Whether any limit of ``spec`` is about the dialogue."""
    dialogue = spec.loudness is not None and spec.loudness.gate == "dialogue"
    return dialogue or spec.max_programme_over_dialogue_lu is not None or spec.dialogue_lra_max_lu is not None


def _speech(files: Sequence[Path], number: int, mixes: Sequence[Path], dialogue: Sequence[Path]) -> Spans:
    """Where dub ``number`` speaks: heard in its stem, else in its mix, else in the delivered track itself."""
    if dialogue or mixes:
        with as_wav(dialogue[number] if dialogue else mixes[number]) as wav:
            return speech_spans(wav, mixed=not dialogue)
    with _voice(files, number) as wav:
        return speech_spans(wav, mixed=True)


@contextmanager
def _voice(files: Sequence[Path], number: int) -> Iterator[Path]:
    """The delivered track, or of files of one channel each the one with the dialogue."""
    center = Layout.default(len(files), where=str(files[0])).center if len(files) > 1 else 0
    with as_wav(files[center or 0], stream=number) as wav:
        yield wav


def _write(out: Path, report: DeliveryReport, sources: Sequence[tuple[str, Path]]) -> None:
    page = Page(title=report.deliverable, version=None, original_language=None, reports=(report,), events=None)
    with whole_folder(out.parent) as folder:
        write_page(folder / out.name, page, sources=sources)
        body = json.dumps(page_json(page), indent=2, ensure_ascii=False, allow_nan=False)
        (folder / out.with_suffix(".json").name).write_text(body, encoding="utf-8")


def _show(report: DeliveryReport) -> None:
    print_table(
        f"{report.deliverable}: {report.verdict} against {named(report.spec)}",
        ("check", "value", "limit", "verdict", "note"),
        ((c.name, c.value, c.limit, c.verdict, c.note) for c in report.checks),
    )
    if report.unjudged:
        print_table("not judged", ("check", "why"), ((item.name, item.reason) for item in report.unjudged))
