"""Names in DICOM files: nothing of them is left, or they are kept apart for those who may see them."""

import io
import tempfile
from datetime import date, datetime, timedelta

import numpy as np
import pydicom
import pytest
from dicomweb_objects import DOCUMENT, REPORT, STUDY, hand_over, made, place_of
from planted_film import planted_film, survivors
from pydantic import ValidationError
from pydicom.dataset import Dataset
from redis import Redis

from gateway.names.cipher import pseudonym_of
from gateway.names.policy import RestoringStore
from lobule import layout

KEY = "a key of the tests that makes pseudonyms"
RELATED = 'multipart/related; type="application/dicom"; boundary=frontier'
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom, of planted values


@pytest.fixture
def policy(request):
    """Of the gateway's names; a test may ask for another."""
    return getattr(request, "param", "strip")


@pytest.fixture
def app(make_app, policy):
    """A gateway with that policy."""
    return make_app(names=policy, names_key=None if policy == "strip" else KEY)


@pytest.fixture
def film(draw_film, write_dicom, tmp_path):
    """The bytes of a film."""

    def make(number: int = 0, **tags) -> bytes:
        said = {"StudyInstanceUID": STUDY, "PatientID": "P-4711", "PatientName": "Doe^Jane", "StudyDate": "20260102"}
        path = write_dicom(tmp_path / "film.dcm", draw_film(seed=number), 12, **(said | tags))
        return path.read_bytes()

    return make


def stored(client, who, study: str = STUDY) -> list[Dataset]:
    """The files of a study, as WADO-RS gives them."""
    answer = client.get(f"/dicom-web/studies/{study}", headers=who)
    assert answer.status_code == 200, answer.text
    boundary = answer.headers["Content-Type"].rpartition("boundary=")[2].encode()
    parts = answer.content.split(b"--" + boundary)[1:-1]
    return [pydicom.dcmread(io.BytesIO(part.partition(b"\r\n\r\n")[2][:-2])) for part in parts]


def everything(app, tmp_path, *answers) -> dict[str, bytes]:
    """All that the gateway holds and says, by where it is."""
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "planted.dcm"]
    redis = Redis.from_url(app.state.settings.redis_url)  # the gateway's own reads texts alone
    return {
        **{str(path.relative_to(tmp_path)): path.read_bytes() for path in files},
        "redis": b"".join(key + (redis.dump(key) or b"") for key in redis.scan_iter()),
        "answers": b"".join(answer.content for answer in answers),
    }


def test_nothing_of_the_table_is_left_anywhere(
    app, client, alice, root, headers_of, case, worker, draw_film, write_dicom, tmp_path, capfd
):
    path = tmp_path / "planted.dcm"
    said = {"ImageLaterality": "R", "ViewPosition": "MLO"}
    found_by = planted_film(path, write_dicom, draw_film(), **said)
    content = path.read_bytes()
    name = str(pydicom.dcmread(path).PatientName)
    answers = []

    def post(where: str, body: bytes, **fields):
        data = {"modality": "mammography", "case_id": case} | fields
        answers.append(client.post(where, headers=alice, data=data, files={"file": (f"{name}.dcm", body)}))
        return answers[-1]

    uploaded = post("/api/v1/images", content)
    assert uploaded.status_code == 202, uploaded.text
    assert post("/api/v1/previews", content).status_code == 202
    for broken in (content[:4000], content[:-2000], content[:132] + b"\0" * 600):
        post("/api/v1/images", broken, accept_other_patient="true")
    stow = b"--frontier\r\nContent-Type: application/dicom\r\n\r\n" + content + b"\r\n--frontier--\r\n"
    answers.append(
        client.post("/dicom-web/studies", content=stow, headers=headers_of("bob") | {"Content-Type": RELATED})
    )
    assert answers.pop().status_code == 200, "it tells its sender the UID that was sent"
    worker.infer(uploaded.json()["job"]["id"])
    for where in (f"cases/{case}", "images", "jobs", f"cases/{case}/identity"):
        answers.append(client.get(f"/api/v1/{where}", headers=alice))
    answers += [client.get(f"/dicom-web/{level}?includefield=all", headers=alice) for level in ("studies", "instances")]
    answers += [client.get("/api/v1/audit", headers=root), client.get("/metrics")]
    held = everything(app, tmp_path, *answers)
    assert sum(place.startswith("objects/images") for place in held) >= 2
    assert any(place.startswith("objects/previews") for place in held)
    output = capfd.readouterr()
    held |= {"log": (output.out + output.err).encode()}
    assert {place: left for place, content in held.items() if (left := survivors(found_by, content))} == {}


