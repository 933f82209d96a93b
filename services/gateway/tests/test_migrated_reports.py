"""What a migration copies from signed reports into their cases."""

import json

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gateway.cases.models import Case
from gateway.database import make_engine
from gateway.migrate import migrate
from lobule.launcher.errors import StartError

BREASTS = {"right": {"bi_rads": 4}, "left": None}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request, tmp_path) -> str:
    """A database before 0069 with a case that was signed twice."""
    at = "2026-01-02 03:04:05+00:00"
    url = f"sqlite:///{tmp_path / 'a.sqlite'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    user = {"id": "u", "username": "a", "display_name": "A", "password_hash": "x", "role": "clinician", "active": True}
    case = {"id": "c", "owner_id": "u", "pseudonym": "P-1", "signed_version": 2, "signed_revision": 0}
    signed = {"case_id": "c", "case_revision": 0, "signed_by_id": "u", "signed_by": "A", "comment": "", "sha256": "ab"}
    contents = [{}, {"signature": {"breasts": BREASTS}}]
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
    engine.dispose()
    return url


def signed_breasts(url: str):
    engine = make_engine(url)
    with Session(engine) as session:
        found = session.get_one(Case, "c").signed_breasts
    engine.dispose()
    return found


def test_a_case_learns_what_its_signed_report_states_of_each_breast(url):
    migrate(url)
    assert signed_breasts(url) == BREASTS


def test_a_version_that_needs_renderings_is_not_gone_back_to_without_them(url):
    with pytest.raises(
        StartError, match=r"2 signed reports were never opened.* stopped at revision 0007\. Start the new"
    ):
        migrate(url, "0006")
    migrate(url)
    assert signed_breasts(url) == BREASTS
