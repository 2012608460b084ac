"""What a process works with: settings, catalog, store, device; opened once."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import torch

from db.catalog import Catalog
from db.store import Store
from db.stores import store_of
from dubline.errors import EnvironmentFault
from dubline.media import ffmpeg
from tasks.settings import Settings


@dataclass(frozen=True, slots=True)
class Means:
    """The settings and what was opened by them."""

    settings: Settings
    catalog: Catalog
    store: Store
    device: str


_lock = threading.Lock()
_opened: dict[Settings, Means] = {}


def means() -> Means:
    """This process's means, by its present settings; raises `EnvironmentFault` or a `DbError`."""
    settings = Settings.load()
    with _lock:
        if settings not in _opened:
            _opened[settings] = _open(settings)
        return _opened[settings]


def _open(settings: Settings) -> Means:
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentFault(
            f"cannot make dubline's folder: {error.strerror}", str(settings.home), "set DUBLINE_HOME to a writable one"
        ) from error
    ffmpeg.use(settings.ffmpeg)
    catalog = Catalog.open(settings.catalog_url)
    return Means(
        settings=settings,
        catalog=catalog,
        store=store_of(catalog, settings),
        device=resolve_device(settings.device),
    )


def resolve_device(wanted: str) -> str:
    """The torch device for ``wanted`` (``auto``, ``cpu``, ``cuda``, ``cuda:1``); `EnvironmentFault` if absent."""
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if wanted.startswith("cuda") and not torch.cuda.is_available():
        raise EnvironmentFault(f"device '{wanted}' is not there", "DUBLINE_DEVICE", "use cpu or auto")
    if wanted != "cpu" and not wanted.startswith("cuda"):
        raise EnvironmentFault(f"device '{wanted}' is unknown", "DUBLINE_DEVICE", "use auto, cpu, cuda or cuda:N")
    return wanted
