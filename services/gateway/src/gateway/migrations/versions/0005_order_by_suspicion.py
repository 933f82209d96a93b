"""The worklist is ordered by state and number; a job keeps the state of its most suspicious marked finding."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("finding_assessment", sa.String(length=30), nullable=True))
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.alter_column(
            "urgency",
            existing_type=sa.Integer(),
            existing_nullable=False,
            type_=sa.Double(),
            existing_server_default=sa.text("0"),
        )
    # The integer was the state's rank: the number within the state is added, and what has no state goes last.
    op.execute(
        "UPDATE cases SET urgency = CASE WHEN assessment IS NULL THEN -1 "
        "ELSE urgency + COALESCE(probability_malignant, 0) END"
    )


def downgrade() -> None:
    op.execute(
        "UPDATE cases SET urgency = CASE assessment "
        "WHEN 'malignancy_suspected' THEN 2 WHEN 'not_sure' THEN 1 ELSE 0 END"
    )
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.alter_column(
            "urgency",
            existing_type=sa.Double(),
            existing_nullable=False,
            type_=sa.Integer(),
            existing_server_default=sa.text("0"),
        )
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.drop_column("finding_assessment")
