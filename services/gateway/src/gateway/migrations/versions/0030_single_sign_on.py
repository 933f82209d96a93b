"""Users and sessions of single sign-on."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.add_column(sa.Column("identity", sa.String(length=500), nullable=True))
        batch_op.create_unique_constraint(batch_op.f("uq_users_identity"), ["identity"])
    with op.batch_alter_table("auth_sessions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("provider_session", sa.String(length=255), nullable=True))
        batch_op.create_index(batch_op.f("ix_auth_sessions_provider_session"), ["provider_session"])


def downgrade() -> None:
    with op.batch_alter_table("auth_sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_auth_sessions_provider_session"))
        batch_op.drop_column("provider_session")
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_users_identity"), type_="unique")
        batch_op.drop_column("identity")
