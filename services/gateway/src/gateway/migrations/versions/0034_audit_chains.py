"""Audit events are linked in chains, and name the API token and the reason of a refusal."""

import sqlalchemy as sa
from alembic import op

from gateway import unfinished_upgrade

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    chains = op.create_table(
        "audit_chains",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("link", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_chains")),
    )
    # Made here alone: a gateway that finds no end must not begin anew. `gateway.migrate` links the older events.
    op.bulk_insert(chains, [{"id": chain, "position": 0, "link": ""} for chain in range(1, 17)])
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.add_column(sa.Column("token_id", sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column("reason", sa.String(length=60), nullable=True))
        batch_op.add_column(sa.Column("chain", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("position", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("link", sa.String(length=64), nullable=True))
        batch_op.create_unique_constraint(batch_op.f("uq_audit_events_chain"), ["chain", "position"])
    unfinished_upgrade.note(op.get_bind(), "link", "SELECT 1 FROM audit_events LIMIT 1")


def downgrade() -> None:
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_audit_events_chain"), type_="unique")
        for column in ("link", "position", "chain", "reason", "token_id"):
            batch_op.drop_column(column)
    op.drop_table("audit_chains")
