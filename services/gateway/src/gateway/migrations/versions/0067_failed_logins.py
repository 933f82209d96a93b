"""Failed logins since a person's last login to the portal, and what a portal session tells of them."""

import sqlalchemy as sa
from alembic import op

revision = "0067"
down_revision = "0066"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("failed_logins", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("users", sa.Column("failed_login_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("users", sa.Column("failed_login_address", sa.String(length=50), nullable=True))
    op.add_column("users", sa.Column("portal_login_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE users SET portal_login_at = last_login_at")
    op.add_column("auth_sessions", sa.Column("failed_before", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("auth_sessions", schema=None) as batch_op:
        batch_op.drop_column("failed_before")
    with op.batch_alter_table("users", schema=None) as batch_op:
        for name in ("portal_login_at", "failed_login_address", "failed_login_at", "failed_logins"):
            batch_op.drop_column(name)
