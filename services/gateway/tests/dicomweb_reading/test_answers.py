"""QIDO-RS and WADO-RS find and hand out films and results."""

import io
import threading

import numpy as np
import pydicom
import pytest
from dicomweb_objects import OTHER, PDF, REPORT, STUDY, hand_over, made, read, rendered, value
from PIL import Image
from sqlalchemy import text

from gateway.deletion import repository as deletion

BOTH = pytest.mark.parametrize("app", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)


@BOTH
def test_a_study_is_found_by_what_identifies_it(dicomweb, study):
    for filters in (
        {"StudyInstanceUID": STUDY},
        {"PatientID": "P1"},
        {"00100020": "P1", "AccessionNumber": "ACC-1"},
        {"StudyDate": "20260101-20260131"},
        {"StudyDate": "20260102"},
        {"ModalitiesInStudy": "SEG"},
        {},
    ):
        [found] = dicomweb.search_for_studies(search_filters=filters)
        assert value(found, "0020000D") == STUDY, filters
        assert found["00080061"]["Value"] == ["DOC", "MG", "OT", "SEG", "SR"]
        assert (value(found, "00201206"), value(found, "00201208")) == (5, 5)
        assert value(found, "00081190").endswith(f"/dicom-web/studies/{STUDY}")
    for filters in (
        {"PatientID": "P2"},
        {"StudyDate": "20270101-"},
        {"ModalitiesInStudy": "CT"},
        {"AccessionNumber": "A"},
    ):
        assert dicomweb.search_for_studies(search_filters=filters) == [], filters


@BOTH
def test_pages_of_instances_name_each_once(dicomweb, study):
    pages = [dicomweb.search_for_instances(STUDY, limit=2, offset=offset) for offset in (0, 2, 4, 6)]
    assert [len(page) for page in pages] == [2, 2, 1, 0]
    names = {value(found, "00080018") for page in pages for found in page}
    assert names == {str(read(content).SOPInstanceUID) for content in [study.film, *study.results]}


def test_series_and_fields_are_told_as_asked_for(dicomweb, study):
    [series] = dicomweb.search_for_series(
        STUDY, search_filters={"Modality": "DOC"}, fields=["EncapsulatedDocumentLength"]
    )
    assert value(series, "00420015") == len(PDF)
    assert value(series, "00201209") == 1
    uid = value(series, "0020000E")
    [found] = dicomweb.search_for_instances(STUDY, uid, fields=["all"])
    assert found["00420011"]["BulkDataURI"].endswith("/bulkdata/00420011")


def test_a_study_is_retrieved_as_it_was_stored(dicomweb, study):
    got = dicomweb.retrieve_study(STUDY)
    sent = {str(read(content).SOPInstanceUID): read(content) for content in [study.film, *study.results]}
    assert len(got) == 5
    for each in got:
        assert each == sent[str(each.SOPInstanceUID)]
    [report] = [each for each in got if each.Modality == "SR"]
    again = dicomweb.retrieve_instance(STUDY, report.SeriesInstanceUID, report.SOPInstanceUID)
    assert again.PatientName == "Test^Patient"
    assert len(dicomweb.retrieve_series(STUDY, report.SeriesInstanceUID)) == 1


def test_metadata_have_addresses_in_the_place_of_pixels_and_documents(dicomweb, study):
    told = {value(each, "00080060"): each for each in dicomweb.retrieve_study_metadata(STUDY)}
    assert set(told) == {"MG", "SR", "SEG", "OT", "DOC"}
    assert told["DOC"]["00420011"]["BulkDataURI"].startswith("http")
    assert "7FE00010" not in told["SR"]
    place = told["DOC"]["00420011"]["BulkDataURI"].partition("/dicom-web")[2]
    [document] = dicomweb.retrieve_bulkdata(f"http://testserver/dicom-web{place}")
    assert document == PDF + b"\0"
    place = told["SEG"]["7FE00010"]["BulkDataURI"].partition("/dicom-web")[2]
    assert len(dicomweb.retrieve_bulkdata(f"http://testserver/dicom-web{place}")) == 2


def test_frames_are_those_of_the_file(dicomweb, study):
    masks = read(study.results[1])
    got = dicomweb.retrieve_instance_frames(STUDY, masks.SeriesInstanceUID, masks.SOPInstanceUID, [2, 1])
    bits = np.unpackbits(np.frombuffer(masks.PixelData, np.uint8), bitorder="little")
    unpacked = [np.unpackbits(np.frombuffer(frame, np.uint8), bitorder="little")[:9] for frame in got]
    assert [list(frame) for frame in unpacked] == [list(bits[9:18]), list(bits[:9])]
    film = read(study.film)
    [pixels] = dicomweb.retrieve_instance_frames(STUDY, film.SeriesInstanceUID, film.SOPInstanceUID, [1])
    assert pixels == film.PixelData


def test_pictures_and_documents_are_rendered(client, alice, study):
    picture = rendered(client, alice, study.results[2])
    assert np.asarray(Image.open(io.BytesIO(picture.content))).tobytes() == bytes(range(12))
    document = rendered(client, alice, study.results[3])
    assert (document.headers["Content-Type"], document.content) == ("application/pdf", PDF)
    assert rendered(client, alice, study.results[0]).status_code == 406
    assert rendered(client, alice, study.results[3], "image/png").status_code == 406
    assert rendered(client, alice, study.film).json()["code"] == "result_not_ready"


