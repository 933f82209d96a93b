"""Jobs and cases know whether tissue is unlike that of training."""

import sqlalchemy as sa
from alembic import op

revision = "0065"
down_revision = "0064"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("jobs", "cases"):
        op.add_column(table, sa.Column("unlike_training", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    for table in ("jobs", "cases"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column("unlike_training")
