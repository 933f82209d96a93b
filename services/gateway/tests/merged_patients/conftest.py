"""Films of patients whom a hospital merges."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

SEEDS = count(1)
BIRTH = {"PatientBirthDate": "19600101"}


@pytest.fixture
def app(app_on_each_database):
    """A gateway on each kind of database."""
    return app_on_each_database


@pytest.fixture
def pacs(client, new_user, headers_of):
    """The account of a DICOM node."""
    new_user("pacs", role="service")
    return headers_of("pacs")


@pytest.fixture
def examine(client, pacs, worker, tmp_path, draw_film, write_dicom):
    """Opens a case with an analysed film of a patient and a day, or adds one to a case; gives the answer."""

    def send(patient: str, day: str, case: str | None = None, headers=pacs, name: str | None = None, **tags):
        if case is None:
            opened = client.post("/api/v1/cases", headers=headers, json={"pseudonym": f"{patient}-{day}"})
            case = opened.json()["id"]
        seed = next(SEEDS)
        tags = {"PatientID": patient, "PatientName": name or f"Name^{patient}", "StudyDate": day} | BIRTH | tags
        path = write_dicom(tmp_path / f"{seed}.dcm", draw_film(80, 70, seed=seed), 12, ViewPosition="CC", **tags)
        form = {"modality": "mammography", "laterality": "R", "case_id": case}
        files = {"file": ("film.dcm", path.read_bytes())}
        answer = client.post("/api/v1/images", data=form, files=files, headers=headers)
        if answer.status_code == 202:
            worker.infer(answer.json()["job"]["id"])
        answer.case = case
        return answer

    return send


@pytest.fixture
def merge(client, pacs):
    """Tells of a merge, each a minute after the one before; gives the answer."""
    minutes = count(1)

    def tell(former: str, present: str, message: str | None = None, headers=pacs, **told):
        number = next(minutes)
        at = datetime.now(UTC) - timedelta(days=1) + timedelta(minutes=number)
        body = {"message_id": message or f"M{number}", "told_at": at.isoformat(), "authority": "H"}
        body |= {"former": former, "present": present, **told}
        answer = client.post("/api/v1/patients/merges", headers=headers, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return tell


@pytest.fixture
def priors(client, pacs):
    """The cases of earlier examinations."""
    return lambda case: [each["case_id"] for each in client.get(f"/api/v1/cases/{case}/priors", headers=pacs).json()]


@pytest.fixture
def reader(client, pacs, alice, root):
    """Alice, in the group of the node. Gives her headers."""
    group = client.post("/api/v1/groups", headers=root, json={"name": "Unit"}).json()["id"]
    for name in ("alice", "pacs"):
        client.put(f"/api/v1/groups/{group}/members/{name}", headers=root)
    return alice
