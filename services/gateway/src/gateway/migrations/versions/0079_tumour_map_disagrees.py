"""Jobs and cases know whether the tumour map of a field disagrees with its assessment."""

import sqlalchemy as sa
from alembic import op

revision = "0079"
down_revision = "0078"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("jobs", "cases"):
        op.add_column(table, sa.Column("map_disagrees", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    for table in ("jobs", "cases"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column("map_disagrees")
