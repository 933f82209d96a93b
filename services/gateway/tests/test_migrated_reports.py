"""What a migration copies from signed reports into their cases."""

import json

from sqlalchemy import text
from sqlalchemy.orm import Session

from gateway.cases.models import Case
from gateway.database import make_engine
from gateway.migrate import migrate


def test_a_case_learns_what_its_signed_report_states_of_each_breast(tmp_path):
    url, at = f"sqlite:///{tmp_path / 'a.sqlite'}", "2026-01-02 03:04:05+00:00"
    breasts = {"right": {"bi_rads": 4}, "left": None}
    user = {"id": "u", "username": "a", "display_name": "A", "password_hash": "x", "role": "clinician", "active": 1}
    case = {"id": "c", "owner_id": "u", "pseudonym": "P-1", "signed_version": 2, "signed_revision": 0}
    signed = {"case_id": "c", "case_revision": 0, "signed_by_id": "u", "signed_by": "A", "comment": "", "sha256": "ab"}
    contents = [{}, {"signature": {"breasts": breasts}}]
    reports = [
        signed | {"id": str(number), "version": number, "content": json.dumps(content), "signed_at": at}
        for number, content in enumerate(contents, 1)
    ]
    migrate(url, "0068")
    engine = make_engine(url)
    with engine.begin() as connection:
        for table, row in (
            ("users", user | {"created_at": at}),
            ("cases", case | {"created_at": at}),
            *(("case_reports", report) for report in reports),
        ):
            names = ", ".join(row)
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES (:{names.replace(', ', ', :')})"), row)
    migrate(url)
    with Session(engine) as session:
        assert session.get_one(Case, "c").signed_breasts == breasts
    engine.dispose()
