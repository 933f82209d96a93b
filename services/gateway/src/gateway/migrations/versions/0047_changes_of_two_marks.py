"""The last change of the reviews names the one that was made with it, on the other mark of the same lesion."""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("last_review_changes", sa.Column("earlier", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("last_review_changes", schema=None) as batch_op:
        batch_op.drop_column("earlier")