@pytest.mark.parametrize("policy", ["strip", "pseudonymise", "keep"], indirect=True)
def test_the_users_name_of_a_dicom_file_is_not_stored(client, alice, upload, film, case):
    content = film(PatientName="Wú^Li=吴^丽", SpecificCharacterSet="ISO_IR 192")
    for name in ("吴丽.dcm", "Wu\u0301-Li.dcm", "P-4711.dcm", f"{STUDY}.dcm"):
        answer = upload(content, name=name, modality="mammography", case_id=case)
        [image] = client.get("/api/v1/images", headers=alice).json()["items"]
        assert image["file_name"] == f"film-{image['sha256'][:8]}.dcm"
        assert client.delete(f"/api/v1/images/{image['id']}", headers=alice).status_code == 204, answer.text


def test_a_preview_whose_names_cannot_be_taken_out_is_not_kept(app, client, alice, film, clean_redis, tmp_path):
    content = film()
    items = b"\x54\x00\x20\x02SQ\x00\x00\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\x00\x00\x00\x00" * 20_000
    for broken in (content[:-2000], content.replace(b"\xe0\x7f\x10\x00", items + b"\xe0\x7f\x10\x00")):
        sent = client.post("/api/v1/previews", headers=alice, files={"file": ("a.dcm", broken)}).json()
        said = client.get(f"/api/v1/previews/{sent['id']}", headers=alice).json()
        assert sent["state"] == said["state"] == "failed"
        assert said["facts"]["error"]["code"] in ("image_unreadable", "image_truncated")
    for place, held in everything(app, tmp_path).items():
        assert place == "film.dcm" or b"Doe^Jane" not in held, place
    assert Redis.from_url(clean_redis).llen("pictures") == 0


@pytest.mark.parametrize("policy", ["strip", "pseudonymise"], indirect=True)
def test_results_refer_to_the_stored_film_and_are_found_by_both_names(client, alice, upload, case, film):
    sent = pydicom.dcmread(io.BytesIO(content := film()))
    assert upload(content, name="a.dcm", modality="mammography", case_id=case).status_code == 202
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = sent.SOPClassUID, sent.SOPInstanceUID
    series = Dataset()
    series.SeriesInstanceUID, series.ReferencedSOPSequence = sent.SeriesInstanceUID, [reference]
    study = Dataset()
    study.StudyInstanceUID, study.ReferencedSeriesSequence = STUDY, [series]
    said = {"PatientID": "P-4711", "PatientName": "Doe^Jane", "CurrentRequestedProcedureEvidenceSequence": [study]}
    report = made(REPORT, "SR", **said)
    assert hand_over(client, alice, case, report).status_code == 201
    assert hand_over(client, alice, case, report).status_code == 200, "the same one again"
    client.app.state.names._policy = "pseudonymise" if client.app.state.names._policy == "strip" else "strip"
    assert hand_over(client, alice, case, report).status_code == 200, "under another policy too"
    by_kind = {each.Modality: each for each in stored(client, alice)}
    kept, of = by_kind["MG"], by_kind["SR"].CurrentRequestedProcedureEvidenceSequence[0]
    assert kept.SOPInstanceUID.startswith("2.25.")
    assert of.StudyInstanceUID == kept.StudyInstanceUID == by_kind["SR"].StudyInstanceUID
    assert of.ReferencedSeriesSequence[0].SeriesInstanceUID == kept.SeriesInstanceUID
    assert of.ReferencedSeriesSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID == kept.SOPInstanceUID
    assert len(stored(client, alice, kept.StudyInstanceUID)) == 2
    for each in by_kind.values():
        assert "Doe" not in str(each)
        assert "P-4711" not in str(each)  # whole: UIDs have any four digits


