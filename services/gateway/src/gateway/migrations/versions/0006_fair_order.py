"""Steps know whose they are and whether a person waits for them: claims are given in fair order."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_INDEXES = {
    "ix_steps_waiting": ["queue", "state", "interactive", "owner_id", "queued_at"],
    "ix_steps_lane_started": ["queue", "interactive", "owner_id", "started_at"],
    "ix_steps_started": ["queue", "started_at"],
}


def upgrade() -> None:
    op.add_column("steps", sa.Column("owner_id", sa.String(36), nullable=False, server_default=""))
    op.add_column("steps", sa.Column("interactive", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE steps SET owner_id = (SELECT owner_id FROM jobs WHERE jobs.id = steps.job_id)")
    for name, columns in _INDEXES.items():
        op.create_index(name, "steps", columns)


def downgrade() -> None:
    for name in _INDEXES:
        op.drop_index(name, "steps")
    with op.batch_alter_table("steps", schema=None) as batch_op:
        batch_op.drop_column("interactive")
        batch_op.drop_column("owner_id")
