"""A film that is kept apart from a case is marked among the names of its files."""

import re

import pytest


@pytest.fixture
def app(make_app):
    """A gateway that keeps names."""
    return make_app(names="keep", names_key="a key of the tests that keeps names")


@pytest.fixture
def case(client, new_user, headers_of, draw_film, write_dicom, tmp_path):
    """A case of a node with two films of Doe and one of Roe; its id and the headers of the node."""
    new_user("pacs", role="service")
    pacs = headers_of("pacs")
    case = client.post("/api/v1/cases", json={"pseudonym": "PACS-1"}, headers=pacs).json()["id"]
    for number, name in enumerate(("Doe", "Roe", "Doe")):
        tags = {"PatientName": name, "PatientID": f"P-{name}", "StudyInstanceUID": "1.2.3"}
        path = write_dicom(tmp_path / "film.dcm", draw_film(seed=number), 12, SOPInstanceUID=f"1.2.3.{number}", **tags)
        form = {"modality": "mammography", "case_id": case}
        client.post("/api/v1/images", data=form, files={"file": ("film.dcm", path.read_bytes())}, headers=pacs)
    return case, pacs


def test_the_list_says_which_film_is_kept_apart(client, case):
    case_id, pacs = case
    said = client.get(f"/api/v1/cases/{case_id}/identity", headers=pacs).json()
    assert [(each["patient_name"], each["apart"]) for each in said] == [("Doe", False), ("Doe", False), ("Roe", True)]
    refused = client.get(f"/api/v1/cases/{case_id}", headers=pacs).json()["refused_films"]
    assert [film["image_id"] for film in refused] == [each["image_id"] for each in said if each["apart"]]


def test_the_page_marks_it_although_its_study_is_that_of_the_case(client, case):
    """It had no row of its own, because each study had one."""
    page = client.get(f"/cases/{case[0]}/identity", headers=case[1]).text
    rows = re.findall(r"<td>(Doe|Roe)(.*?)</td>", page)
    assert [(name, "kept apart from this case" in mark) for name, mark in rows] == [("Doe", False), ("Roe", True)]
