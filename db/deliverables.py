"""Deliverables: what was handed over for a language and a spec, how it was judged, and what people decided."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db import models as m
from db.assets import StoredAsset
from db.connection import Database, insert_new
from db.errors import Conflict, NotFound
from db.files import keep_media_file
from db.findings import keep_measurements
from db.recipes import SHA256, ModelFacts, canonical_json, keep_model, plain
from db.slots import refresh_slots
from db.titles import KEPT_STATES

# The state a person's decision leads to; a rejected file is no candidate any more.
_STATE_AFTER = {"approved": "approved", "rejected": "superseded", "reopened": "candidate", "delivered": "delivered"}
# From which state a decision is refused, in what words and with what mend.
_TOO_EARLY = ("only what is approved is handed over", "approve it first")
_REFUSED = {
    ("approved", "superseded"): ("it was rejected, or another file took its place", "reopen it first"),
    ("approved", "delivered"): ("it was handed over as approved", "reopen it to decide anew"),
    ("delivered", "candidate"): _TOO_EARLY,
    ("delivered", "superseded"): _TOO_EARLY,
    ("delivered", "delivered"): ("it was handed over already", "see its decisions for when and by whom"),
}


class Deliverables(Database):
    """What left the house, and against which specs and models."""

    def register_spec(
        self,
        spec_id: str,
        version: str,
        body: Mapping[str, Any],
        *,
        effective_from: str | None = None,
        source_url: str | None = None,
        verified: bool = False,
    ) -> int:
        """Write a spec unless it is known (append-only); returns its row id.

        Raises `Conflict` where this id and version is known with another body.
        """
        with self.write() as session:
            return _keep_spec(
                session,
                spec_id,
                version,
                body,
                effective_from=effective_from,
                source_url=source_url,
                verified=verified,
            )

    def check_spec(self, spec_id: str, version: str, body: Mapping[str, Any]) -> None:
        """Raise `Conflict` where this id and version is known with another body; writes nothing."""
        with self.read() as session:
            _known_spec(session, spec_id, version, body)

    def register_model(
        self,
        model: ModelFacts,
        *,
        params: Mapping[str, Any] | None = None,
        card_url: str | None = None,
        status: str = "candidate",
    ) -> int:
        """Write a model, or bring its card and status (candidate, active, retired) up to date; returns its row id."""
        with self.write() as session:
            row = session.get_one(m.Model, keep_model(session, model))
            row.name, row.licence, row.status = model["name"], model["licence"], status
            row.params = plain(params) if params is not None else row.params
            row.card_url = card_url or row.card_url
            return row.id

    def record_deliverable(
        self,
        version_id: int,
        *,
        language: str,
        spec_id: str,
        spec_version: str,
        spec_body: Mapping[str, Any],
        sha256: str,
        path: Path,
        container: str,
        codec: str,
        verdict: str,
        checks: Sequence[Mapping[str, Any]],
        measurement: Mapping[str, Any],
        recipe_key: str | None = None,
    ) -> int:
        """Write a delivered file as a candidate; returns its id.

        The same bytes delivered again are the same deliverable. Other bytes supersede an earlier candidate for this
        language, spec, container and codec; an approved or delivered one stays as it is beside the new candidate.
        ``measurement`` values that are neither number, text nor None are kept as JSON text.
        """
        with self.write() as session:
            asset = session.get(m.Asset, sha256)
            if asset is None:
                raise NotFound("a deliverable's bytes are no known asset", sha256, "finish the step that made it first")
            spec_row = _keep_spec(session, spec_id, spec_version, spec_body)
            file_id = keep_media_file(
                session,
                version_id=version_id,
                asset=StoredAsset(sha256, asset.bytes, asset.suffix, asset.storage_uri),
                role="deliverable",
                language=language,
                origin_name=path.name,
            )
            slot = {
                "version_id": version_id,
                "language": language,
                "container": container,
                "codec": codec,
            }
            known = session.execute(
                select(m.Deliverable).filter_by(**slot, spec_id=spec_row, media_file_id=file_id)
            ).scalar_one_or_none()
            _supersede_candidates(session, slot, spec_id, but=known)
            row = known or m.Deliverable(**slot, spec_id=spec_row, media_file_id=file_id)
            row.path, row.recipe_key = str(path.resolve()), recipe_key
            if row.state not in KEPT_STATES:
                row.state = "candidate"
            session.add(row)
            _keep_verdict(session, file_id, spec_row, verdict, checks)
            keep_measurements(session, _figures(measurement), media_file_id=file_id)
            refresh_slots(session, version_id)
            return row.id

    def spec_bodies(self, version_id: int) -> dict[tuple[str, str], dict[str, Any]]:
        """By id and version, the specs that a version's deliverables were made for."""
        made_for = select(m.Deliverable.spec_id).filter_by(version_id=version_id)
        with self.read() as session:
            rows = session.scalars(select(m.Spec).where(m.Spec.id.in_(made_for)))
            return {(row.spec_id, row.version): row.body for row in rows}

    def is_approved(self, sha256_or_path: str | Path) -> bool:
        """Whether these bytes, or the file last delivered at this path, are approved or delivered."""
        named = str(sha256_or_path)
        query = select(m.Deliverable.id).where(m.Deliverable.state.in_(KEPT_STATES))
        if SHA256.match(named):
            query = query.join(m.MediaFile, m.Deliverable.media_file_id == m.MediaFile.id).where(
                m.MediaFile.asset_sha256 == named
            )
        else:
            query = query.where(m.Deliverable.path == str(Path(named).resolve()))
        with self.read() as session:
            return session.execute(query.limit(1)).first() is not None

    def decide(self, deliverable_id: int, decision: str, *, who: str, note: str | None = None) -> None:
        """`decide` in a transaction of its own."""
        with self.write() as session:
            decide(session, deliverable_id, decision, who=who, note=note)


