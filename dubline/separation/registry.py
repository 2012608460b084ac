"""Models as data: a card says what a checkpoint is and may be used for, its hash says which bytes that holds for.

Weights are safetensors, read without unpickling anything; nothing is ever downloaded.
"""

from __future__ import annotations

import difflib
import hashlib
import logging
import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import torch
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file

from dubline.errors import BadInput
from dubline.separation.bandconv import BandConv, BandConvConfig
from dubline.separation.bandit import Bandit, BanditConfig
from dubline.separation.bandsplit import BandSplit, BandSplitConfig
from dubline.separation.convtasnet import ConvTasNet, ConvTasNetConfig
from dubline.separation.fcn import Fcn, FcnConfig
from dubline.separation.mrx import Mrx, MrxConfig
from dubline.separation.network import Network
from dubline.separation.openunmix import OpenUnmix, OpenUnmixConfig
from dubline.separation.spleeter import Spleeter, SpleeterConfig

log = logging.getLogger(__name__)

PACKAGE = Path(__file__).parent
SHIPPED_CARDS = PACKAGE / "cards"
WEIGHTS = "weights"
DEFAULT = "default"

# Networks kept ready between titles: the studio's own and one it compares with.
WARM = 2

Standing = Literal["shipped", "not shipped", "added"]

_CHUNK = 1 << 20


class Licenses(BaseModel):
    """Under which terms the network's code and its weights may be used."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    weights: str


class Upstream(BaseModel):
    """A file of weights as its authors publish it; ``address`` is where a person finds it, never read by a program."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    address: str
    sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    license: str
    note: str = ""


class ModelCard(BaseModel):
    """What a checkpoint is; ``sha256`` and ``file`` may be left out of a card handed to `add_model`.

    A card without ``file`` describes a network whose weights do not come with dubline: ``upstream`` says where they are
    published.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    version: str
    summary: str
    architecture: str
    config: dict[str, Any] = {}
    file: str = ""
    sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    default: bool = False
    licenses: Licenses
    upstream: list[Upstream] = []
    sources: list[dict[str, Any]] = []
    training: dict[str, Any] = {}
    figures: dict[str, Any] = {}
    weaknesses: list[str] = []


@dataclass(frozen=True, slots=True)
class Model:
    """A card and its network, on a device and ready to separate."""

    card: ModelCard
    network: Network
    device: str
    fell_back: bool = False
    """The GPU asked for has no room even for the weights."""


def _builder(network: Callable[[Any], Network], config: Callable[..., Any]) -> Callable[[dict[str, Any]], Network]:
    """From the fields of a card's config, in which YAML has lists for tuples, to the network."""

    def build(fields: dict[str, Any]) -> Network:
        return network(config(**{k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}))

    return build


ARCHITECTURES: dict[str, Callable[[dict[str, Any]], Network]] = {
    "bandit-v2": _builder(Bandit, BanditConfig),
    "bandsplit": _builder(BandSplit, BandSplitConfig),
    "bandconv": _builder(BandConv, BandConvConfig),
    "conv-tasnet": _builder(ConvTasNet, ConvTasNetConfig),
    "fcn-small": _builder(Fcn, FcnConfig),
    "mrx": _builder(Mrx, MrxConfig),
    "open-unmix": _builder(OpenUnmix, OpenUnmixConfig),
    "spleeter-unet": _builder(Spleeter, SpleeterConfig),
}


def list_models(models_dir: Path | None = None) -> list[ModelCard]:
    """The shipped cards, then those of ``models_dir``, by id. Raises `BadInput` for a card that cannot be read."""
    return [card for card, _ in _cards(models_dir)]


def standing(models_dir: Path | None = None) -> dict[str, Standing]:
    """Where the weights of every model are, by id: with dubline, with their authors, or added by the studio."""
    return {
        card.id: ("shipped" if folder == PACKAGE else "added") if card.file else "not shipped"
        for card, folder in _cards(models_dir)
    }


def card_of(model_id: str = DEFAULT, models_dir: Path | None = None) -> ModelCard:
    """The card of the model called ``model_id``, or of the default one; raises `BadInput` for an unknown model."""
    return _find(model_id, models_dir)[0]


def load(model_id: str = DEFAULT, models_dir: Path | None = None, device: str = "auto") -> Model:
    """The model called ``model_id``, or the default one, its weights verified against the card's hash.

    ``device`` is a torch device, or ``auto`` for a GPU where there is one. Raises `BadInput` for an unknown model, one
    whose weights are not shipped, a missing or altered file and a checkpoint that does not fit its card.
    """
    card, folder = _find(model_id, models_dir)
    if not card.file:
        raise _not_shipped(card)
    path = folder / WEIGHTS / card.file
    if not path.is_file():
        raise BadInput(f"weights of model {card.id!r} are missing", str(path), "add the model again")
    if sha256_of(path) != card.sha256:
        raise BadInput(f"weights of model {card.id!r} differ from its card", str(path), "add the model again")
    device = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    try:
        return Model(card, _warm(path, card, device), device)
    except torch.OutOfMemoryError:
        log.warning("the memory of %s is full: going on on the CPU", device)
    return Model(card, _warm(path, card, "cpu"), "cpu", fell_back=True)


_lock = threading.Lock()
_loaded: dict[str, Network] = {}


def _warm(path: Path, card: ModelCard, device: str) -> Network:
    """The network of ``card`` on ``device``, read once for all titles of this process. It has no state of its own."""
    key = repr((card.sha256, card.architecture, card.config, device))
    with _lock:
        network = _loaded.pop(key, None)
        if network is None:
            network = _read(path, card).to(device)
        _loaded[key] = network
        while len(_loaded) > WARM:
            del _loaded[next(iter(_loaded))]
        return network


