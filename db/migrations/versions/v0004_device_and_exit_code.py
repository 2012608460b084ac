"""Keep which device a step worked on, and how a run ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("step", sa.Column("device", sa.String(), nullable=True))
    op.add_column("run", sa.Column("exit_code", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("run", "exit_code")
    op.drop_column("step", "device")
