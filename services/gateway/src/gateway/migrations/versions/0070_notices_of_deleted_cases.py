"""The notice of an emergency access outlives its case, and the account of the administrator."""

import sqlalchemy as sa
from alembic import op

revision = "0070"
down_revision = "0069"
branch_labels = None
depends_on = None

_USER = "fk_emergency_accesses_user_id"


def upgrade() -> None:
    with op.batch_alter_table("emergency_accesses", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_emergency_accesses_case_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f(_USER), type_="foreignkey")
        batch_op.alter_column("user_id", existing_type=sa.String(length=36), nullable=True)
        batch_op.create_foreign_key(batch_op.f(_USER), "users", ["user_id"], ["id"], ondelete="SET NULL")


def downgrade() -> None:
    op.execute("DELETE FROM emergency_accesses WHERE user_id IS NULL OR case_id NOT IN (SELECT id FROM cases)")
    with op.batch_alter_table("emergency_accesses", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f(_USER), type_="foreignkey")
        batch_op.alter_column("user_id", existing_type=sa.String(length=36), nullable=False)
        batch_op.create_foreign_key(batch_op.f(_USER), "users", ["user_id"], ["id"], ondelete="CASCADE")
        name = batch_op.f("fk_emergency_accesses_case_id")
        batch_op.create_foreign_key(name, "cases", ["case_id"], ["id"], ondelete="CASCADE")
