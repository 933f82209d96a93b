"""The films of a case are read together. Earlier versions do not know such work: it is deleted on the way back."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    examinations = "(SELECT id FROM jobs WHERE kind = 'examination')"
    for table in ("outbox", "steps"):
        op.execute(f"DELETE FROM {table} WHERE job_id IN {examinations}")  # noqa: S608 - our own names
    op.execute("DELETE FROM jobs WHERE kind = 'examination'")
