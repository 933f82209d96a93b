"""Lists say what a signed report states of each breast, and by how much a lesion has grown."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0069"
down_revision = "0068"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("signed_breasts", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("jobs", sa.Column("growth_mm", sa.Double(), nullable=True))
    bind = op.get_bind()
    signed = "SELECT id, signed_version FROM cases WHERE signed_version IS NOT NULL"
    for case_id, version in bind.execute(sa.text(signed)).all():
        breasts = _breasts(bind, case_id, version)
        if breasts:
            given = {"breasts": json.dumps(breasts), "id": case_id}
            bind.execute(sa.text("UPDATE cases SET signed_breasts = :breasts WHERE id = :id"), given)


def _breasts(bind: sa.Connection, case_id: str, version: int) -> Any:
    """What a signed version states of each breast; None where it states nothing."""
    query = sa.text("SELECT content FROM case_reports WHERE case_id = :id AND version = :version")
    content = bind.execute(query.columns(content=sa.JSON()), {"id": case_id, "version": version}).scalar()
    return ((content or {}).get("signature") or {}).get("breasts")


def downgrade() -> None:
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.drop_column("growth_mm")
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.drop_column("signed_breasts")