def test_a_film_is_rendered_as_its_analysis_shows_it(client, alice, study, worker):
    [job] = [image["job"]["id"] for image in client.get(f"/api/v1/cases/{study.case}", headers=alice).json()["images"]]
    worker.infer(job)
    answer = rendered(client, alice, study.film)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/png"), answer.text


def test_nobody_else_finds_or_retrieves_it(client, headers_of, study):
    bob, report = headers_of("bob"), read(study.results[0])
    assert client.get("/dicom-web/studies", headers=bob).status_code == 204
    place = f"/dicom-web/studies/{STUDY}/series/{report.SeriesInstanceUID}/instances/{report.SOPInstanceUID}"
    for path in (f"/dicom-web/studies/{STUDY}", f"/dicom-web/studies/{STUDY}/metadata", place, f"{place}/frames/1"):
        assert client.get(path, headers=bob).status_code == 404, path
        assert client.get(path).status_code == 401, path
    assert hand_over(client, bob, study.case, study.results[0]).json()["code"] == "not_found"


def test_compressed_frames_are_handed_out_as_they_are(client, alice, case, upload, film):
    lossless = read(film())
    lossless.compress(pydicom.uid.RLELossless, generate_instance_uid=False)
    buffer = io.BytesIO()
    lossless.save_as(buffer)
    assert upload(buffer.getvalue(), name="film.dcm", modality="mammography", case_id=case).status_code == 202
    place = f"/dicom-web/studies/{STUDY}/series/{lossless.SeriesInstanceUID}/instances/{lossless.SOPInstanceUID}"
    related = 'multipart/related; type="application/octet-stream"'
    for accept, status in ((f"{related}; transfer-syntax=*", 200), ("*/*", 200), (related, 406), ("image/png", 406)):
        answer = client.get(f"{place}/frames/1", headers=alice | {"Accept": accept})
        assert answer.status_code == status, accept
    frame = next(pydicom.encaps.generate_frames(lossless.PixelData, number_of_frames=1))
    got = client.get(f"{place}/frames/1", headers=alice | {"Accept": "*/*"})
    assert frame in got.content
    assert 'type="image/dicom-rle"' in got.headers["Content-Type"]
    explicit = 'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.1'
    assert client.get(place, headers=alice | {"Accept": explicit}).status_code == 406
    assert client.get(place, headers=alice | {"Accept": "application/dicom"}).content == buffer.getvalue()


@pytest.mark.parametrize(
    "query", ["PatientName=Test", "PatientID=P*", "StudyDate=soon", "StudyDate=-", "limit=x", "includefield=Nothing"]
)
def test_a_query_that_cannot_be_answered_says_why(client, alice, query):
    answer = client.get(f"/dicom-web/studies?{query}", headers=alice)
    assert (answer.status_code, answer.json()["code"]) == (400, "query_not_supported")


def test_an_answer_says_that_there_is_more(client, alice, study):
    answer = client.get("/dicom-web/instances?limit=4", headers=alice)
    assert len(answer.json()) == 4
    assert answer.headers["Warning"].startswith("299")
    assert client.get("/dicom-web/studies", headers=alice | {"Accept": "application/dicom+xml"}).status_code == 406


def test_what_is_no_result_of_the_case_is_not_kept(client, alice, root, headers_of, node, study, tmp_path):
    film, stranger = made("1.2.840.10008.5.1.4.1.1.1.2", "MG"), made(REPORT, "SR", OTHER)
    for content, status, code in (
        (film, 422, "not_a_result"),
        (b"x" * 200, 422, "not_a_result"),
        (stranger, 409, "other_study"),
        (made(REPORT, "SR", PatientID="P2"), 409, "other_study"),
        (made(REPORT, "SR", SOPInstanceUID=read(study.results[0]).SOPInstanceUID), 409, "conflict"),
    ):
        answer = hand_over(client, node, study.case, content)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert hand_over(client, node, study.case, study.results[0], "text/plain").status_code == 415
    before = sorted((tmp_path / "objects" / "instances").glob("*/original"))
    again = hand_over(client, node, study.case, study.results[0])
    assert again.status_code == 200
    assert sorted((tmp_path / "objects" / "instances").glob("*/original")) == before
    assert len(before) == 4
    assert hand_over(client, alice, study.case, study.results[0]).status_code == 200, "the case is hers"
    [group] = client.get("/api/v1/groups", headers=root).json()
    client.put(f"/api/v1/groups/{group['id']}/members/bob", headers=root)
    assert hand_over(client, headers_of("bob"), study.case, study.results[0]).json()["code"] == "forbidden", (
        "made elsewhere"
    )


@pytest.mark.postgres
@pytest.mark.parametrize("app", ["postgres"], indirect=True)
def test_nothing_is_left_of_a_result_that_comes_while_its_case_is_deleted(
    app, client, alice, node, study, tmp_path, monkeypatch
):
    answers, delete_row = [], deletion.delete_row
    late = made(REPORT, "SR")
    sender = threading.Thread(target=lambda: answers.append(hand_over(client, node, study.case, late)))

    def waits() -> bool:
        with app.state.engine.connect() as connection:
            return connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")) > 0

    def send_and_delete_row(session, case_id):
        sender.start()
        while sender.is_alive() and not waits():
            pass
        delete_row(session, case_id)

    monkeypatch.setattr(deletion, "delete_row", send_and_delete_row)
    assert client.delete(f"/api/v1/cases/{study.case}", headers=alice).status_code == 200
    sender.join()
    assert (answers[0].status_code, answers[0].json()["code"]) == (404, "not_found")
    assert list((tmp_path / "objects" / "instances").iterdir()) == []