def decide(session: Session, deliverable_id: int, decision: str, *, who: str, note: str | None = None) -> None:
    """Write a person's decision (approved, rejected, reopened, delivered) and bring the deliverable to its state.

    Delivered is what was approved and then handed over to the client. Raises NotFound, and Conflict from a state in
    which the decision means nothing.
    """
    # Of two who decide at once the second sees what the first made of it.
    row = session.get(m.Deliverable, deliverable_id, with_for_update=True)
    if row is None:
        raise NotFound("no such deliverable", str(deliverable_id), "list them with `dubline catalog title ID`")
    if (decision, row.state) in _REFUSED:
        what, mend = _REFUSED[decision, row.state]
        raise Conflict(what, f"deliverable {deliverable_id}", mend)
    session.add(m.Approval(deliverable_id=deliverable_id, who=who, decision=decision, note=note))
    row.state = _STATE_AFTER[decision]
    refresh_slots(session, row.version_id)


def _keep_spec(session: Session, spec_id: str, version: str, body: Mapping[str, Any], **facts: Any) -> int:
    known = _known_spec(session, spec_id, version, body)
    if known is not None:
        return known
    named = {"spec_id": spec_id, "version": version, "body_sha256": _digest(body)}
    insert_new(session, m.Spec, [{**named, "body": plain(body), **facts}])
    return session.execute(select(m.Spec.id).filter_by(**named)).scalar_one()


def _known_spec(session: Session, spec_id: str, version: str, body: Mapping[str, Any]) -> int | None:
    """The row of this spec, None for a new one: what was delivered stays explainable by the text it was made for."""
    rows = session.execute(select(m.Spec.body_sha256, m.Spec.id).filter_by(spec_id=spec_id, version=version))
    by_digest = dict(rows.tuples().all())
    digest = _digest(body)
    if by_digest and digest not in by_digest:
        what = f"spec '{spec_id}' version {version} is known to the catalog with other content"
        raise Conflict(what, spec_id, "a changed spec is a new version: raise its version")
    return by_digest.get(digest)


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical_json(body)).hexdigest()


def _supersede_candidates(
    session: Session, slot: Mapping[str, Any], spec_id: str, *, but: m.Deliverable | None
) -> None:
    """Every other candidate for this language and spec, whatever the spec's version, gives way."""
    specs = select(m.Spec.id).where(m.Spec.spec_id == spec_id)
    session.execute(
        update(m.Deliverable)
        .where(
            *(getattr(m.Deliverable, name) == value for name, value in slot.items()),
            m.Deliverable.spec_id.in_(specs),
            m.Deliverable.state == "candidate",
            m.Deliverable.id != (but.id if but else 0),  # ids start at 1
        )
        .values(state="superseded")
    )


def _keep_verdict(
    session: Session, file_id: int, spec_row: int, verdict: str, checks: Sequence[Mapping[str, Any]]
) -> None:
    """Write a verdict unless it is what was said last."""
    items = plain(list(checks))
    last = session.execute(
        select(m.QcResult).filter_by(media_file_id=file_id, spec_id=spec_row).order_by(m.QcResult.id.desc()).limit(1)
    ).scalar_one_or_none()
    if last is None or (last.verdict, last.items) != (verdict, items):
        session.add(m.QcResult(media_file_id=file_id, spec_id=spec_row, verdict=verdict, items=items))


def _figures(measurement: Mapping[str, Any]) -> dict[str, float | str | None]:
    return {
        name: value if value is None or isinstance(value, str | int | float) else json.dumps(plain(value))
        for name, value in measurement.items()
    }
