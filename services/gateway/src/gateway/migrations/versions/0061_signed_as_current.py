"""An image knows whether a report was signed of its own examination: as a prior of a later one, it is only compared."""

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("signed_as_current", sa.Boolean(), server_default=sa.false(), nullable=False)
    op.add_column("images", column)
    op.execute("UPDATE images SET signed_as_current = signed")  # which of them were priors then is not looked up


def downgrade() -> None:
    with op.batch_alter_table("images", schema=None) as batch_op:
        batch_op.drop_column("signed_as_current")
