"""QIDO-RS and WADO-RS, read by dicomweb-client: films of a case, and what was made of it."""

import io
from types import SimpleNamespace

import numpy as np
import pydicom
import pytest
import requests
from dicomweb_client import DICOMwebClient
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

STUDY, OTHER = "1.2.826.0.1.3680043.8.498.78", "1.2.826.0.1.3680043.8.498.79"
REPORT, MASKS, PICTURE, DOCUMENT = (f"1.2.840.10008.5.1.4.1.1.{end}" for end in ("88.34", "66.4", "7", "104.1"))
PDF = b"%PDF-1.7 " + b"x" * 2000


class Bridge(requests.adapters.BaseAdapter):
    """Lets a client of `requests` speak to the gateway of the tests."""

    def __init__(self, client) -> None:
        super().__init__()
        self.client = client

    def send(self, request, **_kwargs):
        answer = self.client.request(request.method, request.url, headers=request.headers, content=request.body)
        response = requests.Response()
        response.status_code, response.raw, response.request = answer.status_code, io.BytesIO(answer.content), request
        response.headers.update(answer.headers)
        response.url = request.url
        return response

    def close(self) -> None:
        pass


def made(sop_class: str, modality: str, study: str = STUDY, **tags) -> bytes:
    """A small object of a study."""
    said = Dataset()
    said.file_meta = FileMetaDataset()
    said.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    said.SOPClassUID, said.SOPInstanceUID, said.SeriesInstanceUID = sop_class, generate_uid(), generate_uid()
    said.StudyInstanceUID, said.Modality, said.PatientID, said.PatientName = study, modality, "P1", "Test^Patient"
    said.AccessionNumber, said.StudyDate = "ACC-1", "20260102"
    for name, value in tags.items():
        setattr(said, name, value)
    buffer = io.BytesIO()
    said.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def objects() -> list[bytes]:
    bits = np.unpackbits(np.array([0b10110101, 0b01100011, 0b00000001], np.uint8), bitorder="little")[:18]
    packed = np.packbits(bits, bitorder="little").tobytes()
    shape = {"Rows": 3, "Columns": 3, "SamplesPerPixel": 1, "BitsAllocated": 1, "NumberOfFrames": 2}
    colours = {"Rows": 2, "Columns": 2, "SamplesPerPixel": 3, "BitsAllocated": 8, "PhotometricInterpretation": "RGB"}
    return [
        made(REPORT, "SR"),
        made(
            MASKS, "SEG", **shape, PhotometricInterpretation="MONOCHROME2", PixelData=packed + b"\0" * (len(packed) % 2)
        ),
        made(PICTURE, "OT", **colours, PlanarConfiguration=0, PixelData=bytes(range(12))),
        made(DOCUMENT, "DOC", EncapsulatedDocument=PDF + b"\0", EncapsulatedDocumentLength=len(PDF)),
    ]


BOTH = pytest.mark.parametrize("app", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)


@pytest.fixture
def app(make_app, request):
    """A gateway, on SQLite unless a test asks for both databases."""
    postgres = getattr(request, "param", "sqlite") == "postgres"
    return make_app(request.getfixturevalue("migrated_postgres_url") if postgres else None)


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


def hand_over(client, who, case: str, content: bytes, media_type: str = "application/dicom"):
    path = f"/dicom-web/cases/{case}/instances"
    return client.post(path, content=content, headers=who | {"Content-Type": media_type})


@pytest.fixture
def dicomweb(client, alice):
    """A DICOMweb client of Alice's."""
    session = requests.Session()
    session.mount("http://testserver", Bridge(client))
    session.headers.update(alice)
    return DICOMwebClient("http://testserver/dicom-web", session=session)


def read(content: bytes) -> Dataset:
    return pydicom.dcmread(io.BytesIO(content))


def value(found: dict, tag: str):
    return found[tag]["Value"][0]


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


def rendered(client, who, content: bytes, accept: str = "*/*"):
    said = read(content)
    place = f"{STUDY}/series/{said.SeriesInstanceUID}/instances/{said.SOPInstanceUID}"
    return client.get(f"/dicom-web/studies/{place}/rendered", headers=who | {"Accept": accept})


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
    assert hand_over(client, bob, study.case, study.results[0]).json()["code"] == "forbidden"


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


def test_what_is_no_result_of_the_case_is_not_kept(client, alice, node, study, tmp_path):
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
    assert hand_over(client, alice, study.case, study.results[0]).json()["code"] == "forbidden", "made elsewhere"


def place_of(content: bytes) -> str:
    said = read(content)
    return f"/dicom-web/studies/{STUDY}/series/{said.SeriesInstanceUID}/instances/{said.SOPInstanceUID}"


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


def test_an_object_of_very_many_items_is_refused_before_it_fills_the_memory(client, node, study):
    head = made(REPORT, "SR")
    items = b"\xfe\xff\x00\xe0\x00\x00\x00\x00" * 200_000
    hostile = head + b"\x99\x00\x10\x10SQ\x00\x00\xff\xff\xff\xff" + items
    answer = hand_over(client, node, study.case, hostile)
    assert (answer.status_code, answer.json()["code"]) == (422, "not_a_result")


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
    store, held = app.state.store, []
    opened = store.open

    def watched(key: str):
        held.append(app.state.sessions.kw["bind"].pool.checkedout())
        return opened(key)

    monkeypatch.setattr(store, "open", watched)
    for path in ("/studies", f"/studies/{STUDY}/metadata"):
        assert client.get(f"/dicom-web{path}", headers=alice).status_code == 200
    assert set(held) == {0}
