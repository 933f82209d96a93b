"""Opinions of regions that readers draw. Earlier versions do not know such work: it is deleted on the way back."""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    opinions = "(SELECT id FROM jobs WHERE kind = 'region')"
    for table in ("outbox", "steps"):
        op.execute(f"DELETE FROM {table} WHERE job_id IN {opinions}")  # noqa: S608 - our own names
    op.execute("DELETE FROM jobs WHERE kind = 'region'")
