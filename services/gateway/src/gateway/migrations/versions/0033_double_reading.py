"""Two readers read a case apart, each on a sheet of their own; sample cases; hints that were seen."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sample", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("double_reading", sa.String(length=10), nullable=True))
        batch_op.add_column(sa.Column("has_films", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("reads", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("read_round", sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE cases SET has_films = TRUE WHERE ' ' || modalities || ' ' LIKE '% mammography %'")
    for table in ("drawn_findings", "same_lesions", "finding_reviews", "last_review_changes"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("sheet", sa.String(length=36), nullable=False, server_default=""))
    _key("finding_reviews", ["job_id", "finding", "sheet"])
    _key("last_review_changes", ["case_id", "sheet"])
    op.create_table(
        "reading_sheets",
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_reading_sheets_case_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_reading_sheets_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("case_id", "user_id", name=op.f("pk_reading_sheets")),
    )
    op.create_table(
        "signed_reads",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("reader_id", sa.String(length=36), nullable=False),
        sa.Column("reader", sa.String(length=200), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_signed_reads_case_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["reader_id"], ["users.id"], name=op.f("fk_signed_reads_reader_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signed_reads")),
    )
    op.create_index(op.f("ix_signed_reads_case_id"), "signed_reads", ["case_id"])
    op.create_index(op.f("ix_signed_reads_reader_id"), "signed_reads", ["reader_id"])
    op.create_table(
        "seen_hints",
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_seen_hints_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "name", name=op.f("pk_seen_hints")),
    )


def _key(table: str, columns: list[str]) -> None:
    """Give a table another primary key. Alembic compares none, so a test does."""
    with op.batch_alter_table(table, schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f(f"pk_{table}"), type_="primary")
        batch_op.create_primary_key(batch_op.f(f"pk_{table}"), columns)


def downgrade() -> None:
    for table in ("seen_hints", "signed_reads", "reading_sheets"):
        op.drop_table(table)
    for table in ("finding_reviews", "last_review_changes", "drawn_findings", "same_lesions"):
        op.execute(f"DELETE FROM {table} WHERE sheet <> ''")  # noqa: S608 - our own names
    _key("finding_reviews", ["job_id", "finding"])
    _key("last_review_changes", ["case_id"])
    for table in ("finding_reviews", "last_review_changes", "drawn_findings", "same_lesions"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column("sheet")
    op.execute("UPDATE cases SET state = 'ready' WHERE state IN ('second_read', 'arbitration')")
    with op.batch_alter_table("cases", schema=None) as batch_op:
        for column in ("read_round", "reads", "has_films", "double_reading", "sample"):
            batch_op.drop_column(column)
