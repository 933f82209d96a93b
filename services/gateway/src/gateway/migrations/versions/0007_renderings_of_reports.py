"""A signed report has a rendering for each language and form, found by its key, instead of one for all."""

import sqlalchemy as sa
from alembic import op

from lobule.launcher.errors import StartError

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# Any rendering of the version: the older program reads all of its files from that one, and renders none by itself.
_FILL = """
    UPDATE case_reports SET rendering_id = (
        SELECT id FROM jobs WHERE key LIKE 'case:' || case_reports.case_id || ':version:' || case_reports.version || '%'
        ORDER BY key LIMIT 1
    )
"""


def upgrade() -> None:
    with op.batch_alter_table("case_reports", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_case_reports_rendering_id"), type_="foreignkey")
        batch_op.drop_column("rendering_id")


def downgrade() -> None:
    op.add_column("case_reports", sa.Column("rendering_id", sa.String(length=36), nullable=True))
    op.execute(_FILL)
    missing = op.get_bind().execute(sa.text("SELECT count(*) FROM case_reports WHERE rendering_id IS NULL")).scalar()
    if missing:
        raise StartError("downgrade_unrendered", count=missing, revision=revision)
    with op.batch_alter_table("case_reports", schema=None) as batch_op:
        batch_op.alter_column("rendering_id", existing_type=sa.String(length=36), nullable=False)
        batch_op.create_foreign_key(batch_op.f("fk_case_reports_rendering_id"), "jobs", ["rendering_id"], ["id"])
