"""Groups share cases, cases have readers, and users have views of the worklist and know what they have seen."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "user_groups",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_groups")),
        sa.UniqueConstraint("name", name=op.f("uq_user_groups_name")),
    )
    op.create_table(
        "group_members",
        sa.Column("group_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["user_groups.id"], name=op.f("fk_group_members_group_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_group_members_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("group_id", "user_id", name=op.f("pk_group_members")),
    )
    op.create_index(op.f("ix_group_members_user_id"), "group_members", ["user_id"])
    op.create_table(
        "shared_cases",
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("group_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_shared_cases_case_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["group_id"], ["user_groups.id"], name=op.f("fk_shared_cases_group_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_shared_cases")),
    )
    op.create_index(op.f("ix_shared_cases_group_id"), "shared_cases", ["group_id"])
    op.create_table(
        "case_visits",
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_visits_case_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_case_visits_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("case_id", "user_id", name=op.f("pk_case_visits")),
    )
    op.create_table(
        "saved_views",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("query", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_saved_views_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_saved_views_user_id")),
    )
    op.create_index(op.f("ix_saved_views_user_id"), "saved_views", ["user_id"])
    op.create_index("ix_images_patient_id_mark", "images", ["patient_id_mark"])
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reader_id", sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column("reader", sa.String(length=200), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("reading_since", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_cases_reader_id"), "users", ["reader_id"], ["id"])
        batch_op.create_index(batch_op.f("ix_cases_reader_id"), ["reader_id"])
    _note_signers()


def _note_signers() -> None:
    """The signer of the last version is the reader of a case."""
    op.execute(
        "UPDATE cases SET (reader_id, reader) = (SELECT signed_by_id, signed_by FROM case_reports "
        "WHERE case_reports.case_id = cases.id AND case_reports.version = cases.signed_version) "
        "WHERE signed_version IS NOT NULL AND EXISTS (SELECT 1 FROM case_reports "
        "WHERE case_reports.case_id = cases.id AND case_reports.version = cases.signed_version)"
    )


def downgrade() -> None:
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_cases_reader_id"))
        batch_op.drop_constraint(batch_op.f("fk_cases_reader_id"), type_="foreignkey")
        batch_op.drop_column("reading_since")
        batch_op.drop_column("reader")
        batch_op.drop_column("reader_id")
    op.drop_index("ix_images_patient_id_mark", "images")
    for table in ("saved_views", "case_visits", "shared_cases", "group_members", "user_groups"):
        op.drop_table(table)
