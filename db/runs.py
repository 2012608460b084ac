"""Runs and their steps: what was done, from what, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from db import models as m
from db.assets import StoredAsset
from db.connection import Database, insert_new
from db.errors import NotFound, RunEnded
from db.files import keep_asset, keep_media_file
from db.findings import Figure, keep_measurements, read_measurements
from db.models.base import now
from db.process import Owner
from db.recipes import Recipe, input_list, keep_recipe

PROCESS_DIED = "the process died"

# Asked of every step of every title that is looked through at night: built once.
_LATEST_STEP = (
    select(m.Step.id)
    .where(m.Step.recipe_key == bindparam("key"), m.Step.state == "completed", m.Step.cache_hit.is_(False))
    .order_by(m.Step.id.desc())
    .limit(1)
)
_OUTPUTS = (
    select(m.StepOutput.role, m.MediaFile.suffix, m.Asset.sha256, m.Asset.bytes, m.Asset.storage_uri)
    .join(m.MediaFile, m.StepOutput.media_file_id == m.MediaFile.id)
    .join(m.Asset, m.MediaFile.asset_sha256 == m.Asset.sha256)
    .where(m.StepOutput.step_id == bindparam("step_id"))
)


@dataclass(frozen=True, slots=True)
class StoredOutputs:
    """What a step with this recipe once made: assets by role, figures by name, and that step's id."""

    step_id: int
    outputs: dict[str, StoredAsset]
    measurements: dict[str, Figure]


