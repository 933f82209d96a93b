"""An error of a job has a reason and the values that its sentence names."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("error_reason", sa.String(length=50), nullable=True))
    op.add_column("jobs", sa.Column("error_values", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.drop_column("error_values")
        batch_op.drop_column("error_reason")
