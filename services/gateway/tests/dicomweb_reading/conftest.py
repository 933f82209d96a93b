"""A study of films and results, and a client of DICOMweb."""

from types import SimpleNamespace

import pydicom
import pytest
import requests
from dicomweb_client import DICOMwebClient
from dicomweb_objects import STUDY, Bridge, hand_over, objects
from pydicom.uid import generate_uid


@pytest.fixture
def app(make_app, request):
    """A gateway that keeps the names in files, on SQLite unless a test asks for both databases."""
    postgres = getattr(request, "param", "sqlite") == "postgres"
    url = request.getfixturevalue("migrated_postgres_url") if postgres else None
    return make_app(url, names="keep", names_key="a key of the tests that encrypts names")


@pytest.fixture
def film(draw_film, write_dicom, tmp_path):
    """The bytes of a film."""

    def make(study: str = STUDY, patient: str = "P1", **tags) -> bytes:
        said = {"StudyInstanceUID": study, "PatientID": patient, "AccessionNumber": "ACC-1", "StudyDate": "20260102"}
        path = write_dicom(tmp_path / "film.dcm", draw_film(seed=1), 12, **said, SOPInstanceUID=generate_uid(), **tags)
        written = pydicom.dcmread(path)
        written.file_meta.MediaStorageSOPInstanceUID = written.SOPInstanceUID
        written.save_as(path)
        return path.read_bytes()

    return make


@pytest.fixture
def node(client, headers_of, new_user, root, case, alice):
    """Headers of a DICOM node, which sees Alice's case by a group."""
    new_user("pacs", role="service")
    group = client.post("/api/v1/groups", headers=root, json={"name": "Unit"}).json()["id"]
    for name in ("alice", "pacs"):
        client.put(f"/api/v1/groups/{group}/members/{name}", headers=root)
    client.put(f"/api/v1/cases/{case}/group", json={"group_id": group}, headers=alice)
    return headers_of("pacs")


@pytest.fixture
def study(client, node, case, upload, film):
    """A case with a film and with what was made of it."""
    sent = film()
    answer = upload(sent, name="film.dcm", modality="mammography", case_id=case)
    assert answer.status_code == 202, answer.text
    results = objects()
    for content in results:
        answer = hand_over(client, node, case, content)
        assert answer.status_code == 201, answer.text
    return SimpleNamespace(film=sent, results=results, case=case)


@pytest.fixture
def dicomweb(client, alice):
    """A DICOMweb client of Alice's."""
    session = requests.Session()
    session.mount("http://testserver", Bridge(client))
    session.headers.update(alice)
    return DICOMwebClient("http://testserver/dicom-web", session=session)