class Runs(Database):
    """What the step mechanism tells the catalog, and asks it."""

    def start_run(
        self,
        version_id: int,
        *,
        trigger: str,
        prefect_flow_run_id: str | None = None,
        host: str,
        git_commit: str | None = None,
    ) -> int:
        """Write a run in state running, owned by this process; returns its id."""
        owner = Owner.current()
        with self.write() as session:
            if session.get(m.Version, version_id) is None:
                raise NotFound("no such version", str(version_id), "register the title first")
            run = m.Run(
                version_id=version_id,
                trigger=trigger,
                prefect_flow_run_id=prefect_flow_run_id,
                host=host,
                pid=owner.pid,
                process_started=owner.started,
                git_commit=git_commit,
            )
            session.add(run)
            session.flush()
            return run.id

    def finish_run(self, run_id: int, state: str, error: str | None = None, *, exit_code: int | None = None) -> None:
        """End a run in ``state`` (completed, failed, cancelled, crashed); its steps still running end with it."""
        with self.write() as session:
            end_runs(session, [run_id], state=state, error=error, exit_code=exit_code)

    def has_completed(self, prefect_flow_run_id: str | None) -> bool:
        """Whether a run that Prefect knows by this id was completed."""
        with self.read() as session:
            done = select(m.Run.id).filter_by(prefect_flow_run_id=prefect_flow_run_id, state="completed").limit(1)
            return prefect_flow_run_id is not None and session.scalar(done) is not None

    def require_running(self, run_id: int) -> None:
        """Raise RunEnded when the run was ended meanwhile, because another took its title over."""
        with self.read() as session:
            _require_running(session, run_id)

    def from_what_to_what(self, run_id: int) -> tuple[list[str], dict[str, int]]:
        """What a run took in, by SHA-256, and the deliverables it made, as bytes by SHA-256."""
        used = select(m.StepInput.asset_sha256).join(m.Step).where(m.Step.run_id == run_id)
        made = select(m.MediaFile.asset_sha256).join(m.StepOutput).join(m.Step).where(m.Step.run_id == run_id)
        delivered = (
            select(m.Asset.sha256, m.Asset.bytes)
            .join(m.MediaFile, m.MediaFile.asset_sha256 == m.Asset.sha256)
            .join(m.Deliverable, m.Deliverable.media_file_id == m.MediaFile.id)
            .where(m.Asset.sha256.in_(made))
        )
        with self.read() as session:
            sources = session.execute(used.where(m.StepInput.asset_sha256.not_in(made)).distinct()).scalars()
            return sorted(sources), dict(session.execute(delivered).tuples().all())

    def step_counts(self, run_id: int) -> tuple[int, int]:
        """How many steps of a run were executed, and how many answered from the catalog."""
        with self.read() as session:
            done = session.execute(
                select(m.Step.cache_hit, func.count())
                .filter_by(run_id=run_id, state="completed")
                .group_by(m.Step.cache_hit)
            )
            counts = dict(done.tuples().all())
            return counts.get(False, 0), counts.get(True, 0)

    def find_outputs(self, key: str) -> StoredOutputs | None:
        """The latest completed step with this recipe key; the caller verifies the bytes through the store."""
        with self.read() as session:
            step_id = session.execute(_LATEST_STEP, {"key": key}).scalar()
            if step_id is None:
                return None
            outputs = {
                role: StoredAsset(sha256=sha256, bytes=size, suffix=suffix, storage_uri=uri)
                for role, suffix, sha256, size, uri in session.execute(_OUTPUTS, {"step_id": step_id}).tuples()
            }
            return StoredOutputs(
                step_id=step_id, outputs=outputs, measurements=read_measurements(session, step_id=step_id)
            )

    def begin_step(self, run_id: int, recipe: Recipe) -> int:
        """Write a running step; returns its id. Raises NotFound when an input is no known asset."""
        with self.write() as session:
            _require_running(session, run_id)
            _require_assets(session, [sha for _, _, sha in input_list(recipe.inputs)])
            step = m.Step(run_id=run_id, recipe_key=keep_recipe(session, recipe))
            session.add(step)
            session.flush()
            return step.id

    def finish_step(
        self,
        step_id: int,
        outputs: Mapping[str, StoredAsset],
        *,
        measurements: Mapping[str, Figure] | None = None,
        device: str | None = None,
        gpu_seconds: float = 0.0,
        languages: Mapping[str, str | None] | None = None,
        origin_names: Mapping[str, str] | None = None,
    ) -> None:
        """Complete a step in one transaction: assets, media files, inputs, outputs, derivations, measurements.

        ``languages`` (BCP-47) and ``origin_names`` are by output role. Raises RunEnded when the run was ended
        meanwhile (its lock was taken over): nothing is written then.
        """
        with self.write() as session:
            step, version_id = _running_step(session, step_id)
            inputs = input_list(session.get_one(m.Recipe, step.recipe_key).inputs)
            # In one order for all: two transactions that wait for each other's rows would be a deadlock.
            for role, asset in sorted(outputs.items(), key=lambda item: (item[1].sha256, item[0])):
                keep_asset(session, asset)
                file_id = keep_media_file(
                    session,
                    version_id=version_id,
                    asset=asset,
                    role=role,
                    language=(languages or {}).get(role),
                    origin_name=(origin_names or {}).get(role),
                )
                session.add(m.StepOutput(step_id=step_id, role=role, media_file_id=file_id))
            _keep_inputs(session, step_id, inputs)
            derived = {(asset.sha256, sha, role) for asset in outputs.values() for role, _, sha in inputs}
            session.add_all(
                m.Derivation(output_sha256=output, input_sha256=source, step_id=step_id, role=role)
                for output, source, role in sorted(derived)
            )
            keep_measurements(session, measurements or {}, step_id=step_id)
            step.state, step.ended_at, step.device, step.gpu_seconds = "completed", now(), device, gpu_seconds

    def reuse_step(self, run_id: int, recipe: Recipe, source_step_id: int) -> int | None:
        """Write a step answered from ``source_step_id``; its outputs become files of this run's version too.

        Returns the new step's id; None, with nothing written, where gc has freed one of the outputs meanwhile.
        """
        with self.write() as session:
            version_id = _require_running(session, run_id)
            moment = now()
            step = m.Step(
                run_id=run_id,
                recipe_key=keep_recipe(session, recipe),
                state="completed",
                started_at=moment,
                ended_at=moment,
                cache_hit=True,
                source_step_id=source_step_id,
            )
            session.add(step)
            session.flush()
            if _was_collected(session, source_step_id):
                session.rollback()
                return None
            _keep_inputs(session, step.id, input_list(recipe.inputs))
            _copy_outputs(session, version_id=version_id, source_step_id=source_step_id, step_id=step.id)
            return step.id

    def fail_step(self, step_id: int, error: str, *, state: str = "failed") -> None:
        """End a step that made nothing (failed or cancelled); one already ended stays as it is."""
        with self.write() as session:
            session.execute(
                update(m.Step)
                .where(m.Step.id == step_id, m.Step.state == "running")
                .values(state=state, error=error, ended_at=now())
            )


