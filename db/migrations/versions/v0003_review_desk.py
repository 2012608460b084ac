"""The review desk's people, sessions, audit, corrections and notes; the board's lines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

# Of what a slot was given and nobody superseded, the latest; its last verdict beside it.
FILL = """
INSERT INTO slot (version_id, language, spec_id, container, codec, wanted, deliverable_id, state, verdict, changed_at)
SELECT d.version_id, d.language, s.spec_id, d.container, d.codec, {false}, d.id,
       CASE WHEN d.state = 'candidate' AND q.verdict = 'fail' THEN 'failed' ELSE d.state END, q.verdict,
       CURRENT_TIMESTAMP
FROM (
    SELECT max(d.id) AS id
    FROM deliverable d JOIN spec s ON d.spec_id = s.id
    WHERE d.state <> 'superseded'
    GROUP BY d.version_id, d.language, s.spec_id, d.container, d.codec
) latest
JOIN deliverable d ON d.id = latest.id
JOIN spec s ON d.spec_id = s.id
LEFT JOIN (
    SELECT max(id) AS id, media_file_id, spec_id FROM qc_result GROUP BY media_file_id, spec_id
) last_qc ON last_qc.media_file_id = d.media_file_id AND last_qc.spec_id = d.spec_id
LEFT JOIN qc_result q ON q.id = last_qc.id
"""


def upgrade() -> None:
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String()),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("role IN ('viewer', 'reviewer', 'admin')", name=op.f("ck_person_role")),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
        sa.UniqueConstraint("name", name="uq_person_name"),
    )
    op.create_table(
        "desk_session",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer()),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.CheckConstraint("length(token_hash) = 64", name=op.f("ck_desk_session_token_hash")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_desk_session_person_id_person"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_desk_session"),
    )
    op.create_index("ix_desk_session_person_id", "desk_session", ["person_id"])
    op.create_index("ix_desk_session_expires_at", "desk_session", ["expires_at"])

    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("object_kind", sa.String(), nullable=False),
        sa.Column("object_id", sa.String(), nullable=False),
        sa.Column("detail", JSON, nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_action_at", "audit", ["action", "at"])
    op.create_index("ix_audit_object_kind_object_id", "audit", ["object_kind", "object_id"])

    op.create_table(
        "event_edit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("event_id", sa.String()),
        sa.Column("body", JSON, nullable=False),
        sa.Column("note", sa.String()),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("withdrawn_at", MOMENT),
        sa.Column("withdrawn_by", sa.String()),
        sa.CheckConstraint("kind IN ('change', 'drop', 'add')", name=op.f("ck_event_edit_kind")),
        sa.CheckConstraint("(event_id IS NULL) = (kind = 'add')", name=op.f("ck_event_edit_event")),
        sa.CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name=op.f("ck_event_edit_withdrawn")),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name="fk_event_edit_version_id_version"),
        sa.PrimaryKeyConstraint("id", name="pk_event_edit"),
    )
    op.create_index("ix_event_edit_version_id", "event_edit", ["version_id"])

    op.create_table(
        "note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("deliverable_id", sa.Integer()),
        sa.Column("event_id", sa.String()),
        sa.Column("at_seconds", sa.Double()),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.CheckConstraint("at_seconds >= 0", name=op.f("ck_note_at_seconds")),
        sa.ForeignKeyConstraint(["deliverable_id"], ["deliverable.id"], name="fk_note_deliverable_id_deliverable"),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name="fk_note_version_id_version"),
        sa.PrimaryKeyConstraint("id", name="pk_note"),
    )
    op.create_index("ix_note_version_id", "note", ["version_id"])
    op.create_index("ix_note_deliverable_id", "note", ["deliverable_id"])

    op.create_table(
        "slot",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("spec_id", sa.String(), nullable=False),
        sa.Column("container", sa.String(), nullable=False),
        sa.Column("codec", sa.String(), nullable=False),
        sa.Column("due", sa.Date()),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("deliverable_id", sa.Integer()),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("verdict", sa.String()),
        sa.Column("stale", sa.String()),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "state IN ('missing', 'candidate', 'failed', 'approved', 'delivered', 'rejected')",
            name=op.f("ck_slot_state"),
        ),
        sa.ForeignKeyConstraint(["deliverable_id"], ["deliverable.id"], name="fk_slot_deliverable_id_deliverable"),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name="fk_slot_version_id_version"),
        sa.PrimaryKeyConstraint("id", name="pk_slot"),
        sa.UniqueConstraint("version_id", "language", "spec_id", "container", "codec", name="uq_slot_place"),
    )
    op.create_index("ix_slot_version_id_due", "slot", ["version_id", "due"])
    op.create_index("ix_slot_state_version_id_due", "slot", ["state", "version_id", "due"])
    op.create_index("ix_slot_language_version_id_due", "slot", ["language", "version_id", "due"])
    op.create_index("ix_slot_spec_id_version_id_due", "slot", ["spec_id", "version_id", "due"])
    op.create_index("ix_slot_deliverable_id", "slot", ["deliverable_id"])
    op.create_index("ix_slot_changed_at", "slot", ["changed_at"])
    op.execute(FILL.format(false="false" if op.get_bind().dialect.name == "postgresql" else "0"))


def downgrade() -> None:
    for table in ("slot", "note", "event_edit", "audit", "desk_session", "person"):
        op.drop_table(table)
