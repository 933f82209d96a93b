"""`sha256` is that of the stored file, by which workers check it; that of the received file has a column of its own.

The version before gives workers `sha256`, so that they read the files that this one stored without names.
"""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0039"
branch_labels = None
depends_on = None

# Files that differ in their names alone are the same once these are gone: the later ones keep what was received.
_MARK_LATER = """
UPDATE images SET stored_sha256 = sha256 WHERE EXISTS (
    SELECT 1 FROM images AS other
    WHERE other.owner_id = images.owner_id AND other.modality = images.modality AND other.sha256 = images.sha256
      AND coalesce(other.case_id, '') = coalesce(images.case_id, '') AND other.id < images.id
)
"""


def upgrade() -> None:
    op.add_column("result_instances", sa.Column("received_sha256", sa.String(length=64), nullable=True))
    op.add_column("images", sa.Column("received_sha256", sa.String(length=64), nullable=True))
    _forget_uniqueness()
    op.execute("UPDATE images SET received_sha256 = sha256")
    op.execute("UPDATE images SET sha256 = stored_sha256 WHERE stored_sha256 IS NOT NULL")
    _drop_column("stored_sha256")
    _make_unique("received_sha256")
    op.create_index("ix_images_received_sha256", "images", ["received_sha256"])


def downgrade() -> None:
    op.add_column("images", sa.Column("stored_sha256", sa.String(length=64), nullable=True))
    op.drop_index("ix_images_received_sha256", table_name="images")
    _forget_uniqueness()
    op.execute(_MARK_LATER)
    op.execute("UPDATE images SET sha256 = received_sha256 WHERE stored_sha256 IS NOT NULL")
    _make_unique("sha256")
    _drop_column("received_sha256")
    op.drop_column("result_instances", "received_sha256")


def _forget_uniqueness() -> None:
    op.drop_index("uq_images_lone", table_name="images")
    with op.batch_alter_table("images", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_images_owner_id"), type_="unique")


def _make_unique(column: str) -> None:
    with op.batch_alter_table("images", schema=None) as batch_op:
        batch_op.create_unique_constraint(batch_op.f("uq_images_owner_id"), ["owner_id", "modality", column, "case_id"])
    op.create_index(
        "uq_images_lone",
        "images",
        ["owner_id", "modality", column],
        unique=True,
        sqlite_where=sa.text("case_id IS NULL"),
        postgresql_where=sa.text("case_id IS NULL"),
    )


def _drop_column(name: str) -> None:
    with op.batch_alter_table("images", schema=None) as batch_op:
        batch_op.drop_column(name)
