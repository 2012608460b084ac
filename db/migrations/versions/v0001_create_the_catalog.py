"""Create the catalog."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "asset",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("suffix", sa.String(), nullable=False),
        sa.Column("storage_uri", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("verified_at", MOMENT),
        sa.Column("collected_at", MOMENT),
        sa.CheckConstraint("bytes >= 0", name=op.f("ck_asset_bytes")),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_asset_sha256")),
        sa.PrimaryKeyConstraint("sha256", name="pk_asset"),
    )
    op.create_table(
        "model",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("weights_sha256", sa.String(), nullable=False),
        sa.Column("licence", sa.String()),
        sa.Column("params", JSON, nullable=False),
        sa.Column("card_url", sa.String()),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("status IN ('candidate', 'active', 'retired')", name=op.f("ck_model_status")),
        sa.CheckConstraint("length(weights_sha256) = 64", name=op.f("ck_model_weights_sha256")),
        sa.PrimaryKeyConstraint("id", name="pk_model"),
        sa.UniqueConstraint("model_id", "version", "weights_sha256", name="uq_model_model_id_version_weights_sha256"),
    )
    op.create_index("ix_model_weights_sha256", "model", ["weights_sha256"])

    op.create_table(
        "recipe",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("stage_version", sa.Integer(), nullable=False),
        sa.Column("params", JSON, nullable=False),
        sa.Column("inputs", JSON, nullable=False),
        sa.Column("spec_id", sa.String()),
        sa.Column("spec_version", sa.String()),
        sa.Column("tools", JSON, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("length(key) = 64", name=op.f("ck_recipe_key")),
        sa.PrimaryKeyConstraint("key", name="pk_recipe"),
    )
    op.create_index("ix_recipe_spec_id", "recipe", ["spec_id"])
    op.create_index("ix_recipe_stage", "recipe", ["stage"])

    op.create_table(
        "spec",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("spec_id", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.Column("body_sha256", sa.String(), nullable=False),
        sa.Column("effective_from", sa.String()),
        sa.Column("source_url", sa.String()),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("length(body_sha256) = 64", name=op.f("ck_spec_body_sha256")),
        sa.PrimaryKeyConstraint("id", name="pk_spec"),
        sa.UniqueConstraint("spec_id", "version", "body_sha256", name="uq_spec_spec_id_version_body_sha256"),
    )
    op.create_table(
        "title",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("original_language", sa.String()),
        sa.Column("eidr", sa.String()),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("parent_id", sa.Integer()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("kind IN ('film', 'episode', 'trailer')", name=op.f("ck_title_kind")),
        sa.ForeignKeyConstraint(["parent_id"], ["title.id"], name="fk_title_parent_id_title"),
        sa.PrimaryKeyConstraint("id", name="pk_title"),
        sa.UniqueConstraint("slug", name="uq_title_slug"),
    )
    op.create_table(
        "recipe_model",
        sa.Column("recipe_key", sa.String(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name="fk_recipe_model_model_id_model"),
        sa.ForeignKeyConstraint(["recipe_key"], ["recipe.key"], name="fk_recipe_model_recipe_key_recipe"),
        sa.PrimaryKeyConstraint("recipe_key", "model_id", name="pk_recipe_model"),
    )
    op.create_table(
        "source_file",
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("asset_sha256", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("inode", sa.String(), nullable=False),
        sa.Column("hashed_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["asset_sha256"], ["asset.sha256"], name="fk_source_file_asset_sha256_asset"),
        sa.PrimaryKeyConstraint("path", name="pk_source_file"),
    )
    op.create_index("ix_source_file_asset_sha256", "source_file", ["asset_sha256"])

    op.create_table(
        "version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("eidr_edit", sa.String()),
        sa.Column("fps_num", sa.Integer()),
        sa.Column("fps_den", sa.Integer()),
        sa.Column("drop_frame", sa.Boolean()),
        sa.Column("som_timecode", sa.String()),
        sa.Column("duration_frames", sa.Integer()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("(fps_num IS NULL) = (fps_den IS NULL)", name=op.f("ck_version_fps_whole")),
        sa.CheckConstraint("duration_frames >= 0", name=op.f("ck_version_duration_frames")),
        sa.CheckConstraint("fps_num > 0 AND fps_den > 0", name=op.f("ck_version_fps_positive")),
        sa.ForeignKeyConstraint(["title_id"], ["title.id"], name="fk_version_title_id_title"),
        sa.PrimaryKeyConstraint("id", name="pk_version"),
        sa.UniqueConstraint("title_id", "label", name="uq_version_title_id_label"),
    )
    op.create_table(
        "media_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("asset_sha256", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("suffix", sa.String(), nullable=False),
        sa.Column("origin_name", sa.String()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("role <> ''", name=op.f("ck_media_file_role")),
        sa.ForeignKeyConstraint(["asset_sha256"], ["asset.sha256"], name="fk_media_file_asset_sha256_asset"),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name="fk_media_file_version_id_version"),
        sa.PrimaryKeyConstraint("id", name="pk_media_file"),
        sa.UniqueConstraint(
            "version_id", "asset_sha256", "role", "language", name="uq_media_file_version_id_asset_sha256_role_language"
        ),
    )
    op.create_index("ix_media_file_asset_sha256", "media_file", ["asset_sha256"])

    op.create_table(
        "run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("prefect_flow_run_id", sa.String()),
        sa.Column("trigger", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("process_started", sa.String(), nullable=False),
        sa.Column("git_commit", sa.String()),
        sa.Column("error", sa.String()),
        sa.CheckConstraint("(state = 'running') = (ended_at IS NULL)", name=op.f("ck_run_ended")),
        sa.CheckConstraint(
            "state IN ('running', 'completed', 'failed', 'cancelled', 'crashed')", name=op.f("ck_run_state")
        ),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name="fk_run_version_id_version"),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
    )
    op.create_index("ix_run_version_id_state", "run", ["version_id", "state"])

    op.create_table(
        "deliverable",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("spec_id", sa.Integer(), nullable=False),
        sa.Column("container", sa.String(), nullable=False),
        sa.Column("codec", sa.String(), nullable=False),
        sa.Column("media_file_id", sa.Integer(), nullable=False),
        sa.Column("recipe_key", sa.String()),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "state IN ('candidate', 'approved', 'delivered', 'superseded')", name=op.f("ck_deliverable_state")
        ),
        sa.ForeignKeyConstraint(["media_file_id"], ["media_file.id"], name="fk_deliverable_media_file_id_media_file"),
        sa.ForeignKeyConstraint(["recipe_key"], ["recipe.key"], name="fk_deliverable_recipe_key_recipe"),
        sa.ForeignKeyConstraint(["spec_id"], ["spec.id"], name="fk_deliverable_spec_id_spec"),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name="fk_deliverable_version_id_version"),
        sa.PrimaryKeyConstraint("id", name="pk_deliverable"),
        sa.UniqueConstraint(
            "version_id", "language", "spec_id", "container", "codec", "media_file_id", name="uq_deliverable_identity"
        ),
    )
    op.create_index("ix_deliverable_media_file_id", "deliverable", ["media_file_id"])
    op.create_index("ix_deliverable_path", "deliverable", ["path"])

    op.create_table(
        "qc_result",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("media_file_id", sa.Integer(), nullable=False),
        sa.Column("spec_id", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("items", JSON, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("verdict IN ('pass', 'warn', 'fail')", name=op.f("ck_qc_result_verdict")),
        sa.ForeignKeyConstraint(["media_file_id"], ["media_file.id"], name="fk_qc_result_media_file_id_media_file"),
        sa.ForeignKeyConstraint(["spec_id"], ["spec.id"], name="fk_qc_result_spec_id_spec"),
        sa.PrimaryKeyConstraint("id", name="pk_qc_result"),
    )
    op.create_index("ix_qc_result_media_file_id", "qc_result", ["media_file_id"])

    op.create_table(
        "step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("recipe_key", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.Column("gpu_seconds", sa.Double(), nullable=False),
        sa.Column("error", sa.String()),
        sa.Column("cache_hit", sa.Boolean(), nullable=False),
        sa.Column("source_step_id", sa.Integer()),
        sa.CheckConstraint("(state = 'running') = (ended_at IS NULL)", name=op.f("ck_step_ended")),
        sa.CheckConstraint(
            "state IN ('running', 'completed', 'failed', 'cancelled', 'crashed')", name=op.f("ck_step_state")
        ),
        sa.CheckConstraint("cache_hit = (source_step_id IS NOT NULL)", name=op.f("ck_step_cache_hit")),
        sa.ForeignKeyConstraint(["recipe_key"], ["recipe.key"], name="fk_step_recipe_key_recipe"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_step_run_id_run"),
        sa.ForeignKeyConstraint(["source_step_id"], ["step.id"], name="fk_step_source_step_id_step"),
        sa.PrimaryKeyConstraint("id", name="pk_step"),
    )
    op.create_index("ix_step_recipe_key_state", "step", ["recipe_key", "state"])
    op.create_index("ix_step_run_id", "step", ["run_id"])

    op.create_table(
        "title_lock",
        sa.Column("version_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("owner_run_id", sa.Integer(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("process_started", sa.String(), nullable=False),
        sa.Column("acquired_at", MOMENT, nullable=False),
        sa.Column("lease_until", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["owner_run_id"], ["run.id"], name="fk_title_lock_owner_run_id_run"),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name="fk_title_lock_version_id_version"),
        sa.PrimaryKeyConstraint("version_id", name="pk_title_lock"),
    )
    op.create_table(
        "track",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("media_file_id", sa.Integer(), nullable=False),
        sa.Column("idx", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("codec", sa.String(), nullable=False),
        sa.Column("sample_rate", sa.Integer()),
        sa.Column("bit_depth", sa.Integer()),
        sa.Column("layout", sa.String()),
        sa.Column("channel_order", JSON),
        sa.Column("language", sa.String()),
        sa.Column("disposition", sa.String()),
        sa.Column("start_pts", sa.BigInteger()),
        sa.Column("priming_samples", sa.Integer()),
        sa.Column("duration_samples", sa.BigInteger()),
        sa.Column("title", sa.String()),
        sa.CheckConstraint("kind IN ('video', 'audio', 'subtitle', 'data')", name=op.f("ck_track_kind")),
        sa.ForeignKeyConstraint(["media_file_id"], ["media_file.id"], name="fk_track_media_file_id_media_file"),
        sa.PrimaryKeyConstraint("id", name="pk_track"),
        sa.UniqueConstraint("media_file_id", "idx", name="uq_track_media_file_id_idx"),
    )
    op.create_table(
        "vocal_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("media_file_id", sa.Integer(), nullable=False),
        sa.Column("start_seconds", sa.Double(), nullable=False),
        sa.Column("end_seconds", sa.Double(), nullable=False),
        sa.Column("channels", JSON, nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("score", sa.Double()),
        sa.Column("level_db", sa.Double()),
        sa.Column("disposition", sa.String()),
        sa.Column("action", sa.String()),
        sa.Column("decided_by", sa.String()),
        sa.CheckConstraint(
            "label IN ('speech', 'singing', 'laughter', 'crying', 'shout', 'breath', 'cough', 'exertion', 'crowd')",
            name=op.f("ck_vocal_event_label"),
        ),
        sa.CheckConstraint("end_seconds >= start_seconds AND start_seconds >= 0", name=op.f("ck_vocal_event_span")),
        sa.ForeignKeyConstraint(["media_file_id"], ["media_file.id"], name="fk_vocal_event_media_file_id_media_file"),
        sa.PrimaryKeyConstraint("id", name="pk_vocal_event"),
    )
    op.create_index("ix_vocal_event_media_file_id_start_seconds", "vocal_event", ["media_file_id", "start_seconds"])

    op.create_table(
        "approval",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("deliverable_id", sa.Integer(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("note", sa.String()),
        sa.CheckConstraint("decision IN ('approved', 'rejected', 'reopened')", name=op.f("ck_approval_decision")),
        sa.ForeignKeyConstraint(["deliverable_id"], ["deliverable.id"], name="fk_approval_deliverable_id_deliverable"),
        sa.PrimaryKeyConstraint("id", name="pk_approval"),
    )
    op.create_index("ix_approval_deliverable_id", "approval", ["deliverable_id"])

    op.create_table(
        "derivation",
        sa.Column("output_sha256", sa.String(), nullable=False),
        sa.Column("input_sha256", sa.String(), nullable=False),
        sa.Column("step_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["input_sha256"], ["asset.sha256"], name="fk_derivation_input_sha256_asset"),
        sa.ForeignKeyConstraint(["output_sha256"], ["asset.sha256"], name="fk_derivation_output_sha256_asset"),
        sa.ForeignKeyConstraint(["step_id"], ["step.id"], name="fk_derivation_step_id_step"),
        sa.PrimaryKeyConstraint("output_sha256", "input_sha256", "step_id", "role", name="pk_derivation"),
    )
    op.create_index("ix_derivation_input_sha256", "derivation", ["input_sha256"])

    op.create_table(
        "measurement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("step_id", sa.Integer()),
        sa.Column("media_file_id", sa.Integer()),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.Double()),
        sa.Column("text", sa.String()),
        sa.Column("unit", sa.String()),
        sa.Column("algorithm", sa.String()),
        sa.Column("tool", sa.String()),
        sa.Column("tool_version", sa.String()),
        sa.CheckConstraint(
            "(value IS NOT NULL) = (kind IN ('number', 'integer', 'flag')) AND (text IS NOT NULL) = (kind = 'text')",
            name=op.f("ck_measurement_one_value"),
        ),
        sa.CheckConstraint(
            "kind IN ('number', 'integer', 'flag', 'text', 'undefined')", name=op.f("ck_measurement_kind")
        ),
        sa.CheckConstraint("(step_id IS NULL) <> (media_file_id IS NULL)", name=op.f("ck_measurement_owner")),
        sa.ForeignKeyConstraint(["media_file_id"], ["media_file.id"], name="fk_measurement_media_file_id_media_file"),
        sa.ForeignKeyConstraint(["step_id"], ["step.id"], name="fk_measurement_step_id_step"),
        sa.PrimaryKeyConstraint("id", name="pk_measurement"),
        sa.UniqueConstraint("media_file_id", "name", name="uq_measurement_media_file_id_name"),
        sa.UniqueConstraint("step_id", "name", name="uq_measurement_step_id_name"),
    )
    op.create_table(
        "step_input",
        sa.Column("step_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("asset_sha256", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["asset_sha256"], ["asset.sha256"], name="fk_step_input_asset_sha256_asset"),
        sa.ForeignKeyConstraint(["step_id"], ["step.id"], name="fk_step_input_step_id_step"),
        sa.PrimaryKeyConstraint("step_id", "role", "position", name="pk_step_input"),
    )
    op.create_index("ix_step_input_asset_sha256", "step_input", ["asset_sha256"])

    op.create_table(
        "step_output",
        sa.Column("step_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("media_file_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["media_file_id"], ["media_file.id"], name="fk_step_output_media_file_id_media_file"),
        sa.ForeignKeyConstraint(["step_id"], ["step.id"], name="fk_step_output_step_id_step"),
        sa.PrimaryKeyConstraint("step_id", "role", name="pk_step_output"),
    )
    op.create_index("ix_step_output_media_file_id", "step_output", ["media_file_id"])


def downgrade() -> None:
    for table in (
        "step_output",
        "step_input",
        "measurement",
        "derivation",
        "approval",
        "vocal_event",
        "track",
        "title_lock",
        "step",
        "qc_result",
        "deliverable",
        "run",
        "media_file",
        "version",
        "source_file",
        "recipe_model",
        "title",
        "spec",
        "recipe",
        "model",
        "asset",
    ):
        op.drop_table(table)