def test_of_the_people_in_a_report_only_who_observed_is_named(client, alice, upload, case, film):
    assert upload(film(), name="a.dcm", modality="mammography", case_id=case).status_code == 202
    items = []
    for code, name in (("121008", "Reader^Rosa"), (None, "Doe^Anna"), ("121029", "Doe^Jane"), ("121114", "Doe^Mary")):
        item, concept = Dataset(), Dataset()
        concept.CodeValue, concept.CodingSchemeDesignator, concept.CodeMeaning = code, "DCM", "Name"
        item.ValueType, item.PersonName = "PNAME", name
        item.ConceptNameCodeSequence = [concept] if code else []
        items.append(item)
    report = made(REPORT, "SR", PatientID="P-4711", PatientName="Doe^Jane", ContentSequence=items)
    assert hand_over(client, alice, case, report).status_code == 201
    [said] = [each for each in stored(client, alice) if each.Modality == "SR"]
    assert [str(item.PersonName) for item in said.ContentSequence] == ["Reader^Rosa", "", "", ""]


@pytest.mark.parametrize("policy", ["pseudonymise"], indirect=True)
def test_a_patient_has_one_pseudonym(client, alice, upload, film):
    for number, patient in enumerate(["P-4711", "P-4711", "P-9"]):
        study = f"{STUDY}.{number}"
        content = film(number, PatientID=patient, StudyInstanceUID=study, StudyDate=f"2026010{number + 1}")
        opened = client.post("/api/v1/cases", json={"pseudonym": f"C-{number}"}, headers=alice).json()["id"]
        assert upload(content, name="a.dcm", modality="mammography", case_id=opened).status_code == 202
    first, second, other = (stored(client, alice, f"{STUDY}.{number}")[0] for number in range(3))
    assert first.PatientID == str(first.PatientName) == second.PatientID == pseudonym_of(KEY, "p-4711")
    assert other.PatientID == pseudonym_of(KEY, "p-9") != first.PatientID
    assert _day(second) - _day(first) == timedelta(days=1)
    assert _day(first) < date(2026, 1, 1)


@pytest.mark.parametrize("policy", ["pseudonymise"], indirect=True)
def test_how_an_identifier_is_written_makes_no_person_and_nobodys_no_one(client, alice, upload, film, case):
    written = ["ab1", " AB1", "ANONYMOUS", "0000"]
    for number, patient in enumerate(written):
        said = film(number, PatientID=patient, StudyInstanceUID=f"{STUDY}.{number}")
        fields = {"modality": "mammography", "case_id": case, "accept_other_patient": "true"}
        assert upload(said, name="a.dcm", **fields).status_code == 202
    found = [film for number in range(4) for film in stored(client, alice, f"{STUDY}.{number}")]
    first, second, third, fourth = [film.PatientID for film in found]
    assert first == second
    assert len({first, third, fourth}) == 3


def _day(film: Dataset) -> date:
    return datetime.strptime(film.StudyDate, "%Y%m%d").date()


