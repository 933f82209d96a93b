"""Films of two examinations of one patient that arrive and are analysed at the same time, in no order."""

from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest

STUDIES = {"1.2.826.0.1.3680043.8.498.1": "20260301", "1.2.826.0.1.3680043.8.498.2": "20260310"}
VIEWS = list(product("RL", ("CC", "MLO")))


@pytest.fixture
def app(app_on_each_database):
    return app_on_each_database


@pytest.fixture
def at_once():
    """Does something with each of several things at once."""
    with ThreadPoolExecutor(8) as hands:
        yield lambda action, things: list(hands.map(action, things))


@pytest.fixture
def films(draw_film, write_dicom, tmp_path):
    """The films of both studies in turn."""

    def make(seed: int, side: str, view: str, study: str) -> bytes:
        tags = {"StudyInstanceUID": study, "StudyDate": STUDIES[study], "PatientID": "P-1"}
        tags["SOPInstanceUID"] = f"{study}.{seed + 1}"
        path = tmp_path / "film.dcm"
        write_dicom(path, draw_film(seed=seed), 12, ImageLaterality=side, ViewPosition=view, **tags)
        return path.read_bytes()

    return [make(seed, *view, study) for seed, (view, study) in enumerate(product(VIEWS, STUDIES))]


def read_by(worker) -> list[tuple[str, str, str]]:
    """Completes the reading that waits: the role, side and view of each of its films."""
    images = worker.compare()["examination"]["images"]
    return sorted((each["role"], each["image"]["laterality"], each["image"]["view"]) for each in images)


def test_each_study_is_a_case_of_its_own_and_is_read_together_once(client, alice, worker, films, at_once):
    def store(film: bytes) -> int:
        kind = 'multipart/related; type="application/dicom"; boundary=b'
        body = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + film + b"\r\n--b--\r\n"
        return client.post("/dicom-web/studies", headers={**alice, "Content-Type": kind}, content=body).status_code

    assert at_once(store, films) == [200] * 8
    listed = client.get("/api/v1/cases", headers=alice).json()["items"]
    cases = [client.get(f"/api/v1/cases/{each['id']}", headers=alice).json() for each in listed]
    days = [[image["study_date"] for image in case["images"]] for case in cases]
    assert sorted(days) == [["2026-03-01"] * 4, ["2026-03-10"] * 4]
    at_once(worker.infer, [image["job"]["id"] for case in cases for image in case["images"]])
    assert [read_by(worker), read_by(worker)] == [[("current", *view) for view in sorted(VIEWS)]] * 2
    assert worker.claim_next("mammo") is None


def test_of_two_studies_in_one_case_the_newer_is_read_and_compared_with_the_older(
    client, alice, case, worker, films, at_once
):
    def upload(film: bytes) -> str:
        data = {"modality": "mammography", "case_id": case}
        answer = client.post("/api/v1/images", headers=alice, data=data, files={"file": ("a.dcm", film)})
        assert answer.status_code == 202, answer.text
        return answer.json()["job"]["id"]

    at_once(worker.infer, at_once(upload, films))
    images = client.get(f"/api/v1/cases/{case}", headers=alice).json()["images"]
    assert {(image["study_date"], image["is_prior"]) for image in images} == {
        ("2026-03-01", True),
        ("2026-03-10", False),
    }
    assert read_by(worker) == [(role, *view) for role in ("current", "prior") for view in sorted(VIEWS)]
    assert worker.claim_next("mammo") is None
