"""Cases summed up in their rows, reviews, signed reports, renderings asked for later, API tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("hint", sa.String(length=20), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_api_tokens_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_api_tokens_secret_hash")),
    )
    with op.batch_alter_table("api_tokens", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_api_tokens_user_id"), ["user_id"], unique=False)

    op.create_table(
        "case_reports",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("case_revision", sa.Integer(), nullable=False),
        sa.Column("signed_by_id", sa.String(length=36), nullable=False),
        sa.Column("signed_by", sa.String(length=200), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("conclusion", sa.String(length=30), nullable=True),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("rendering_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_reports_case_id")),
        sa.ForeignKeyConstraint(["rendering_id"], ["jobs.id"], name=op.f("fk_case_reports_rendering_id")),
        sa.ForeignKeyConstraint(["signed_by_id"], ["users.id"], name=op.f("fk_case_reports_signed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_reports")),
        sa.UniqueConstraint("case_id", "version", name=op.f("uq_case_reports_case_id")),
    )
    with op.batch_alter_table("case_reports", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_reports_case_id"), ["case_id"], unique=False)

    op.create_table(
        "finding_reviews",
        sa.Column("job_id", sa.String(length=36), nullable=False),
        sa.Column("finding", sa.String(length=10), nullable=False),
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=True),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("reviewer_id", sa.String(length=36), nullable=False),
        sa.Column("reviewer", sa.String(length=200), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_finding_reviews_case_id")),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_finding_reviews_job_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["reviewer_id"], ["users.id"], name=op.f("fk_finding_reviews_reviewer_id")),
        sa.PrimaryKeyConstraint("job_id", "finding", name=op.f("pk_finding_reviews")),
    )
    with op.batch_alter_table("finding_reviews", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_finding_reviews_case_id"), ["case_id"], unique=False)

    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "updated_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("CURRENT_TIMESTAMP")
            )
        )
        batch_op.add_column(sa.Column("revision", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("evidence_digest", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("state", sa.String(length=20), nullable=False, server_default="empty"))
        batch_op.add_column(sa.Column("assessment", sa.String(length=30), nullable=True))
        batch_op.add_column(sa.Column("probability_malignant", sa.Double(), nullable=True))
        batch_op.add_column(sa.Column("urgency", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("images_total", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("images_done", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("images_failed", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("signed_version", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("signed_revision", sa.Integer(), nullable=True))
        batch_op.create_index("ix_cases_owner_created", ["owner_id", "created_at", "id"], unique=False)
        batch_op.create_index("ix_cases_owner_pseudonym", ["owner_id", "pseudonym", "id"], unique=False)
        batch_op.create_index("ix_cases_owner_urgency", ["owner_id", "urgency", "created_at", "id"], unique=False)
        batch_op.create_index("ix_cases_urgency", ["urgency", "created_at", "id"], unique=False)
    op.execute("UPDATE cases SET updated_at = created_at")  # `gateway.migrate` sums up the rest

    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("kind", sa.String(length=20), nullable=False, server_default="analysis"))
        batch_op.add_column(sa.Column("key", sa.String(length=150), nullable=True))
        batch_op.add_column(sa.Column("request", sa.JSON(), nullable=True))
        batch_op.alter_column("image_id", existing_type=sa.VARCHAR(length=36), nullable=True)
        batch_op.create_index(batch_op.f("ix_jobs_kind"), ["kind"], unique=False)
        batch_op.create_unique_constraint(batch_op.f("uq_jobs_key"), ["key"])

    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.add_column(sa.Column("last_login_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("auth_epoch", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("finding_reviews", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_finding_reviews_case_id"))

    op.drop_table("finding_reviews")
    with op.batch_alter_table("case_reports", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_case_reports_case_id"))

    op.drop_table("case_reports")
    with op.batch_alter_table("api_tokens", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_api_tokens_user_id"))

    op.drop_table("api_tokens")

    renderings = "(SELECT id FROM jobs WHERE kind = 'rendering')"
    for table in ("outbox", "steps"):
        op.execute(f"DELETE FROM {table} WHERE job_id IN {renderings}")  # noqa: S608 - our own names
    op.execute("DELETE FROM jobs WHERE kind = 'rendering'")
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.drop_column("auth_epoch")
        batch_op.drop_column("last_login_at")

    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_jobs_key"), type_="unique")
        batch_op.drop_index(batch_op.f("ix_jobs_kind"))
        batch_op.alter_column("image_id", existing_type=sa.VARCHAR(length=36), nullable=False)
        batch_op.drop_column("request")
        batch_op.drop_column("key")
        batch_op.drop_column("kind")

    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.drop_index("ix_cases_urgency")
        batch_op.drop_index("ix_cases_owner_urgency")
        batch_op.drop_index("ix_cases_owner_pseudonym")
        batch_op.drop_index("ix_cases_owner_created")
        batch_op.drop_column("signed_revision")
        batch_op.drop_column("signed_version")
        batch_op.drop_column("images_failed")
        batch_op.drop_column("images_done")
        batch_op.drop_column("images_total")
        batch_op.drop_column("urgency")
        batch_op.drop_column("probability_malignant")
        batch_op.drop_column("assessment")
        batch_op.drop_column("state")
        batch_op.drop_column("evidence_digest")
        batch_op.drop_column("revision")
        batch_op.drop_column("updated_at")
