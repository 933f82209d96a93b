"""A case of which nothing could be assessed is urgent like one that is not sure, and is signed once it was signed."""

from alembic import op

revision = "0059"
down_revision = "0053"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE cases SET urgency = 1 WHERE state = 'failed' AND assessment IS NULL")
    op.execute("UPDATE cases SET state = 'signed' WHERE state = 'failed' AND signed_revision = revision")


def downgrade() -> None:
    op.execute("UPDATE cases SET urgency = -1 WHERE assessment IS NULL")
    op.execute("UPDATE cases SET state = 'failed' WHERE state = 'signed' AND images_done = 0")
