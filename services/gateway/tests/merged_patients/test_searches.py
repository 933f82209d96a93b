"""QIDO-RS finds all studies of a patient by any of the numbers that the hospital has merged."""

import pytest
from pydicom.uid import generate_uid
from sqlalchemy import event

STUDY, PATIENT = "0020000D", "00100020"


@pytest.fixture
def send(app, examine):
    """Sends a film of a patient and a day, in a study of its own; gives the study's UID in the stored file."""

    def film(patient: str, day: str, **tags) -> str:
        uids = {"StudyInstanceUID": generate_uid(), "SeriesInstanceUID": generate_uid()}
        answer = examine(patient, day, **uids, SOPInstanceUID=generate_uid(), **tags)
        assert answer.status_code == 202, answer.text
        return app.state.fingerprints.new_uid("study", uids["StudyInstanceUID"])

    return film


@pytest.fixture
def search(client, pacs):
    """The UIDs of the studies that are found by a number."""

    def ask(patient: str, headers=pacs, level: str = "studies", **more) -> set[str]:
        answer = client.get(f"/dicom-web/{level}", params={"PatientID": patient} | more, headers=headers)
        assert answer.status_code in (200, 204), answer.text
        found = answer.json() if answer.status_code == 200 else []
        return {each[STUDY]["Value"][0] for each in found}

    return ask


def test_by_the_surviving_and_by_the_merged_number(search, send, merge):
    old, now, other = send("P1", "20240301"), send("P9", "20260301"), send("P5", "20250301")
    assert (search("P1"), search("P9")) == ({old}, {now})
    merge("P1", "P9")
    for level in ("studies", "series", "instances"):
        assert search("P1", level=level) == search("P9", level=level) == {old, now}, level
    assert search("P5") == {other}
    assert search("P9", StudyDate="20250101-") == {now}, "other conditions hold as before"
    merge("P1", "P9", undone=True)
    assert (search("P1"), search("P9")) == ({old}, {now})


def test_before_the_first_film_of_the_surviving_number(search, send, merge):
    merge("P1", "P2")
    merge("P2", "P9")
    old = send("P1", "20240301")
    assert search("P9") == search("P2") == search("P1") == {old}


def test_files_keep_the_number_that_they_bear(client, pacs, send, merge):
    send("P1", "20240301")
    merge("P1", "P9")
    [found] = client.get("/dicom-web/studies", params={"PatientID": "P9"}, headers=pacs).json()
    served = client.get(f"/dicom-web/studies/{found[STUDY]['Value'][0]}/metadata", headers=pacs).json()
    assert found.get(PATIENT) == served[0].get(PATIENT)


def test_not_where_the_wrong_patients_were_merged(search, send, merge):
    """Of films with another birth date, nobody can say whose they are."""
    now = send("P9", "20260301")
    send("P1", "20240301", PatientBirthDate="19700101")
    merge("P1", "P9")
    assert search("P9") == {now}


def test_not_of_another_authority_or_account(client, search, send, merge, new_user, headers_of):
    new_user("elsewhere", role="service")
    old, now = send("P1", "20240301", IssuerOfPatientID="OTHER"), send("P9", "20260301")
    merge("P1", "P9")
    assert (search("P9"), search("P1")) == ({now}, {old, now})
    theirs = send("P7", "20250301", headers=headers_of("elsewhere"))
    merge("P7", "P9")
    assert search("P9") == {now}
    assert search("P7", headers=headers_of("elsewhere")) == {theirs}


def test_nobody_finds_more_than_they_may_see(search, send, merge, alice):
    send("P1", "20240301")
    own = send("P9", "20260301", headers=alice)
    merge("P1", "P9")
    assert search("P9", headers=alice) == {own}
    assert search("P1", headers=alice) == set()


def test_who_was_not_merged_costs_one_query_more(app, search, send):
    send("P9", "20260301")
    sent: list[str] = []
    event.listen(app.state.engine, "before_cursor_execute", lambda *told: sent.append(told[2]))
    search("P9")
    assert len([query for query in sent if "patient_merges" in query]) == 1
