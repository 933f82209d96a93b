"""Signed reports have a signature; those that were signed before have none."""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("case_reports", sa.Column("signing_key", sa.String(16), nullable=True))
    op.add_column("case_reports", sa.Column("signature", sa.String(88), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("case_reports", schema=None) as batch_op:
        batch_op.drop_column("signature")
        batch_op.drop_column("signing_key")
