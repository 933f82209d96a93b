"""Identifiers of patients that a hospital merged, and who issued the identifier in a file."""

import sqlalchemy as sa
from alembic import op

revision = "0080"
down_revision = "0079"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("images", sa.Column("issuer_mark", sa.String(length=50), nullable=True))
    op.create_table(
        "patient_merges",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("owner_id", sa.String(length=36), nullable=False),
        sa.Column("message_id", sa.String(length=200), nullable=False),
        sa.Column("issuer_mark", sa.String(length=50), nullable=True),
        sa.Column("former_mark", sa.String(length=50), nullable=False),
        sa.Column("present_mark", sa.String(length=50), nullable=False),
        sa.Column("undone", sa.Boolean(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_patient_merges_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient_merges")),
        sa.UniqueConstraint(
            "owner_id", "message_id", "former_mark", "present_mark", name=op.f("uq_patient_merges_owner_id")
        ),
    )
    op.create_index("ix_patient_merges_former_mark", "patient_merges", ["former_mark"])
    op.create_index("ix_patient_merges_present_mark", "patient_merges", ["present_mark"])


def downgrade() -> None:
    op.drop_table("patient_merges")
    with op.batch_alter_table("images", schema=None) as batch_op:
        batch_op.drop_column("issuer_mark")
