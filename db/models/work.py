"""Who did what with what: models, specs, recipes, runs, steps and derivations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, is_sha256, now, one_of

RUN_STATES = ("running", "completed", "failed", "cancelled", "crashed")
STEP_STATES = RUN_STATES
MODEL_STATES = ("candidate", "active", "retired")


class Model(Base):
    """A network's weights, known by their hash; ``model_id`` is the name people use."""

    __tablename__ = "model"
    __table_args__ = (
        UniqueConstraint("model_id", "version", "weights_sha256"),
        is_sha256("weights_sha256"),
        one_of("status", MODEL_STATES),
        Index(None, "weights_sha256"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    model_id: Mapped[str]
    name: Mapped[str]
    version: Mapped[str]
    weights_sha256: Mapped[str]
    licence: Mapped[str | None]
    params: Mapped[dict[str, Any]] = mapped_column(default=dict)
    card_url: Mapped[str | None]
    status: Mapped[str] = mapped_column(default="candidate")
    created_at: Mapped[datetime] = mapped_column(default=now)


class Spec(Base):
    """A delivery spec as it read when it was used; append-only, and one version has one wording."""

    __tablename__ = "spec"
    __table_args__ = (UniqueConstraint("spec_id", "version", "body_sha256"), is_sha256("body_sha256"))

    id: Mapped[int] = mapped_column(primary_key=True)
    spec_id: Mapped[str]
    version: Mapped[str]
    body: Mapped[dict[str, Any]]
    body_sha256: Mapped[str]
    effective_from: Mapped[str | None]
    source_url: Mapped[str | None]
    verified: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Recipe(Base):
    """Everything that decides a step's bytes; ``key`` is the SHA-256 of its canonical JSON."""

    __tablename__ = "recipe"
    __table_args__ = (is_sha256("key"), Index(None, "spec_id"), Index(None, "stage"))

    key: Mapped[str] = mapped_column(primary_key=True)
    stage: Mapped[str]
    stage_version: Mapped[int]
    params: Mapped[dict[str, Any]]
    inputs: Mapped[dict[str, Any]]
    spec_id: Mapped[str | None]
    spec_version: Mapped[str | None]
    tools: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(default=now)


class RecipeModel(Base):
    """A model that a recipe names."""

    __tablename__ = "recipe_model"

    recipe_key: Mapped[str] = mapped_column(ForeignKey("recipe.key"), primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("model.id"), primary_key=True)


class Run(Base):
    """One walk of the flow over a version, and the process it lived in."""

    __tablename__ = "run"
    __table_args__ = (
        one_of("state", RUN_STATES),
        CheckConstraint("(state = 'running') = (ended_at IS NULL)", name="ended"),
        Index(None, "version_id", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("version.id"))
    prefect_flow_run_id: Mapped[str | None]
    trigger: Mapped[str]
    state: Mapped[str] = mapped_column(default="running")
    started_at: Mapped[datetime] = mapped_column(default=now)
    ended_at: Mapped[datetime | None]
    host: Mapped[str]
    pid: Mapped[int]
    process_started: Mapped[str]
    git_commit: Mapped[str | None]
    error: Mapped[str | None]
    # As the command's: 3 for bad input, 5 for the environment, 1 for a bug; null where the process died.
    exit_code: Mapped[int | None]


class Step(Base):
    """One recipe executed in a run, or answered from an earlier step (``cache_hit``)."""

    __tablename__ = "step"
    __table_args__ = (
        one_of("state", STEP_STATES),
        CheckConstraint("(state = 'running') = (ended_at IS NULL)", name="ended"),
        CheckConstraint("cache_hit = (source_step_id IS NOT NULL)", name="cache_hit"),
        Index(None, "recipe_key", "state"),
        Index(None, "run_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    recipe_key: Mapped[str] = mapped_column(ForeignKey("recipe.key"))
    state: Mapped[str] = mapped_column(default="running")
    started_at: Mapped[datetime] = mapped_column(default=now)
    ended_at: Mapped[datetime | None]
    # What its network ran on, where it has one (`cpu`, `cuda:0`), and the seconds there unless that is the CPU.
    device: Mapped[str | None]
    gpu_seconds: Mapped[float] = mapped_column(Double, default=0.0)
    error: Mapped[str | None]
    cache_hit: Mapped[bool] = mapped_column(default=False)
    source_step_id: Mapped[int | None] = mapped_column(ForeignKey("step.id"))


class StepInput(Base):
    """An asset a step used (PROV ``used``), by role and place in that role."""

    __tablename__ = "step_input"
    __table_args__ = (Index(None, "asset_sha256"),)

    step_id: Mapped[int] = mapped_column(ForeignKey("step.id"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    asset_sha256: Mapped[str] = mapped_column(ForeignKey("asset.sha256"))


class StepOutput(Base):
    """A media file a step made (PROV ``wasGeneratedBy``)."""

    __tablename__ = "step_output"
    __table_args__ = (Index(None, "media_file_id"),)

    step_id: Mapped[int] = mapped_column(ForeignKey("step.id"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    media_file_id: Mapped[int] = mapped_column(ForeignKey("media_file.id"))


class Derivation(Base):
    """Output bytes came from input bytes (PROV ``wasDerivedFrom``), in that step, in that input role."""

    __tablename__ = "derivation"
    __table_args__ = (Index(None, "input_sha256"),)

    output_sha256: Mapped[str] = mapped_column(ForeignKey("asset.sha256"), primary_key=True)
    input_sha256: Mapped[str] = mapped_column(ForeignKey("asset.sha256"), primary_key=True)
    step_id: Mapped[int] = mapped_column(ForeignKey("step.id"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
