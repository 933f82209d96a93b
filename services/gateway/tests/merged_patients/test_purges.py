"""Purges of patients whose identifiers were merged: they delete both, unless the wrong patients were merged."""

import pytest

from gateway.purge.service import Purge


@pytest.mark.parametrize("asked", ["P1", "P9"])
def test_a_purge_finds_films_of_either_number(client, root, examine, merge, asked):
    cases = sorted(examine(patient, "20240301").case for patient in ("P1", "P9"))
    examine("P8", "20240301")
    merge("P1", "P9")
    body = {"patient_id": asked, "reason": "asked for", "dry_run": True}
    said = client.post("/api/v1/patients/purge", headers=root, json=body).json()
    assert (said["case_ids"], said["merged_identifiers"], said["shared_cases"]) == (cases, 1, 0)
    said = client.post("/api/v1/patients/purge", headers=root, json=body | {"dry_run": False}).json()
    assert (said["deleted"]["cases"], said["left_rows"]) == (2, 0)


@pytest.mark.parametrize(
    "other",
    [{"PatientBirthDate": "19710101"}, {"IssuerOfPatientID": "OTHER"}],
    ids=["another person", "another issuer"],
)
@pytest.mark.parametrize("asked", ["P1", "P9"])
def test_a_purge_leaves_films_for_which_a_merge_does_not_count(client, root, pacs, examine, merge, asked, other):
    """What is purged does not come back, and a wrong merge is not visible in the cases."""
    cases = {
        patient: examine(patient, "20240301", **(other if patient != asked else {})).case for patient in ("P1", "P9")
    }
    merge("P1", "P9")
    body = {"patient_id": asked, "reason": "asked for"}
    said = client.post("/api/v1/patients/purge", headers=root, json=body).json()
    assert (said["case_ids"], said["left_rows"]) == ([cases[asked]], 0)
    left = client.get("/api/v1/cases", headers=pacs).json()["items"]
    assert {each["id"] for each in left} == set(cases.values()) - {cases[asked]}


def test_a_purge_of_a_number_without_films_names_the_other(client, root, examine, merge):
    """Nothing tells whether the right patients were merged."""
    case = examine("P9", "20240301").case
    merge("P1", "P9")
    body = {"patient_id": "P1", "reason": "asked for"}
    said = client.post("/api/v1/patients/purge", headers=root, json=body).json()
    assert (said["case_ids"], said["merged_identifiers"]) == ([], 1)
    said = client.post("/api/v1/patients/purge", headers=root, json=body | {"patient_id": "P9"}).json()
    assert said["case_ids"] == [case]


def test_an_interrupted_purge_finds_the_rest_when_it_is_repeated(client, root, pacs, examine, merge, monkeypatch):
    for patient in ("P1", "P9"):
        examine(patient, "20240301")
    merge("P1", "P9")
    body = {"patient_id": "P1", "reason": "asked for"}
    delete, left = Purge._delete, [1]

    def interrupted(*given, **options) -> None:
        if not left:
            raise RuntimeError("the machine stops")
        delete(*given, **options)
        left.pop()

    with monkeypatch.context() as patch:
        patch.setattr(Purge, "_delete", interrupted)
        with pytest.raises(RuntimeError):
            client.post("/api/v1/patients/purge", headers=root, json=body)
    assert len(client.post("/api/v1/patients/purge", headers=root, json=body).json()["case_ids"]) == 1
    assert client.get("/api/v1/cases", headers=pacs).json()["items"] == []
