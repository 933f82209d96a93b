"""Sessions know when their person was last active and last proved who they are; cases are opened in emergencies."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The version before still runs during a rolling update: it reads and writes `previous_hash`, which a later version
    # drops, and it writes rows without the new columns, which therefore have defaults.
    with op.batch_alter_table("auth_sessions", schema=None) as batch_op:
        for name in ("authenticated_at", "active_at"):
            moment = sa.DateTime(timezone=True)
            batch_op.add_column(sa.Column(name, moment, nullable=False, server_default=sa.text("CURRENT_TIMESTAMP")))
        batch_op.add_column(sa.Column("address", sa.String(length=50), nullable=True))
        batch_op.add_column(sa.Column("client", sa.String(length=200), nullable=False, server_default=""))
    op.execute("UPDATE auth_sessions SET authenticated_at = created_at")
    op.create_table(
        "emergency_accesses",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("owner_id", sa.String(length=36), nullable=False),
        sa.Column("opened_by", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=op.f(f"fk_emergency_accesses_{column}"), ondelete="CASCADE"
            )
            for column, table in (("case_id", "cases"), ("user_id", "users"), ("owner_id", "users"))
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_emergency_accesses")),
    )
    for column in ("case_id", "user_id", "owner_id"):
        op.create_index(op.f(f"ix_emergency_accesses_{column}"), "emergency_accesses", [column])


def downgrade() -> None:
    op.drop_table("emergency_accesses")
    with op.batch_alter_table("auth_sessions", schema=None) as batch_op:
        for name in ("client", "address", "active_at", "authenticated_at"):
            batch_op.drop_column(name)
