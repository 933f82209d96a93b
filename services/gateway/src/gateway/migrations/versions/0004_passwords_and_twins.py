"""Passwords that must be changed at the next login; the same bytes may be an image of several cases."""

import sqlalchemy as sa
from alembic import op

from lobule.launcher.errors import StartError

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_LONE = sa.text("case_id IS NULL")


def upgrade() -> None:
    op.add_column(
        "users", sa.Column("must_change_password", sa.Boolean(), nullable=False, server_default=sa.text("FALSE"))
    )
    with op.batch_alter_table("images", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_images_owner_id"), type_="unique")
        batch_op.create_unique_constraint(
            batch_op.f("uq_images_owner_id"), ["owner_id", "modality", "sha256", "case_id"]
        )
        batch_op.create_index(
            "uq_images_lone",
            ["owner_id", "modality", "sha256"],
            unique=True,
            sqlite_where=_LONE,
            postgresql_where=_LONE,
        )


def downgrade() -> None:
    twins = op.get_bind().execute(
        sa.text("SELECT count(*) FROM (SELECT 1 FROM images GROUP BY owner_id, modality, sha256 HAVING count(*) > 1) t")
    )
    if count := twins.scalar():
        raise StartError("downgrade_twins", count=count, revision=revision)
    with op.batch_alter_table("images", schema=None) as batch_op:
        batch_op.drop_index("uq_images_lone")
        batch_op.drop_constraint(batch_op.f("uq_images_owner_id"), type_="unique")
        batch_op.create_unique_constraint(batch_op.f("uq_images_owner_id"), ["owner_id", "modality", "sha256"])
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.drop_column("must_change_password")