@pytest.mark.parametrize("policy", ["keep"], indirect=True)
def test_what_is_kept_is_shown_to_who_may_see_it(
    app, client, alice, headers_of, new_user, root, upload, film, case, tmp_path
):
    content = film(PatientBirthDate="19600203", AccessionNumber="ACC-8")
    assert upload(content, name="a.dcm", modality="mammography", case_id=case).status_code == 202
    [said] = client.get(f"/api/v1/cases/{case}/identity", headers=alice).json()
    assert (said["patient_name"], said["patient_id"], said["patient_birth_date"]) == (
        "Doe^Jane",
        "P-4711",
        "1960-02-03",
    )
    assert (said["accession_number"], said["study_instance_uid"]) == ("ACC-8", STUDY)
    assert stored(client, alice)[0] == pydicom.dcmread(io.BytesIO(content))
    [metadata] = client.get(f"/dicom-web/studies/{STUDY}/metadata", headers=alice).json()
    assert metadata["00100020"]["Value"] == ["P-4711"]
    assert metadata["7FE00010"]["BulkDataURI"]
    with RestoringStore(app.state.store, app.state.sessions, app.state.names).open_header(
        layout.upload_key(layout.image_folder(said["image_id"]))
    ) as stream:
        assert len(stream.read()) < 10_000, "no pixels"
    new_user("rita", role="reader")
    group = client.post("/api/v1/groups", headers=root, json={"name": "Unit"}).json()["id"]
    for name in ("alice", "rita"):
        client.put(f"/api/v1/groups/{group}/members/{name}", headers=root)
    client.put(f"/api/v1/cases/{case}/group", json={"group_id": group}, headers=alice)
    rita = headers_of("rita")
    assert client.get(f"/api/v1/cases/{case}", headers=rita).status_code == 200
    assert client.get(f"/api/v1/cases/{case}/identity", headers=rita).status_code == 403
    assert "Doe" not in str(stored(client, rita)[0])
    [event] = client.get("/api/v1/audit", params={"action": "case.identity"}, headers=root).json()["items"]
    assert (event["actor_name"], event["target_id"]) == ("alice", case)
    page = client.get(f"/cases/{case}/identity", headers=alice)
    assert page.status_code == 200
    assert all(f"<td>{each}</td>" in page.text for each in ("Doe^Jane", "P-4711", "3 Feb 1960", "ACC-8"))
    assert client.get(f"/cases/{case}/identity", headers=rita).status_code == 403
    pages = [client.get(f"/cases/{case}", headers=who).text for who in (alice, rita)]
    assert [f'href="/cases/{case}/identity"' in page for page in pages] == [True, False]
    assert len(client.get("/api/v1/audit", params={"action": "case.identity"}, headers=root).json()["items"]) == 2
    for place, held in everything(app, tmp_path).items():
        assert place == "film.dcm" or b"Jane" not in held, place


@pytest.mark.parametrize("policy", ["keep"], indirect=True)
def test_a_film_with_its_names_is_sent_as_it_is_read(client, alice, upload, film, case, tmp_path, monkeypatch):
    sent = pydicom.dcmread(io.BytesIO(film()))
    sent.Rows, sent.Columns, sent.PixelData = 1024, 1536, np.arange(1024 * 1536).astype(np.uint16).tobytes()
    sent.save_as(content := io.BytesIO())
    assert upload(content.getvalue(), name="a.dcm", modality="mammography", case_id=case).status_code == 202
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))  # a copy of 3 MB would be written there
    assert stored(client, alice)[0] == sent
    place = f"{STUDY}/series/{sent.SeriesInstanceUID}/instances/{sent.SOPInstanceUID}"
    alone = client.get(f"/dicom-web/studies/{place}", headers=alice | {"Accept": "application/dicom"})
    assert pydicom.dcmread(io.BytesIO(alone.content)) == sent
    for end in ("bulkdata/7FE00010", "frames/1"):
        assert sent.PixelData in client.get(f"/dicom-web/studies/{place}/{end}", headers=alice).content


@pytest.mark.parametrize("policy", ["keep"], indirect=True)
def test_a_document_with_its_names_is_sent_in_part(client, alice, upload, film, case):
    assert upload(film(PatientID="P1"), name="a.dcm", modality="mammography", case_id=case).status_code == 202
    document = made(DOCUMENT, "DOC", EncapsulatedDocument=bytes(range(250)) * 5000)
    assert hand_over(client, alice, case, document).status_code == 201
    answer = client.get(f"{place_of(document)}/bulkdata/00420011", headers=alice)
    assert answer.content.partition(b"\r\n\r\n")[2].rpartition(b"\r\n--")[0] == bytes(range(250)) * 5000


def test_without_kept_names_there_is_no_page_of_them(client, alice, case):
    assert client.get(f"/cases/{case}/identity", headers=alice).status_code == 404
    assert "/identity" not in client.get(f"/cases/{case}", headers=alice).text


def test_a_policy_that_keeps_something_needs_a_key(make_app):
    for policy in ("keep", "pseudonymise"):
        with pytest.raises(ValidationError, match="LOBULE_NAMES_KEY_FILE"):
            make_app(names=policy)


@pytest.mark.parametrize("policy", ["keep"], indirect=True)
def test_another_key_opens_nothing(app, client, alice, upload, film, case):
    assert upload(film(), name="a.dcm", modality="mammography", case_id=case).status_code == 202
    app.state.names._cipher = None
    [said] = client.get(f"/api/v1/cases/{case}/identity", headers=alice).json()
    assert said["patient_name"] is None
