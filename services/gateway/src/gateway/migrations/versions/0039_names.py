"""Stored DICOM files differ from what was uploaded, and identities may be kept apart, encrypted."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("images", sa.Column("stored_sha256", sa.String(length=64), nullable=True))
    op.create_table(
        "kept_identities",
        sa.Column("object_key", sa.String(length=200), nullable=False),
        sa.Column("image_id", sa.String(length=36), nullable=True),
        sa.Column("instance_id", sa.String(length=36), nullable=True),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["image_id"], ["images.id"], name=op.f("fk_kept_identities_image_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["result_instances.id"],
            name=op.f("fk_kept_identities_instance_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("object_key", name=op.f("pk_kept_identities")),
    )
    op.create_index("ix_kept_identities_image_id", "kept_identities", ["image_id"])
    op.create_index("ix_kept_identities_instance_id", "kept_identities", ["instance_id"])


def downgrade() -> None:
    op.drop_table("kept_identities")
    with op.batch_alter_table("images", schema=None) as batch_op:
        batch_op.drop_column("stored_sha256")
