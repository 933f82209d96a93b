"""What DICOMweb reads of a file is bounded, and who reads is noted."""

import time

import pytest
from dicomweb_objects import DOCUMENT, PICTURE, REPORT, STUDY, hand_over, made, place_of, read, rendered

from gateway.dicomweb import json_arrays, retrieval_endpoints
from gateway.dicomweb.matching import Criteria
from gateway.dicomweb.repository import instances
from gateway.users.repository import by_username

_COLOURS = {"Rows": 2, "Columns": 2, "SamplesPerPixel": 3, "BitsAllocated": 8, "PhotometricInterpretation": "RGB"}


@pytest.mark.parametrize(
    "said",
    [
        {"NumberOfFrames": 2_000_000_000},
        {"Rows": 65535, "Columns": 65535, "BitsAllocated": 1},
        {"SamplesPerPixel": 65535},
        {"Columns": 0},
        {"Rows": None},
        {"BitsAllocated": 0},
    ],
    ids=str,
)
def test_pixels_that_a_file_cannot_hold_are_refused(client, alice, node, study, said):
    content = made(PICTURE, "OT", **(_COLOURS | said), PixelData=bytes(range(12)))
    assert hand_over(client, node, study.case, content).status_code == 201
    for end in ("bulkdata/7FE00010", "frames/1", "rendered"):
        answer = client.get(f"{place_of(content)}/{end}", headers=alice)
        assert (answer.status_code, answer.json()["code"]) in (
            (500, "instance_unreadable"),
            (406, "not_acceptable"),
        ), end


def test_a_picture_that_is_cut_off_is_refused(client, alice, node, study):
    for end, expected in (
        (12, (500, "instance_unreadable")),
        (18, (404, "not_found")),
    ):  # in its pixels, in its element
        cut = made(PICTURE, "OT", **_COLOURS, PixelData=bytes(range(12)))[:-end]
        assert hand_over(client, node, study.case, cut).status_code == 201
        answer = client.get(f"{place_of(cut)}/frames/1", headers=alice)
        assert (answer.status_code, answer.json()["code"]) == expected


def test_pixels_without_a_table_of_offsets_are_refused(client, alice, node, study):
    begun = made(PICTURE, "OT", **_COLOURS)
    content = begun + b"\xe0\x7f\x10\x00OB\x00\x00\xff\xff\xff\xff" + bytes(40)
    assert hand_over(client, node, study.case, content).status_code == 201
    answer = client.get(f"{place_of(begun)}/frames/1", headers=alice)
    assert (answer.status_code, answer.json()["code"]) == (500, "instance_unreadable")


def test_numbers_that_json_cannot_hold_are_left_out(client, alice, node, study):
    content = made(REPORT, "SR", InstanceNumber=7, KVP="1e999")
    assert hand_over(client, node, study.case, content).status_code == 201
    [found] = client.get(f"{place_of(content)}/metadata", headers=alice).json()
    assert found["00200013"]["Value"] == [7]
    assert "00180060" not in found


def test_an_object_of_very_many_items_is_refused_before_it_fills_the_memory(client, node, study):
    head = made(REPORT, "SR")
    items = b"\xfe\xff\x00\xe0\x00\x00\x00\x00" * 200_000
    hostile = head + b"\x99\x00\x10\x10SQ\x00\x00\xff\xff\xff\xff" + items
    answer = hand_over(client, node, study.case, hostile)
    assert (answer.status_code, answer.json()["code"]) == (422, "not_a_result")


def test_metadata_of_many_objects_are_read_while_they_are_sent(client, alice, node, study, monkeypatch):
    said = "x" * 400_000
    for number in range(5):
        content = made(REPORT, "SR", InstanceNumber=number, TextValue=said)
        assert hand_over(client, node, study.case, content).status_code == 201
    read_so_far, begun = [], []
    described, streamed = retrieval_endpoints._described, json_arrays.StreamedResponse

    def counted(*arguments):
        read_so_far.append(1)
        return described(*arguments)

    def noted(*arguments, **named):
        begun.append(len(read_so_far))
        return streamed(*arguments, **named)

    monkeypatch.setattr(retrieval_endpoints, "_described", counted)
    monkeypatch.setattr(json_arrays, "StreamedResponse", noted)
    found = client.get(f"/dicom-web/studies/{STUDY}/metadata", headers=alice).json()
    assert sum(each.get("0040A160", {}).get("Value") == [said] for each in found) == 5
    assert begun
    assert begun[0] < len(read_so_far) == len(found), "the answer begins before all are read"
    searched = client.get("/dicom-web/instances?includefield=all", headers=alice).json()
    assert len(searched) == len(found)


def test_a_study_whose_last_file_is_lost_is_a_problem_and_no_answer_that_breaks_off(client, alice, study, app):
    url = f"/dicom-web/studies/{STUDY}"
    assert client.get(url, headers=alice).status_code == 200
    with app.state.sessions() as session:
        *_, last = instances(session, by_username(session, "alice"), Criteria())
    app.state.store.delete(last.object_key)
    answer = client.get(url, headers=alice)
    assert (answer.status_code, answer.json()["code"]) == (500, "stored_file_unreadable")


def test_long_values_are_handed_out_without_being_read_for_the_metadata(client, alice, node, study):
    content = made(
        DOCUMENT, "DOC", EncapsulatedDocument=b"%PDF" + bytes(3 << 20), EncapsulatedDocumentLength=(3 << 20) + 4
    )
    assert hand_over(client, node, study.case, content).status_code == 201
    [told] = client.get(f"{place_of(content)}/metadata", headers=alice).json()
    place = told["00420011"]["BulkDataURI"].partition("/dicom-web")[2]
    assert read(content).EncapsulatedDocument in client.get(f"/dicom-web{place}", headers=alice).content
    assert len(rendered(client, alice, content).content) == (3 << 20) + 4


def test_the_audit_log_has_who_searched_and_retrieved(client, alice, root, study):
    client.get("/dicom-web/studies", headers=alice)
    client.get(f"{place_of(study.results[0])}/metadata", headers=alice)
    for action, count in (("dicom.search", 1), ("dicom.retrieve", 1)):
        [event] = client.get("/api/v1/audit", params={"action": action}, headers=root).json()["items"]
        assert (event["actor_name"], len(event["detail"]["ids"])) == ("alice", count)


def test_no_connection_is_held_while_files_are_read(client, alice, study, app, monkeypatch):
    store, pool, waited = app.state.store, app.state.sessions.kw["bind"].pool, []
    opened = store.open

    def watched(key: str):
        deadline = time.monotonic() + 30
        while pool.checkedout() and time.monotonic() < deadline:  # loops beside it hold one for a moment
            time.sleep(0.01)
        waited.append(pool.checkedout())
        return opened(key)

    monkeypatch.setattr(store, "open", watched)
    for path in ("/studies", f"/studies/{STUDY}/metadata"):
        waited.clear()
        assert client.get(f"/dicom-web{path}", headers=alice).status_code == 200
        assert set(waited) == {0}, "a request holds none while it reads"


def test_no_transaction_is_open_while_a_result_is_rewritten(app, client, node, study, monkeypatch):
    deidentify, written = app.state.names.deidentify, []

    def while_another_writes(*arguments):
        with app.state.sessions.begin() as session:  # SQLite has one writer
            written.append(session.connection())
        return deidentify(*arguments)

    monkeypatch.setattr(app.state.names, "deidentify", while_another_writes)
    assert hand_over(client, node, study.case, made(REPORT, "SR")).status_code == 201
    assert len(written) == 1
