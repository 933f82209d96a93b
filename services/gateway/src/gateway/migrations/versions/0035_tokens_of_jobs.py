"""A job names the API token that opened it, for quotas."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("token_id", sa.String(length=36), nullable=True))
    op.create_index(op.f("ix_jobs_token_id"), "jobs", ["token_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_jobs_token_id"), "jobs")
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.drop_column("token_id")