def end_runs(
    session: Session, run_ids: Sequence[int], *, state: str, error: str | None, exit_code: int | None = None
) -> None:
    """End those of ``run_ids`` still running, and their running steps, in ``state``.

    A completed run has no running step: one left over is called crashed.
    """
    moment = now()
    session.execute(
        update(m.Step)
        .where(m.Step.run_id.in_(run_ids), m.Step.state == "running")
        .values(state="crashed" if state == "completed" else state, error=error or PROCESS_DIED, ended_at=moment)
    )
    session.execute(
        update(m.Run)
        .where(m.Run.id.in_(run_ids), m.Run.state == "running")
        .values(state=state, error=error, exit_code=exit_code, ended_at=moment)
    )


def end_dead_runs(session: Session, version_id: int) -> list[int]:
    """Mark crashed every run of the version whose process on this host is gone; returns their ids."""
    running = session.execute(select(m.Run).filter_by(version_id=version_id, state="running")).scalars()
    dead = [run.id for run in running if Owner(run.host, run.pid, run.process_started).is_dead()]
    if dead:
        end_runs(session, dead, state="crashed", error=PROCESS_DIED)
    return dead


def _require_running(session: Session, run_id: int) -> int:
    """The version of a run that is still running; raises RunEnded when it was ended, by itself or by a takeover."""
    run = session.get(m.Run, run_id)
    if run is None:
        raise NotFound("no such run", str(run_id), "start it first")
    if run.state != "running":
        raise RunEnded(f"run {run_id} is already {run.state}", run.error or run.host, "start the order again")
    return run.version_id


def _running_step(session: Session, step_id: int) -> tuple[m.Step, int]:
    step = session.get(m.Step, step_id)
    if step is None:
        raise NotFound("no such step", str(step_id), "begin it first")
    version_id = _require_running(session, step.run_id)
    if step.state != "running":
        raise RunEnded(f"step {step_id} is already {step.state}", f"run {step.run_id}", "start the order again")
    return step, version_id


def _require_assets(session: Session, hashes: Sequence[str]) -> None:
    known = set(session.execute(select(m.Asset.sha256).where(m.Asset.sha256.in_(hashes))).scalars())
    unknown = [sha for sha in hashes if sha not in known]
    if unknown:
        raise NotFound("a step's input is no known asset", unknown[0], "register the file or run the step before")


def _keep_inputs(session: Session, step_id: int, inputs: Sequence[tuple[str, int, str]]) -> None:
    session.add_all(
        m.StepInput(step_id=step_id, role=role, position=position, asset_sha256=sha) for role, position, sha in inputs
    )


def _was_collected(session: Session, step_id: int) -> bool:
    """Whether an output of the step is freed; asked once the new step is written, which gc waits for, or is."""
    collected = (
        select(m.Asset.sha256)
        .join(m.MediaFile, m.MediaFile.asset_sha256 == m.Asset.sha256)
        .join(m.StepOutput, m.StepOutput.media_file_id == m.MediaFile.id)
        .where(m.StepOutput.step_id == step_id, m.Asset.collected_at.is_not(None))
    )
    return session.execute(collected.limit(1)).first() is not None


def _copy_outputs(session: Session, *, version_id: int, source_step_id: int, step_id: int) -> None:
    made = session.execute(
        select(m.StepOutput.role, m.MediaFile)
        .join(m.MediaFile, m.StepOutput.media_file_id == m.MediaFile.id)
        .where(m.StepOutput.step_id == source_step_id)
    ).all()
    rows = []
    for role, file in made:
        asset = StoredAsset(sha256=file.asset_sha256, bytes=0, suffix=file.suffix, storage_uri="")
        file_id = keep_media_file(
            session,
            version_id=version_id,
            asset=asset,
            role=file.role,
            language=file.language,
            origin_name=file.origin_name,
        )
        rows.append({"step_id": step_id, "role": role, "media_file_id": file_id})
    insert_new(session, m.StepOutput, rows)
