"""Films with chosen tags, and a gateway on SQLite and on PostgreSQL."""

import json

import pytest
from sqlalchemy import text


@pytest.fixture
def app(app_on_each_database):
    return app_on_each_database


@pytest.fixture
def film(tmp_path, draw_film, write_dicom):
    """A DICOM film; each number is another film, and the same number and tags are the same bytes."""
    made: dict[tuple, bytes] = {}

    def make(number: int = 0, **tags) -> bytes:
        key = (number, *sorted(tags.items()))
        if key not in made:
            said = {"PatientID": "", "PatientName": ""} | tags
            path = write_dicom(tmp_path / "film.dcm", draw_film(80, 70, seed=number), 12, **said)
            made[key] = path.read_bytes()
        return made[key]

    return make


@pytest.fixture
def send(upload, case, film):
    """Sends a film into the case."""

    def do(number: int = 0, *, said: dict | None = None, **tags):
        fields = {"modality": "mammography", "case_id": case} | (said or {})
        return upload(film(number, **tags), name="film.dcm", **fields)

    return do


@pytest.fixture
def audit(app):
    """Reads the details of the audit log's events of an action."""

    def read_log(action: str) -> list[dict]:
        query = text("SELECT detail FROM audit_events WHERE action = :a ORDER BY at, id")
        with app.state.sessions.begin() as session:
            rows = session.execute(query, {"a": action})
            return [json.loads(row[0]) if isinstance(row[0], str) else row[0] for row in rows]

    return read_log
