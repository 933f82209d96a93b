"""DICOM objects that were made of cases can be searched and retrieved; films can be found by their accession number."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "result_instances",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("patient_id_mark", sa.String(length=50), nullable=True),
        sa.Column("accession_mark", sa.String(length=50), nullable=True),
        sa.Column("study_mark", sa.String(length=50), nullable=False),
        sa.Column("series_mark", sa.String(length=50), nullable=False),
        sa.Column("instance_mark", sa.String(length=50), nullable=False),
        sa.Column("sop_class", sa.String(length=64), nullable=False),
        sa.Column("modality", sa.String(length=16), nullable=False),
        sa.Column("study_date", sa.Date(), nullable=True),
        sa.Column("object_key", sa.String(length=200), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_result_instances_case_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_result_instances")),
        sa.UniqueConstraint("case_id", "instance_mark", name=op.f("uq_result_instances_case_id")),
    )
    op.create_index("ix_result_instances_study_mark", "result_instances", ["study_mark"])
    op.add_column("images", sa.Column("accession_mark", sa.String(length=50), nullable=True))
    op.add_column("images", sa.Column("dicom_modality", sa.String(length=16), nullable=True))
    op.create_index("ix_images_study_mark", "images", ["study_mark"])
    op.create_index("ix_images_accession_mark", "images", ["accession_mark"])


def downgrade() -> None:
    op.drop_index("ix_images_accession_mark", "images")
    op.drop_index("ix_images_study_mark", "images")
    with op.batch_alter_table("images", schema=None) as batch_op:
        batch_op.drop_column("dicom_modality")
        batch_op.drop_column("accession_mark")
    op.drop_table("result_instances")
