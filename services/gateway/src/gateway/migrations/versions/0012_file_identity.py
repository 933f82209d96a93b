"""Images know of which series and instance they are, as fingerprints, and of which class."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_COLUMNS = (("series_mark", 50), ("instance_mark", 50), ("sop_class", 64))


def upgrade() -> None:
    for name, length in _COLUMNS:
        op.add_column("images", sa.Column(name, sa.String(length=length), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("images", schema=None) as batch_op:
        for name, _ in reversed(_COLUMNS):
            batch_op.drop_column(name)
