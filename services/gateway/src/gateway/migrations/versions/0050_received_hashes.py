"""`sha256` is that of the stored file, by which workers check it; that of the received file has a column of its own.

The version before gives workers `sha256`, so that they read the files that this one stored without names.
"""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0039"
branch_labels = None
depends_on = None

_OTHER = """
EXISTS (SELECT 1 FROM images AS other WHERE other.{column} = images.{value} AND other.id {than} images.id
    AND other.owner_id || '' = images.owner_id AND other.modality || '' = images.modality
    AND coalesce(other.case_id, '') = coalesce(images.case_id, ''))
"""
"""Another image of the same place; the empty texts have SQLite use the indexes of hashes."""
_TWICE = _OTHER.format(column="received_sha256", value="received_sha256", than="<")
_TAKEN = _OTHER.format(column="received_sha256", value="sha256", than="<>")
_LATER = _OTHER.format(column="sha256", value="sha256", than="<")

_RECEIVED_ALONE = (
    # the version before wrote these, and stored what it received
    "UPDATE images SET received_sha256 = sha256 WHERE received_sha256 IS NULL",
    # it knew nothing of the column by which files are one: a hash of no file keeps both
    f"UPDATE images SET received_sha256 = replace(id || id, '-', '') WHERE {_TWICE}",  # noqa: S608
    # Files that differ in their names alone are the same once these are gone. One of them keeps that hash, the one that
    # was received so where there is one; the others get what was received.
    f"UPDATE images SET stored_sha256 = sha256 WHERE {_TAKEN} OR {_LATER}",  # noqa: S608
    "UPDATE images SET sha256 = received_sha256 WHERE stored_sha256 IS NOT NULL",
)


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
    _forget_uniqueness()
    for statement in _RECEIVED_ALONE:
        op.execute(statement)
    op.drop_index("ix_images_received_sha256", table_name="images")
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
