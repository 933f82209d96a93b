"""The joint reading of a case says which lesions are new or have grown, on which the case's conclusion depends."""

import json
import math

import sqlalchemy as sa
from alembic import op

revision = "0072"
down_revision = "0071"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("since", sa.JSON(none_as_null=True), nullable=True))
    bind = op.get_bind()
    for job_id, growth in bind.execute(sa.text("SELECT id, growth_mm FROM jobs WHERE growth_mm IS NOT NULL")).all():
        # Which films show the lesion is not known here, so that lists say its growth but the conclusion stays.
        since = {"worse": [{"change": "grown", "marks": [], "mm": math.floor(growth + 0.5)}], "not_compared": []}
        values = {"since": json.dumps(since), "id": job_id}
        bind.execute(sa.text("UPDATE jobs SET since = :since WHERE id = :id"), values)
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.drop_column("growth_mm")


def downgrade() -> None:
    op.add_column("jobs", sa.Column("growth_mm", sa.Double(), nullable=True))
    bind = op.get_bind()
    found = sa.text("SELECT id, since FROM jobs WHERE since IS NOT NULL").columns(since=sa.JSON())
    for job_id, since in bind.execute(found).all():
        grown = [lesion["mm"] for lesion in since["worse"] if lesion["mm"] is not None]
        if grown:
            bind.execute(
                sa.text("UPDATE jobs SET growth_mm = :mm WHERE id = :id"), {"mm": float(max(grown)), "id": job_id}
            )
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.drop_column("since")
