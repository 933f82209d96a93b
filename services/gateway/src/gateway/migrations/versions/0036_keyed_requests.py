"""Requests that are carried out once under a key, and the events that a webhook is told of."""

import sqlalchemy as sa
from alembic import op

from gateway.database import UtcDateTime

revision = "0036"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "keyed_requests",
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", sa.JSON(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_keyed_requests_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "key", name=op.f("pk_keyed_requests")),
    )
    op.create_index(op.f("ix_keyed_requests_created_at"), "keyed_requests", ["created_at"])
    op.add_column("webhooks", sa.Column("events", sa.String(length=200), nullable=False, server_default="job.finished"))


def downgrade() -> None:
    with op.batch_alter_table("webhooks", schema=None) as batch_op:
        batch_op.drop_column("events")
    op.drop_index(op.f("ix_keyed_requests_created_at"), table_name="keyed_requests")
    op.drop_table("keyed_requests")
