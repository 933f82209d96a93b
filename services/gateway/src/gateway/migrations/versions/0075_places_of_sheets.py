"""The letters of what readers draw apart follow who began first."""

import sqlalchemy as sa
from alembic import op

revision = "0075"
down_revision = "0074"
branch_labels = None
depends_on = None

_SECOND = """
UPDATE reading_sheets SET place = 1 WHERE EXISTS (
  SELECT 1 FROM signed_reads other WHERE other.case_id = reading_sheets.case_id
    AND other.reader_id <> reading_sheets.user_id AND other.withdrawn_at IS NULL
) AND NOT EXISTS (
  SELECT 1 FROM signed_reads own WHERE own.case_id = reading_sheets.case_id AND own.reader_id = reading_sheets.user_id
)
"""


def upgrade() -> None:
    op.add_column("reading_sheets", sa.Column("place", sa.Integer(), server_default="0", nullable=False))
    op.execute(_SECOND)


def downgrade() -> None:
    with op.batch_alter_table("reading_sheets", schema=None) as batch_op:
        batch_op.drop_column("place")
