"""Reviews name a finding by its id. The place in the result stays beside it for gateways of the version before."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TABLES = ("finding_reviews", "last_review_changes")


def upgrade() -> None:
    connection = op.get_bind()
    for table in _TABLES:
        op.add_column(table, sa.Column("finding_id", sa.String(length=10), nullable=True))
        reviews = sa.table(table, sa.column("finding"), sa.column("finding_id"))
        for (finding,) in connection.execute(sa.select(reviews.c.finding).distinct()).all():
            named = f"f{int(finding) + 1}" if finding.isdigit() else finding
            connection.execute(sa.update(reviews).where(reviews.c.finding == finding).values(finding_id=named))


def downgrade() -> None:
    for table in _TABLES:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column("finding_id")