def add_model(file: Path, card: Path | str, models_dir: Path) -> ModelCard:
    """Register the checkpoint ``file`` in ``models_dir``, copied whole or not at all, under a card.

    ``card`` is a file, or the id of a model whose weights are not shipped. Raises `BadInput` when the card is
    incomplete, names another hash, takes the id of another model, or when the checkpoint is not safetensors of the
    card's architecture.
    """
    given = _given(card)
    if not file.is_file():
        raise BadInput("no such checkpoint", str(file), "name a .safetensors file")
    digest = sha256_of(file)
    if given.sha256 not in ("", digest):
        raise BadInput(f"the card names sha256 {given.sha256}, the file has {digest}", str(card), "correct the card")
    for known, _ in _cards(models_dir):
        if known.id == given.id and known.file and known.sha256 != digest:
            raise BadInput(f"model {given.id!r} exists with other weights", str(card), "choose another id")
    _read(file, given)
    complete = given.model_copy(update={"file": f"{digest}.safetensors", "sha256": digest, "default": False})
    (models_dir / WEIGHTS).mkdir(parents=True, exist_ok=True)
    _place(models_dir / WEIGHTS / complete.file, lambda part: shutil.copyfile(file, part))
    text = yaml.safe_dump(complete.model_dump(), sort_keys=False, allow_unicode=True)
    _place(models_dir / f"{complete.id}.yaml", lambda part: part.write_text(text, encoding="utf-8"))
    return complete


def default_id(models_dir: Path | None = None) -> str:
    """What ``default`` means: the model that the studio chose, or the one that ships as such."""
    chosen = None if models_dir is None else models_dir / DEFAULT
    if chosen is not None and chosen.is_file():
        return chosen.read_text(encoding="utf-8").strip()
    return next(card.id for card, _ in _cards(None) if card.default)


def set_default(model_id: str, models_dir: Path) -> ModelCard:
    """Let ``default`` mean this model for whoever uses ``models_dir``; its card.

    Raises `BadInput` for a model that is unknown or cannot be loaded.
    """
    card = load(model_id, models_dir, device="cpu").card
    models_dir.mkdir(parents=True, exist_ok=True)
    _place(models_dir / DEFAULT, lambda part: part.write_text(f"{card.id}\n", encoding="utf-8"))
    return card


def sha256_of(path: Path) -> str:
    """Hex digest of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _cards(models_dir: Path | None) -> list[tuple[ModelCard, Path]]:
    """Every card with the folder that holds its weights folder; weights a studio added complete a shipped card."""
    added = [] if models_dir is None else [(_parse(path), models_dir) for path in sorted(models_dir.glob("*.yaml"))]
    ids = {card.id for card, _ in added}
    shipped = [(_parse(path), PACKAGE) for path in sorted(SHIPPED_CARDS.glob("*.yaml"))]
    return [(card, folder) for card, folder in shipped if card.file or card.id not in ids] + added


def _not_shipped(card: ModelCard) -> BadInput:
    places = " or ".join(f"{upstream.file} from {upstream.address}" for upstream in card.upstream)
    return BadInput(
        f"the weights of model {card.id!r} do not come with dubline",
        f"model {card.id}",
        f"get {places or 'them from their authors'}, then run `dubline models add FILE --card {card.id}`",
    )


def _parse(path: Path) -> ModelCard:
    try:
        return _card(path.read_text(encoding="utf-8"))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the card"
        raise BadInput(f"{field}: {first['msg']}", str(path), "correct the card") from error
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise BadInput("not a readable YAML card", str(path), "name a model card") from error


@lru_cache(maxsize=256)
def _card(text: str) -> ModelCard:
    """Parsed once: a run asks for its model's card at every step, and YAML is slow to read."""
    return ModelCard.model_validate(yaml.safe_load(text))


def _given(card: Path | str) -> ModelCard:
    unshipped = {known.id: known for known, _ in _cards(None) if not known.file}
    return unshipped[str(card)] if str(card) in unshipped else _parse(Path(card))


def _find(model_id: str, models_dir: Path | None) -> tuple[ModelCard, Path]:
    cards = _cards(models_dir)
    wanted = default_id(models_dir) if model_id == DEFAULT else model_id
    for card, folder in cards:
        if card.id == wanted:
            return card, folder
    known = [card.id for card, _ in cards]
    near = difflib.get_close_matches(wanted, known, n=1) or known
    mend = f"use {' or '.join(near)}" if near else "add a model first"
    if model_id == DEFAULT:
        mend = f"add it again, or run `dubline models default {near[0] if near else 'ID'}`"
    raise BadInput(f"no model {wanted!r}", "models", mend)


def _read(path: Path, card: ModelCard) -> Network:
    """The card's network with the weights in ``path``, in float32, for inference."""
    if card.architecture not in ARCHITECTURES:
        raise BadInput(
            f"unknown architecture {card.architecture!r}", f"model {card.id}", f"use one of {sorted(ARCHITECTURES)}"
        )
    try:
        network = ARCHITECTURES[card.architecture](card.config)
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"config does not fit {card.architecture}: {error}", f"model {card.id}", "correct it") from error
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise BadInput(
            "not a safetensors file", str(path), "run `dubline models convert` on it; pickles are refused"
        ) from error
    try:
        network.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    except RuntimeError as error:
        raise BadInput(f"weights do not fit {card.architecture}", str(path), "check the card's config") from error
    return network.eval().requires_grad_(False)


def _place(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a temporary file, then give it its name."""
    part = path.with_name(f".{path.name}.part")
    write(part)
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)
