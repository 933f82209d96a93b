"""Cases know the modalities of their images and which pictures stand for them in the worklist."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("modalities", sa.String(length=200), nullable=False, server_default=""))
    op.add_column("cases", sa.Column("thumbnails", sa.JSON(), nullable=False, server_default="[]"))
    _note_modalities()


def _note_modalities() -> None:
    """Those of the images that are there; thumbnails come with the next analysis of a case."""
    connection = op.get_bind()
    found: dict[str, set[str]] = {}
    for case_id, modality in connection.execute(sa.text("SELECT case_id, modality FROM images")):
        if case_id is not None:
            found.setdefault(case_id, set()).add(modality)
    for case_id, names in found.items():
        said = {"names": " ".join(sorted(names)), "id": case_id}
        connection.execute(sa.text("UPDATE cases SET modalities = :names WHERE id = :id"), said)


def downgrade() -> None:
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.drop_column("thumbnails")
        batch_op.drop_column("modalities")
