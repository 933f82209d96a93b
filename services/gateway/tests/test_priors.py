"""Earlier examinations of the same patient that lie in other cases."""

import pytest


@pytest.fixture
def examine(client, upload, worker, tmp_path, draw_film, write_dicom, headers_of):
    """Opens a case with one analysed film of a day; each seed is another film. Gives the case's id."""

    def make(name: str, seed: int, day: str, user: str = "alice", *, analysed: bool = True, **tags) -> str:
        headers = headers_of(user)
        case = client.post("/api/v1/cases", headers=headers, json={"pseudonym": name}).json()["id"]
        content = write_dicom(
            tmp_path / f"{seed}.dcm", draw_film(80, 70, seed=seed), 12, StudyDate=day, **tags
        ).read_bytes()
        answer = upload(
            content, headers, f"{seed}.dcm", modality="mammography", view="CC", laterality="R", case_id=case
        )
        if analysed:
            worker.infer(answer.json()["job"]["id"])
        return case

    return make


def priors(client, headers, case):
    return client.get(f"/api/v1/cases/{case}/priors", headers=headers).json()


def test_earlier_examinations_of_the_patient_are_found_newest_first(client, alice, examine):
    now = examine("NOW", 1, "20260301", PatientID="7")
    older = examine("OLDER", 2, "20220301", PatientID="7")
    old = examine("OLD", 3, "20240301", PatientID="7")
    examine("LATER", 4, "20270301", PatientID="7")
    examine("OTHER", 5, "20240301", PatientID="8")
    examine("UNREAD", 6, "20230301", PatientID="7", analysed=False)
    found = priors(client, alice, now)
    assert [(prior["case_id"], prior["date"]) for prior in found] == [(old, "2024-03-01"), (older, "2022-03-01")]
    assert [image["is_prior"] for prior in found for image in prior["images"]] == [True, True]
    assert priors(client, alice, older) == []


def test_the_same_identifier_of_another_person_is_no_prior(client, alice, examine):
    now = examine("NOW", 1, "20260301", PatientID="4711", PatientName="A^B")
    examine("OTHER", 2, "20240301", PatientID="4711", PatientName="C^D")
    assert priors(client, alice, now) == []


@pytest.mark.parametrize("identifier", ["ANON", "anonymous", "0000000", "N/A", "Unknown "])
def test_an_identifier_that_everybody_has_is_nobodys(client, alice, examine, identifier):
    now = examine("NOW", 1, "20260301", PatientID=identifier, PatientName="")
    examine("OTHER", 2, "20240301", PatientID=identifier, PatientName="")
    assert priors(client, alice, now) == []


def test_only_what_the_user_may_see_is_found(client, alice, headers_of, root, examine):
    now = examine("NOW", 1, "20260301", PatientID="7")
    his = examine("HIS", 2, "20240301", "bob", PatientID="7")
    assert priors(client, alice, now) == []
    group = client.post("/api/v1/groups", headers=root, json={"name": "Unit B"}).json()["id"]
    for name in ("alice", "bob"):
        client.put(f"/api/v1/groups/{group}/members/{name}", headers=root)
    shared = client.put(f"/api/v1/cases/{his}/group", headers=headers_of("bob"), json={"group_id": group})
    assert shared.status_code == 200
    assert [prior["case_id"] for prior in priors(client, alice, now)] == [his]


def test_an_empty_case_has_none(client, alice):
    case = client.post("/api/v1/cases", headers=alice, json={"pseudonym": "P"}).json()["id"]
    assert priors(client, alice, case) == []


def test_the_reading_page_names_other_cases_of_the_same_work_up(client, alice, examine, cookie_of):
    """Those of the same day, and unsigned ones of the months before: no conclusion knows of the other's films."""

    def named(case: str) -> set[str]:
        page = client.get(f"/cases/{case}").text
        return {other for other in everything if other != case and f'href="/cases/{other}"' in page}

    client.cookies.set(*cookie_of("alice"))
    now = examine("NOW", 1, "20260301", PatientID="7")
    same_day = examine("SAME", 2, "20260301", PatientID="7")
    before = examine("BEFORE", 3, "20260110", PatientID="7")
    everything = {now, same_day, before, examine("OLD", 4, "20240301", PatientID="7")}
    everything |= {examine("OTHER", 5, "20260301", PatientID="8")}
    assert named(now) == {same_day, before}
    page = client.get(f"/cases/{now}").text
    first, last = sorted(page.index(f'href="/cases/{other}"') for other in (same_day, before))
    assert "</p>" not in page[first:last], "one message, however many there are: each took the films a line"
    assert named(same_day) == {now, before}
    assert named(before) == set()
    signed = {"conclusion": "not_sure", "acknowledged": ["not_read_together"]}
    assert client.post(f"/api/v1/cases/{before}/reports", headers=alice, json=signed).status_code == 201
    assert named(now) == {same_day}
