"""What a person means by a word: a deliverable's id, a file, a hash or its beginning, a model, a spec."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import models as m
from db.assets import hash_file
from db.errors import DbError, NotFound

# Shorter words of digits are ids; eight hexadecimal digits name one asset of tens of thousands with near certainty.
_HASH_PREFIX = re.compile(r"(?:sha256:)?([0-9a-f]{8,64})\Z")
_ID = re.compile(r"(?:deliverable:)?(\d{1,7})\Z")


Kind = Literal["deliverable", "asset", "model", "spec"]


@dataclass(frozen=True, slots=True)
class Named:
    """What was meant. ``id`` is an asset's SHA-256 (a deliverable's own bytes), else the model's or spec's name;
    ``row`` is the row of a deliverable, model or spec.
    """

    kind: Kind
    id: str
    row: int = 0


def hash_if_file(named: str) -> str | None:
    """SHA-256 of the file at this path, None where there is none; raises DbError when it cannot be read.

    Taken before a session is opened: a feature takes a minute to read.
    """
    try:
        return hash_file(Path(named)) if Path(named).is_file() else None
    except OSError as error:
        raise DbError(f"cannot read the file: {error.strerror}", named, "make it readable") from error


def resolve(session: Session, named: str, file_sha256: str | None) -> Named:
    """What ``named`` means; a file that exists is known by its bytes, not by its name. Raises NotFound."""
    found = (
        _deliverable_id(session, named)
        or _file(session, named, file_sha256)
        or _hash(session, named)
        or _model(session, named)
        or _spec(session, named)
    )
    if found is not None:
        return found
    raise NotFound(
        "the catalog knows no such thing",
        named,
        "give a deliverable's id, a delivered file, a hash (8 digits or more), a model or a spec",
    )


def resolve_as(session: Session, kind: Kind, named: str) -> Named:
    """What ``named`` means where its kind is known, and no file is meant. Raises NotFound."""
    find = {"deliverable": _deliverable_id, "asset": _hash, "model": _model, "spec": _spec}[kind]
    found = find(session, named)
    if found is not None and found.kind == kind:
        return found
    raise NotFound(f"the catalog knows no such {kind}", named, "give its id as the catalog has it")


def _deliverable_id(session: Session, named: str) -> Named | None:
    match = _ID.match(named)
    row = session.get(m.Deliverable, int(match[1])) if match else None
    return None if row is None else Named("deliverable", _bytes_of(session, row), row.id)


def _file(session: Session, named: str, sha256: str | None) -> Named | None:
    path = str(Path(named).resolve())
    recorded = session.execute(
        select(m.Deliverable).filter_by(path=path).order_by(m.Deliverable.id.desc()).limit(1)
    ).scalar_one_or_none()
    if sha256 is None:
        return None if recorded is None else Named("deliverable", _bytes_of(session, recorded), recorded.id)
    if session.get(m.Asset, sha256) is None:
        what = "the file is not what was delivered under its name" if recorded else "the catalog does not know the file"
        raise NotFound(what, f"{named}, sha256 {sha256}", "give a file that dubline made or was given")
    delivered = session.execute(
        select(m.Deliverable)
        .join(m.MediaFile, m.Deliverable.media_file_id == m.MediaFile.id)
        .where(m.MediaFile.asset_sha256 == sha256)
        .order_by(m.Deliverable.path != path, m.Deliverable.id.desc())  # this very path first
        .limit(1)
    ).scalar_one_or_none()
    return Named("asset", sha256) if delivered is None else Named("deliverable", sha256, delivered.id)


def _hash(session: Session, named: str) -> Named | None:
    match = _HASH_PREFIX.match(named)
    if match is None:
        return None
    assets = session.execute(select(m.Asset.sha256).where(m.Asset.sha256.startswith(match[1])).limit(2)).scalars().all()
    if len(assets) > 1:
        raise NotFound("more than one asset's hash begins so", named, "give more of its digits")
    if assets:
        return Named("asset", assets[0])
    model = session.execute(
        select(m.Model).where(m.Model.weights_sha256.startswith(match[1])).order_by(m.Model.id.desc()).limit(1)
    ).scalar_one_or_none()
    return None if model is None else Named("model", model.model_id, model.id)


def _model(session: Session, named: str) -> Named | None:
    name, _, version = named.partition("@")
    query = select(m.Model).filter_by(model_id=name).order_by(m.Model.id.desc()).limit(1)
    row = session.execute(query.filter_by(version=version) if version else query).scalar_one_or_none()
    return None if row is None else Named("model", row.model_id, row.id)


def _spec(session: Session, named: str) -> Named | None:
    name, _, version = named.partition("@")
    query = select(m.Spec).filter_by(spec_id=name).order_by(m.Spec.id.desc()).limit(1)
    row = session.execute(query.filter_by(version=version) if version else query).scalar_one_or_none()
    return None if row is None else Named("spec", row.spec_id, row.id)


def _bytes_of(session: Session, deliverable: m.Deliverable) -> str:
    return session.get_one(m.MediaFile, deliverable.media_file_id).asset_sha256
