"""What a run trains and validates on, and what its checkpoints say of it."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from dubline.errors import BadInput
from dubline.separation.registry import sha256_of
from dubline.training.corpus import Clip, Corpus, Holdout, open_corpus, split
from dubline.training.datasets.folder import DnrFolder
from dubline.training.datasets.mixer import DnrMixer, excerpts
from dubline.training.evaluation.scores import VALIDATION_SEED, validation_set
from dubline.training.licenses import refused, usable_part
from dubline.training.mixtures.mastering import MasteredMixer
from dubline.training.mixtures.mixer import MixtureRules
from dubline.training.mixtures.stream import Drawing
from dubline.training.settings import TrainSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Material:
    """``mixer`` draws stems for the bank; ``validation`` is ``(items, 3, frames)`` at 48 kHz.

    ``record`` names the data by its hash and how it was split: a run goes on with the same record only. ``sources`` is
    the list for a model card, ``left_out`` names what licenses kept out.
    """

    mixer: Drawing
    validation: Tensor
    record: dict[str, Any]
    sources: list[dict[str, Any]]
    left_out: list[str]


def from_corpus(
    folder: Path,
    cache: Path,
    settings: TrainSettings,
    *,
    exclude: Sequence[str] = (),
    any_license: bool = False,
    holdout: Holdout | None = None,
) -> Material:
    """Recordings mixed on the fly, without the sources named in ``exclude`` and, as a rule, what is not usable.

    Raises `BadInput` for an unknown source and where no speaker is left to train or to validate with.
    """
    holdout = holdout or Holdout()
    whole = _without(open_corpus(folder, cache), exclude)
    left_out = [] if any_license else refused(whole.clips)
    if left_out:
        log.warning("left out by license: %s", "; ".join(left_out))
    train, held = split(whole if any_license else usable_part(whole), holdout)
    for part, name in ((train, "train"), (held, "validate")):
        if not part.of("speech"):
            raise BadInput(f"no speaker to {name} with", str(folder), "add speakers, or see their licenses")
    return Material(
        mixer=MasteredMixer(train, _longer(settings), settings.master, seed=settings.seed),
        validation=validation_set(held, _plain(settings), items=settings.validation_items),
        record={
            "manifest": sha256_of(folder / "manifest.csv"),
            "excluded": sorted(exclude),
            "any_license": any_license,
            "holdout": asdict(holdout),
        },
        sources=sources_of(train.clips),
        left_out=left_out,
    )


def from_dnr(folder: Path, settings: TrainSettings) -> Material:
    """The splits train and val of a Divide and Remaster folder. Raises `BadInput` where it lacks one of them."""
    train, held = DnrFolder(folder, "train"), DnrFolder(folder, "val")
    longer, plain = _longer(settings), _plain(settings)
    record = folder / "dataset.json"
    return Material(
        mixer=DnrMixer(train, longer.frames, seed=settings.seed),
        validation=excerpts(DnrMixer(held, plain.frames, seed=VALIDATION_SEED), settings.validation_items),
        record={
            "dnr": sha256_of(record) if record.is_file() else folder.name,
            "items": {"train": len(train), "val": len(held)},
        },
        sources=[{"name": folder.name, "items": len(train)}],
        left_out=[],
    )


def sources_of(clips: Sequence[Clip]) -> list[dict[str, Any]]:
    """Minutes, kinds and licenses of every source, as a card lists them."""
    by_name: dict[str, list[Clip]] = {}
    for clip in clips:
        by_name.setdefault(clip.source, []).append(clip)
    return [
        {
            "name": name,
            "minutes": round(sum(clip.frames for clip in found) / 48_000 / 60, 1),
            "kinds": sorted({clip.kind for clip in found}),
            "licenses": sorted({clip.license for clip in found}),
        }
        for name, found in sorted(by_name.items())
    ]


def _without(corpus: Corpus, exclude: Sequence[str]) -> Corpus:
    known = {clip.source for clip in corpus.clips}
    for name in exclude:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1) or sorted(known)[:3]
            raise BadInput(f"no source {name!r} in the corpus", "--exclude-source", f"use {' or '.join(near)}")
    return corpus.with_clips(clip for clip in corpus.clips if clip.source not in exclude)


def _longer(settings: TrainSettings) -> MixtureRules:
    """Rules of what goes into the bank, which cuts it."""
    return replace(settings.mixtures, seconds=settings.mixtures.seconds + settings.bank.spare_seconds)


def _plain(settings: TrainSettings) -> MixtureRules:
    """Rules of what is validated on: recordings alone."""
    return replace(settings.mixtures, seconds=settings.validation_seconds, made_call=0.0)
