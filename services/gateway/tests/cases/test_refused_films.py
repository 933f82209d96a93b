"""Films that a DICOM node has taken, and that the server refuses since they name another patient."""

import pytest


@pytest.fixture
def send(client, new_user, headers_of, draw_film, write_dicom, tmp_path):
    """Sends films of a right breast to a case as a node does; `send.case()` is the case."""
    new_user("pacs", role="service")
    pacs = headers_of("pacs")
    case = client.post("/api/v1/cases", json={"pseudonym": "PACS-1"}, headers=pacs).json()["id"]

    def film(seed: int, patient: str, view: str, day: str = "20260301", **fields):
        tags = {"PatientID": patient, "ImageLaterality": "R", "ViewPosition": view, "StudyDate": day}
        path = tmp_path / f"{seed}.dcm"
        if not path.exists():
            write_dicom(path, draw_film(seed=seed), 12, **tags)
        form = {"modality": "mammography", "case_id": case, **fields}
        files = {"file": ("film.dcm", path.read_bytes())}
        return client.post("/api/v1/images", data=form, files=files, headers=pacs)

    film.case = lambda: client.get(f"/api/v1/cases/{case}", headers=pacs).json()
    return film


def test_a_case_without_a_refused_film_is_never_negative(send, worker):
    worker.infer(send(1, "P1", "CC").json()["job"]["id"], 0.05)
    assert send(2, "P2", "CC", "20240301").status_code == 409
    assert send.case()["conclusion"]["assessment"] == "no_sign_of_malignancy", "a prior is no part of the conclusion"
    revision = send.case()["updated_at"]
    assert send(3, "P2", "MLO").status_code == 409
    conclusion = send.case()["conclusion"]
    assert (conclusion["assessment"], send.case()["updated_at"] > revision) == ("not_sure", True)
    [reason] = [each for each in conclusion["reasons"] if each["code"] == "film_refused"]
    assert "RMLO" in reason["text"]
    added = send(3, "P2", "MLO", accept_other_patient="true")
    assert added.status_code == 202, added.text
    worker.infer(added.json()["job"]["id"], 0.05)
    assert send.case()["conclusion"]["assessment"] == "no_sign_of_malignancy", "once it is added"
