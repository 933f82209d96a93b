"""An image knows what a signed report said of it, so that a later analysis which finds more counts as unread."""

import sqlalchemy as sa
from alembic import op

from gateway import unfinished_upgrade

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("images", sa.Column("signed_assessment", sa.String(length=30), nullable=True))
    # of reports from before, the newest analysis is taken for the one that was signed
    op.execute(
        "UPDATE images SET signed_assessment = (SELECT jobs.assessment FROM jobs WHERE jobs.image_id = images.id"
        " ORDER BY jobs.created_at DESC, jobs.id DESC LIMIT 1) WHERE signed_as_current"
    )
    # older versions concluded more mildly beside films that nobody has read
    unfinished_upgrade.note(
        op.get_bind(), "conclude", "SELECT 1 FROM cases WHERE images_total > 0 AND state <> 'signed' LIMIT 1"
    )


def downgrade() -> None:
    with op.batch_alter_table("images", schema=None) as batch_op:
        batch_op.drop_column("signed_assessment")
