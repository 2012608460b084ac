"""Keep orders and what they want; name events as their files do."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "work_order",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.Column("body_sha256", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("out", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("length(body_sha256) = 64", name=op.f("ck_work_order_body_sha256")),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name="fk_work_order_version_id_version"),
        sa.PrimaryKeyConstraint("id", name="pk_work_order"),
    )
    op.create_index("ix_work_order_version_id", "work_order", ["version_id"])

    op.create_table(
        "wanted",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("spec_id", sa.String(), nullable=False),
        sa.Column("container", sa.String(), nullable=False),
        sa.Column("codec", sa.String(), nullable=False),
        sa.Column("due", sa.Date()),
        sa.ForeignKeyConstraint(["version_id"], ["version.id"], name="fk_wanted_version_id_version"),
        sa.PrimaryKeyConstraint("id", name="pk_wanted"),
        sa.UniqueConstraint("version_id", "language", "spec_id", "container", "codec", name="uq_wanted_slot"),
    )

    op.add_column("vocal_event", sa.Column("stem", sa.String()))
    op.add_column("vocal_event", sa.Column("event_id", sa.String()))


def downgrade() -> None:
    op.drop_column("vocal_event", "event_id")
    op.drop_column("vocal_event", "stem")
    op.drop_table("wanted")
    op.drop_table("work_order")
