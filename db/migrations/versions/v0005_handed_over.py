"""Let people write that a deliverable was handed over."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NAME = "ck_approval_decision"
BEFORE = "decision IN ('approved', 'rejected', 'reopened')"
AFTER = "decision IN ('approved', 'rejected', 'reopened', 'delivered')"


def upgrade() -> None:
    _allow(AFTER)


def downgrade() -> None:
    # What was handed over had been approved, and stays protected as such.
    op.execute("UPDATE deliverable SET state = 'approved' WHERE state = 'delivered'")
    op.execute("UPDATE slot SET state = 'approved' WHERE state = 'delivered'")
    op.execute("UPDATE approval SET decision = 'approved' WHERE decision = 'delivered'")
    _allow(BEFORE)


def _allow(decisions: str) -> None:
    with op.batch_alter_table("approval") as table:
        table.drop_constraint(op.f(NAME), type_="check")
        table.create_check_constraint(op.f(NAME), decisions)
