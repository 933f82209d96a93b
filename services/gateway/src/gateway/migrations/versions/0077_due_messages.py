"""An index finds the messages of a webhook that are due, however many wait."""

from alembic import op

revision = "0077"
down_revision = "0076"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_webhook_deliveries_of_webhook", "webhook_deliveries", ["webhook_id", "state", "next_at", "id"])
    op.drop_index("ix_webhook_deliveries_webhook_id", "webhook_deliveries")


def downgrade() -> None:
    op.create_index("ix_webhook_deliveries_webhook_id", "webhook_deliveries", ["webhook_id"])
    op.drop_index("ix_webhook_deliveries_of_webhook", "webhook_deliveries")
