"""Images know whose fingerprints they bear, of which day they are, and whether a signed report keeps them."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("file_view", sa.String(5)),
    ("file_laterality", sa.String(5)),
    ("file_study_date", sa.Date()),
    ("study_date", sa.Date()),
    ("patient_id_mark", sa.String(50)),
    ("patient_name_mark", sa.String(50)),
    ("birth_date_mark", sa.String(50)),
    ("study_mark", sa.String(50)),
)


def upgrade() -> None:
    for name, kind in _COLUMNS:
        op.add_column("images", sa.Column(name, kind, nullable=True))
    op.add_column("images", sa.Column("signed", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("cases", sa.Column("study_date", sa.Date(), nullable=True))
    _note_signed()


def _note_signed() -> None:
    """Images of signed versions, as their content names them."""
    connection = op.get_bind()
    for (content,) in connection.execute(sa.text("SELECT content FROM case_reports")):
        document = json.loads(content) if isinstance(content, str) else content
        for image in document.get("images", ()):
            connection.execute(
                sa.text("UPDATE images SET signed = :yes WHERE id = :id"), {"yes": True, "id": image["image_id"]}
            )


def downgrade() -> None:
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.drop_column("study_date")
    with op.batch_alter_table("images", schema=None) as batch_op:
        batch_op.drop_column("signed")
        for name, _ in reversed(_COLUMNS):
            batch_op.drop_column(name)
