"""Merges of patients' identifiers: what they change in cases, and that they can be undone."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select

from gateway.audit.models import AuditEvent
from gateway.images import merging
from gateway.images.models import PatientMerge
from gateway.names.policy import NamePolicy


def case_of(client, pacs, case):
    return client.get(f"/api/v1/cases/{case}", headers=pacs).json()


def test_earlier_examinations_are_found_under_either_number(client, pacs, examine, merge, priors):
    old, now = examine("P1", "20240301").case, examine("P9", "20260301").case
    assert priors(now) == []
    said = merge("P1", "P9")
    assert (said["is_new"], said["cases"]) == (True, 2)
    assert priors(now) == [old]
    late = examine("P1", "20260601", name="Name^P1").case
    assert priors(late) == [now, old], "of a modality that has the old number still"
    assert case_of(client, pacs, old)["patient_merged_at"] is not None
    assert case_of(client, pacs, now)["patient_merged_at"] is None
    listed = client.get("/api/v1/cases", headers=pacs)
    assert listed.status_code == 200


def test_it_may_come_before_the_first_film(examine, merge, priors):
    merge("P1", "P9")
    old, now = examine("P1", "20240301").case, examine("P9", "20260301").case
    assert priors(now) == [old]


def test_a_film_of_the_surviving_number_belongs_to_the_case(client, pacs, examine, merge):
    case = examine("P1", "20260301").case
    assert examine("P9", "20260301", case).json()["code"] == "other_patient"
    assert len(case_of(client, pacs, case)["refused_films"]) == 1
    assert merge("P1", "P9")["added_films"] == 1
    after = case_of(client, pacs, case)
    assert (len(after["images"]), after["refused_films"]) == (2, [])
    assert examine("P9", "20260301", case).status_code == 202
    assert examine("P8", "20260301", case).json()["code"] == "other_patient"


def test_a_signed_report_stays_as_it_is(client, reader, examine, merge):
    case = examine("P1", "20260301").case
    examine("P9", "20260301", case)
    signed = {"conclusion": "not_sure", "acknowledged": ["not_read_together", "not_assessed"]}
    answer = client.post(f"/api/v1/cases/{case}/reports", headers=reader, json=signed)
    assert answer.status_code == 201, answer.text
    before = case_of(client, reader, case)
    assert merge("P1", "P9")["added_films"] == 0
    after = case_of(client, reader, case)
    assert after["reports"] == before["reports"]
    assert after["state"] == before["state"]
    assert (len(after["images"]), len(after["refused_films"])) == (1, 1)
    assert after["patient_merged_at"] is not None


@pytest.mark.usefixtures("reader")
def test_the_page_tells_it(client, examine, merge, cookie_of):
    case = examine("P1", "20260301").case
    client.cookies.set(*cookie_of("alice"))
    assert 'data-role="merged"' not in client.get(f"/cases/{case}").text
    merge("P1", "P9")
    assert 'data-role="merged"' in client.get(f"/cases/{case}").text


def test_the_same_message_changes_nothing_again(app, examine, merge, priors):
    old, now = examine("P1", "20240301").case, examine("P9", "20260301").case
    assert merge("P1", "P9", "M-A")["is_new"]
    assert merge("P1", "P9", "M-B", undone=True)["is_new"]
    assert priors(now) == []
    assert not merge("P1", "P9", "M-A")["is_new"], "sent again after it was undone"
    assert priors(now) == []
    assert merge("P1", "P9", "M-C")["is_new"]
    assert priors(now) == [old]
    with app.state.sessions() as session:
        assert session.scalar(select(func.count()).select_from(PatientMerge)) == 3
        events = session.scalars(select(AuditEvent).where(AuditEvent.target_type == "merge").order_by(AuditEvent.at))
        told = [(event.action, event.detail["message_id"], sorted(event.detail["cases"])) for event in events]
    both = sorted([old, now])
    assert told == [("patient.merge", "M-A", both), ("patient.unmerge", "M-B", both), ("patient.merge", "M-C", both)]


def test_messages_may_arrive_in_another_order_than_things_happened(examine, merge, priors):
    _, now = examine("P1", "20240301").case, examine("P9", "20260301").case
    today, yesterday = datetime.now(UTC), datetime.now(UTC) - timedelta(days=1)
    merge("P1", "P9", undone=True, told_at=today.isoformat())
    merge("P1", "P9", told_at=yesterday.isoformat())
    assert priors(now) == []


def test_a_clock_that_is_ahead_does_not_outlast_what_comes_later(examine, merge, priors):
    _, now = examine("P1", "20240301").case, examine("P9", "20260301").case
    merge("P1", "P9", told_at="2099-01-01T00:00:00Z")
    merge("P1", "P9", undone=True, told_at=(datetime.now(UTC) + timedelta(days=1)).isoformat())
    assert priors(now) == []


def test_a_chain_and_a_circle_are_one_patient(client, pacs, examine, merge, priors):
    days = ("20230301", "20240301", "20250301")
    cases = [examine(patient, day).case for patient, day in zip("ABC", days, strict=True)]
    merge("B", "C")
    merge("A", "B", told_at=(datetime.now(UTC) - timedelta(days=2)).isoformat())
    assert priors(cases[2]) == [cases[1], cases[0]]
    assert [case_of(client, pacs, case)["patient_merged_at"] is None for case in cases] == [False, False, True]
    merge("C", "A")
    assert priors(cases[2]) == [cases[1], cases[0]]
    assert [case_of(client, pacs, case)["patient_merged_at"] is None for case in cases] == [True, False, False]
    merge("B", "C", undone=True)
    assert priors(cases[2]) == [cases[1], cases[0]], "A joins them still"
    merge("A", "B", undone=True)
    assert priors(cases[2]) == [cases[0]]


def test_after_it_is_undone_a_film_that_came_meanwhile_is_another_patients(client, pacs, examine, merge):
    case = examine("P1", "20260301").case
    merge("P1", "P9")
    assert examine("P9", "20260301", case).status_code == 202
    assert examine("P1", "20260301", case).status_code == 202
    merge("P1", "P9", undone=True)
    after = case_of(client, pacs, case)
    assert "other_patient" in [reason["code"] for reason in after["conclusion"]["reasons"]]
    assert len(after["images"]) == 3, "somebody decides where it belongs"


def test_another_birth_date_tells_that_the_wrong_patients_were_merged(examine, merge, priors):
    case = examine("P1", "20240301").case
    now = examine("P9", "20260301", PatientBirthDate="19800101").case
    merge("P1", "P9")
    assert priors(now) == []
    assert examine("P9", "20240301", case, PatientBirthDate="19800101").json()["code"] == "other_patient"


def test_films_of_another_authority_stay_apart(examine, merge, priors):
    merge("P1", "P9")
    other = examine("P1", "20240301", IssuerOfPatientID="OTHER").case
    own = examine("P1", "20240401", IssuerOfPatientID="h").case
    now = examine("P9", "20260301", IssuerOfPatientID="H").case
    assert priors(now) == [own]
    assert priors(other) == []


def test_a_program_cannot_merge_what_another_one_received(client, pacs, new_user, headers_of, examine, merge, priors):
    old, now = examine("P1", "20240301").case, examine("P9", "20260301").case
    new_user("elsewhere", role="service")
    said = merge("P1", "P9", headers=headers_of("elsewhere"))
    assert (said["is_new"], said["cases"]) == (True, 0)
    assert priors(now) == []
    merge("P1", "P9")
    assert priors(now) == [old]


def test_it_shows_nobody_more_than_they_may_see(client, alice, examine, merge):
    own = examine("P9", "20260301", headers=alice).case
    examine("P1", "20240301")
    merge("P1", "P9")
    assert client.get(f"/api/v1/cases/{own}/priors", headers=alice).json() == []


@pytest.mark.parametrize("former", ["ANON", "p9", "P9 "])
def test_identifiers_of_nobody_and_equal_ones_are_no_merge(app, merge, former):
    assert not merge(former, "P9")["is_new"]
    with app.state.sessions() as session:
        assert session.scalar(select(func.count()).select_from(PatientMerge)) == 0


def test_only_programs_may_tell_it(client, alice, root):
    body = {"message_id": "M", "told_at": "2026-01-01T00:00:00Z", "authority": "H", "former": "A", "present": "B"}
    for headers in (alice, root):
        assert client.post("/api/v1/patients/merges", headers=headers, json=body).status_code == 403


def test_messages_about_a_placeholder_are_refused_at_last(client, pacs, merge, monkeypatch):
    """Whoever reads a case of the patient, or the worklist, would wait for all of them."""
    monkeypatch.setattr(merging, "MOST_TOLD", 3)
    for former in ("A", "B", "C"):
        merge(former, "HUB")
    body = {"message_id": "M", "told_at": "2026-03-02T08:15:00Z", "authority": "H", "former": "D", "present": "HUB"}
    for said in (body, body | {"undone": True}, body | {"former": "A", "present": "E"}):
        refused = client.post("/api/v1/patients/merges", headers=pacs, json=said)
        assert (refused.status_code, refused.json()["reason"]) == (422, "too_many_merges"), said
    assert merge("A", "HUB", undone=True)["is_new"], "a wrong merge can be undone"
    assert merge("P1", "P9")["is_new"]


@pytest.mark.parametrize(
    "wrong",
    [{"present": "P\u202e9"}, {"former": "P1\nP2"}, {"message_id": "M\x1b"}, {"told_at": "0001-01-01T00:00:00+14:00"}],
)
def test_what_cannot_be_shown_or_stored_is_refused(client, pacs, wrong):
    body = {"message_id": "M", "told_at": "2026-03-02T08:15:00Z", "authority": "H", "former": "P1", "present": "P9"}
    refused = client.post("/api/v1/patients/merges", headers=pacs, json=body | wrong)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")


def test_kept_names_show_the_present_number_until_a_purge(app, client, root, reader, examine, merge, monkeypatch):
    policy = NamePolicy(
        app.state.settings.model_copy(update={"names": "keep", "names_key": SecretStr("a key of the tests" * 2)}),
        app.state.fingerprints,
    )
    for service in (app.state, app.state.uploads):
        monkeypatch.setattr(service, "names" if service is app.state else "_names", policy)
    case = examine("P1", "20260301").case
    merge("P1", "PRESENT-9")
    [said] = client.get(f"/api/v1/cases/{case}/identity", headers=reader).json()
    assert (said["patient_id"], said["present_patient_id"]) == ("P1", "PRESENT-9")
    with app.state.sessions() as session:
        assert "PRESENT-9" not in (session.scalar(select(PatientMerge.sealed)) or "PRESENT-9")
    body = {"patient_id": "P1", "reason": "asked for"}
    assert client.post("/api/v1/patients/purge", headers=root, json=body).status_code == 200
    with app.state.sessions() as session:
        assert session.scalars(select(PatientMerge.sealed)).all() == [None]
