"""``dubline doctor``: what works on this machine."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import httpx
import torch
import typer
from prefect.settings import PREFECT_API_URL

from cli.output import print_json, print_table
from db.catalog import Catalog
from db.errors import DbError
from db.stores import store_of
from dubline.errors import DublineError, EnvironmentFault
from dubline.media import ffmpeg
from dubline.separation import registry
from dubline.transcription.recognizer import Recognizer
from tasks.context import resolve_device
from tasks.recognition import configured
from tasks.settings import Settings

app = typer.Typer(add_completion=False, rich_markup_mode=None)

# A feature's stems and mixes take about 10 GB an hour in stereo; under this a run will not get far.
_LOW_DISK_BYTES = 10 * 2**30
# Who asks whether a store answers wants to know it now.
_PATIENCE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: its name, whether it works, what was found or how to mend it."""

    name: str
    ok: bool
    found: str


@app.command(epilog="Example: dubline doctor --json")
def doctor(as_json: bool = typer.Option(False, "--json", help="Print one JSON object.")) -> int:
    """Say what works on this machine: ffmpeg, device, database, store, Prefect, models. Exit 5 if something fails."""
    findings = examine(Settings.load())
    if as_json:
        print_json(
            {
                "ok": all(f.ok for f in findings),
                "findings": [{"name": f.name, "ok": f.ok, "found": f.found} for f in findings],
            }
        )
    else:
        print_table(
            "dubline doctor",
            ("what", "state", "found"),
            ((f.name, "ok" if f.ok else "FAILS", f.found) for f in findings),
        )
    return 0 if all(f.ok for f in findings) else EnvironmentFault.exit_code


def examine(settings: Settings) -> list[Finding]:
    """Look at everything a run needs."""
    looks: dict[str, Callable[[Settings], str]] = {
        "ffmpeg": _ffmpeg,
        "device": _device,
        "database": _database,
        "store": _store,
        "disk": _disk,
        "prefect": _prefect,
        "models": _models,
        "recognizer": _recognizer,
    }
    return [_look(name, look, settings) for name, look in looks.items()]


def _look(name: str, look: Callable[[Settings], str], settings: Settings) -> Finding:
    try:
        return Finding(name, True, look(settings))
    except (DublineError, DbError, OSError) as error:
        return Finding(name, False, str(error))


def _ffmpeg(settings: Settings) -> str:
    ffmpeg.use(settings.ffmpeg)
    return f"{ffmpeg.version()} at {ffmpeg.binary()}"


def _device(settings: Settings) -> str:
    return f"{resolve_device(settings.device)}, torch {torch.__version__}, {torch.get_num_threads()} threads"


def _database(settings: Settings) -> str:
    settings.home.mkdir(parents=True, exist_ok=True)
    catalog = Catalog.open(settings.catalog_url)
    return f"{catalog.server()}, {len(catalog.titles())} titles in {catalog.where}"


def _store(settings: Settings) -> str:
    store = store_of(Catalog.open(settings.catalog_url), settings, patience=_PATIENCE)
    store.check()
    return store.where


def _disk(settings: Settings) -> str:
    free = shutil.disk_usage(settings.home).free
    if free < _LOW_DISK_BYTES:
        raise EnvironmentFault(f"{free / 2**30:.1f} GiB free", str(settings.home), "free space or move DUBLINE_HOME")
    return f"{free / 2**30:.0f} GiB free at {settings.home}"


def _prefect(settings: Settings) -> str:
    url = PREFECT_API_URL.value()
    if not url:
        return f"no server configured: each run starts its own, kept in {settings.home / 'prefect'}"
    try:
        httpx.get(f"{url}/health", timeout=5).raise_for_status()
    except httpx.HTTPError as error:
        raise EnvironmentFault(
            "the Prefect server does not answer", url, "start it or unset PREFECT_API_URL"
        ) from error
    return str(url)


def _models(settings: Settings) -> str:
    cards = [card for card in registry.list_models(settings.models_root) if card.file]
    for card in cards:
        registry.load(card.id, settings.models_root, device="cpu")
    return ", ".join(f"{card.id} {card.version}" for card in cards)


def _recognizer(settings: Settings) -> str:
    found = configured(settings.asr_model)
    if found is None:
        return "none configured: language left in an M&E is not read (DUBLINE_ASR_MODEL)"
    Recognizer.load(found.path)
    return f"{found.name}, {found.made_for}, sha256 {found.sha256[:12]}"
