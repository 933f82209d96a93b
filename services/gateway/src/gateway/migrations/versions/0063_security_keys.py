"""Security keys (WebAuthn) as a second factor, and their challenges. An app may wait for its first code beside keys."""

import sqlalchemy as sa
from alembic import op

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None


def upgrade() -> None:
    waits = sa.Column("unconfirmed", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("authenticator_apps", waits)
    op.execute(  # begun, and never confirmed by a first code
        "UPDATE authenticator_apps SET unconfirmed = TRUE "
        "WHERE user_id IN (SELECT id FROM users WHERE NOT second_factor)"
    )
    op.create_table(
        "security_keys",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("credential_id", sa.String(length=1400), nullable=False),
        sa.Column("public_key", sa.String(length=4000), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("transports", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_security_keys_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_security_keys")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_security_keys_credential_id")),
    )
    op.create_index(op.f("ix_security_keys_user_id"), "security_keys", ["user_id"])
    op.create_table(
        "security_key_challenges",
        sa.Column("challenge_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("purpose", sa.String(length=12), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_security_key_challenges_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("challenge_hash", name=op.f("pk_security_key_challenges")),
    )
    op.create_index(op.f("ix_security_key_challenges_user_id"), "security_key_challenges", ["user_id"])
    op.create_index(op.f("ix_security_key_challenges_expires_at"), "security_key_challenges", ["expires_at"])


def downgrade() -> None:
    op.drop_table("security_key_challenges")
    op.drop_table("security_keys")
    op.execute("DELETE FROM authenticator_apps WHERE unconfirmed")
    with op.batch_alter_table("authenticator_apps", schema=None) as batch_op:
        batch_op.drop_column("unconfirmed")
