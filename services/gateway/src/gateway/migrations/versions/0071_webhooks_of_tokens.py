"""A webhook ends with the API token that made it, and when its user loses all access."""

import sqlalchemy as sa
from alembic import op

revision = "0071"
down_revision = "0070"
branch_labels = None
depends_on = None

_FOREIGN = "fk_webhooks_token_id"


def upgrade() -> None:
    op.add_column("users", sa.Column("access_ended_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("webhooks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("token_id", sa.String(length=36), nullable=True))
        batch_op.create_foreign_key(batch_op.f(_FOREIGN), "api_tokens", ["token_id"], ["id"], ondelete="CASCADE")
        batch_op.create_index(batch_op.f("ix_webhooks_token_id"), ["token_id"])


def downgrade() -> None:
    with op.batch_alter_table("webhooks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_webhooks_token_id"))
        batch_op.drop_constraint(batch_op.f(_FOREIGN), type_="foreignkey")
        batch_op.drop_column("token_id")
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.drop_column("access_ended_at")
