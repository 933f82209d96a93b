"""Who is told of an emergency access if the owner is away is kept as of the moment of the access."""

import sqlalchemy as sa
from alembic import op

revision = "0074"
down_revision = "0073"
branch_labels = None
depends_on = None

_NOW = """
INSERT INTO emergency_witnesses (access_id, user_id)
SELECT access.id, member.user_id FROM emergency_accesses access
  JOIN shared_cases shared ON shared.case_id = access.case_id
  JOIN group_members member ON member.group_id = shared.group_id
  WHERE access.user_id IS NULL OR access.user_id <> member.user_id
UNION
SELECT access.id, cases.reader_id FROM emergency_accesses access JOIN cases ON cases.id = access.case_id
  WHERE cases.reader_id IS NOT NULL AND (access.user_id IS NULL OR access.user_id <> cases.reader_id)
"""


def upgrade() -> None:
    access, user = (["access_id"], ["emergency_accesses.id"]), (["user_id"], ["users.id"])
    op.create_table(
        "emergency_witnesses",
        sa.Column("access_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(*access, name=op.f("fk_emergency_witnesses_access_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(*user, name=op.f("fk_emergency_witnesses_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("access_id", "user_id", name=op.f("pk_emergency_witnesses")),
    )
    op.create_index(op.f("ix_emergency_witnesses_user_id"), "emergency_witnesses", ["user_id"])
    op.execute(_NOW)


def downgrade() -> None:
    op.drop_table("emergency_witnesses")
