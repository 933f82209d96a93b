"""STOW-RS: films of a study become one case, and every instance is answered for itself."""

from dataclasses import replace
from io import BytesIO
from uuid import uuid4

import pydicom
import pytest
from pydicom.uid import generate_uid

from gateway.errors import ProblemError

RELATED = 'multipart/related; type="application/dicom"; boundary=frontier'
STUDY = "1.2.826.0.1.3680043.8.498.77"


@pytest.fixture
def instance(draw_film, write_dicom, tmp_path):
    """The bytes of a film of a study."""

    def make(view: str = "CC", study: str = STUDY, **tags) -> bytes:
        said = {"StudyInstanceUID": study, "ImageLaterality": "R", "ViewPosition": view, "PatientID": "P1"} | tags
        path = write_dicom(tmp_path / f"{uuid4()}.dcm", draw_film(seed=len(view)), 12, **said)
        film = pydicom.dcmread(path)
        film.SOPInstanceUID = film.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        film.save_as(path)
        return path.read_bytes()

    return make


def body(*parts: bytes) -> tuple[bytes, dict[str, str]]:
    content = b"".join(b"--frontier\r\nContent-Type: application/dicom\r\n\r\n" + part + b"\r\n" for part in parts)
    return content + b"--frontier--\r\n", {"Content-Type": RELATED, "Accept": "application/dicom+json"}


def store(client, who, *parts: bytes, path: str = "/dicom-web/studies"):
    content, headers = body(*parts)
    return client.post(path, content=content, headers=who | headers)


def names(answer, tag: str) -> list[str]:
    return [item["00081155"].get("Value", [""])[0] for item in answer.json().get(tag, {}).get("Value", [])]


def test_films_of_a_study_become_one_case(client, alice, instance):
    answer = store(client, alice, instance("CC"), instance("MLO"))
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/dicom+json"
    assert len(names(answer, "00081199")) == 2
    later = store(client, alice, instance("ML"), path=f"/dicom-web/studies/{STUDY}")
    assert later.status_code == 200
    [case] = client.get("/api/v1/cases", headers=alice).json()["items"]
    assert case["images"] == 3
    assert case["pseudonym"].startswith("STOW-")
    assert store(client, alice, instance("CC", study=STUDY + ".1", PatientID="P2")).status_code == 200
    assert len(client.get("/api/v1/cases", headers=alice).json()["items"]) == 2


def test_a_later_film_finds_the_case_of_its_study_under_another_name(client, alice, instance):
    store(client, alice, instance("CC"))
    [case] = client.get("/api/v1/cases", headers=alice).json()["items"]
    assert client.patch(f"/api/v1/cases/{case['id']}", headers=alice, json={"pseudonym": "P-9"}).status_code == 200
    store(client, alice, instance("MLO"))
    [case] = client.get("/api/v1/cases", headers=alice).json()["items"]
    assert (case["pseudonym"], case["images"]) == ("P-9", 2)


def test_the_same_instance_again_counts_as_stored(client, alice, instance):
    film = instance()
    assert [store(client, alice, film).status_code for _ in range(2)] == [200, 200]
    [case] = client.get("/api/v1/cases", headers=alice).json()["items"]
    assert case["images"] == 1


def with_tags(film: bytes, tmp_path, **tags) -> bytes:
    (tmp_path / "changed.dcm").write_bytes(film)
    changed = pydicom.dcmread(tmp_path / "changed.dcm")
    changed.update(tags)
    changed.save_as(tmp_path / "changed.dcm")
    return (tmp_path / "changed.dcm").read_bytes()


def test_an_instance_whose_tags_were_changed_on_the_way_is_the_same(client, alice, instance, tmp_path):
    film = instance()
    for content in (film, with_tags(film, tmp_path, StudyDescription="Coerced")):
        assert store(client, alice, content).status_code == 200
    [case] = client.get("/api/v1/cases", headers=alice).json()["items"]
    assert case["images"] == 1


def test_an_instance_with_other_pixels_or_tags_that_are_read_does_not_count_as_stored(
    client, alice, instance, tmp_path
):
    """It counted as stored, and the case went on with the former film, as C-STORE never does (0111)."""
    film = instance()
    assert store(client, alice, film).status_code == 200
    darker = pydicom.dcmread(BytesIO(film)).PixelData[:-2] + b"\0\0"
    changes = ({"PixelData": darker}, {"ImageLaterality": "L"}, {"PixelSpacing": [0.2, 0.2]}, {"StudyDate": "20200101"})
    for change in changes:
        answer = store(client, alice, with_tags(film, tmp_path, **change))
        assert answer.status_code == 409, change
        assert answer.json()["00081198"]["Value"][0]["00081197"]["Value"] == [0x0111], change
    assert store(client, alice, film).status_code == 200
    [case] = client.get("/api/v1/cases", headers=alice).json()["items"]
    assert case["images"] == 1


def test_studies_whose_marks_begin_alike_are_two_cases(app, client, alice, instance, monkeypatch):
    of = app.state.instances._fingerprints.of
    alike = lambda identity: replace(found := of(identity), study_mark=f"key:0123456789{found.study_mark[-8:]}")  # noqa: E731
    monkeypatch.setattr(app.state.instances._fingerprints, "of", alike)
    for view, study in (("CC", STUDY), ("CC", f"{STUDY}.1"), ("MLO", STUDY), ("MLO", f"{STUDY}.1")):
        assert store(client, alice, instance(view, study=study)).status_code == 200
    cases = client.get("/api/v1/cases", headers=alice).json()["items"]
    assert [(case["pseudonym"], case["images"]) for case in cases] == [("STOW-0123456789", 2)] * 2


def test_nothing_is_left_of_an_instance_that_failed_unforeseen(app, client, alice, instance, monkeypatch, tmp_path):
    monkeypatch.setattr(app.state.instances, "_mark_of", {}.__getitem__)
    with pytest.raises(KeyError):
        store(client, alice, instance())
    assert [file for file in (tmp_path / "objects").rglob("*") if file.is_file()] == []


def test_each_instance_is_refused_for_a_reason_of_its_own(client, alice, instance):
    processing = instance(PresentationIntentType="FOR PROCESSING")
    others = [processing, instance()[:-4000], instance("MLO", PatientID="another")]
    answer = store(client, alice, instance(), *others, b"no DICOM")
    assert answer.status_code == 202
    assert [item["00081197"]["Value"][0] for item in answer.json()["00081198"]["Value"]] == [0x0122, 0xC000, 0xA900]
    assert names(answer, "00081198") == [str(pydicom.dcmread(BytesIO(each)).SOPInstanceUID) for each in others]
    assert answer.json()["0008119A"]["Value"] == [{"00081197": {"vr": "US", "Value": [0xC000]}}]
    assert len(names(answer, "00081199")) == 1


def test_an_instance_of_another_study_than_the_request_is_not_stored(client, alice, instance):
    answer = store(client, alice, instance(), path="/dicom-web/studies/1.2.3")
    assert answer.status_code == 409
    assert answer.json()["00081198"]["Value"][0]["00081197"]["Value"] == [0xA900]
    assert client.get("/api/v1/cases", headers=alice).json()["items"] == []


@pytest.mark.parametrize(
    ("content", "media_type", "status", "code"),
    [
        (b"x", "application/dicom", 415, "not_multipart"),
        (b"x", RELATED, 400, "malformed_upload"),
        (b"x", RELATED.replace("frontier", "b" * 300), 400, "malformed_upload"),
        (b"--frontier--\r\n", RELATED, 400, "malformed_upload"),
        (b"--frontier\r\n\r\nhalf", RELATED, 400, "malformed_upload"),
    ],
)
def test_a_body_that_is_none_is_a_problem(client, alice, content, media_type, status, code):
    answer = client.post("/dicom-web/studies", content=content, headers=alice | {"Content-Type": media_type})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_part_that_is_too_large_ends_the_request(app, client, alice, instance):
    app.state.settings.max_upload_bytes = 100_000
    answer = store(client, alice, b"x" * 100_001)
    assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")


def test_who_is_not_known_stores_nothing(client, instance):
    assert store(client, {}, instance()).status_code == 401


def test_a_film_of_another_patient_is_kept_apart_with_its_file(client, new_user, headers_of, instance, tmp_path):
    new_user("pacs", role="service")
    pacs = headers_of("pacs")
    answer = store(client, pacs, instance("CC"), strange := instance("MLO", PatientID="P2"))
    [refused] = answer.json()["00081198"]["Value"]
    assert refused["00081197"]["Value"] == [0xA900]
    [case] = client.get("/api/v1/cases", headers=pacs).json()["items"]
    [film] = client.get(f"/api/v1/cases/{case['id']}", headers=pacs).json()["refused_films"]
    assert client.get(f"/api/v1/images/{film['image_id']}/content", headers=pacs).status_code == 200
    for again in (strange, with_tags(strange, tmp_path, StudyDescription="Coerced"), instance("MLO", PatientID="P3")):
        assert store(client, pacs, again).status_code == 409
    assert len(client.get(f"/api/v1/cases/{case['id']}", headers=pacs).json()["refused_films"]) == 2


def test_an_instance_whose_patient_was_corrected_does_not_count_as_stored(
    client, new_user, headers_of, instance, tmp_path
):
    """The case would go on under the former patient, and its sender would know nothing of it."""
    new_user("pacs", role="service")
    pacs, film = headers_of("pacs"), instance()
    assert store(client, pacs, film).status_code == 200
    corrected = with_tags(film, tmp_path, PatientID="P2")
    for _ in range(2):
        [refused] = store(client, pacs, corrected).json()["00081198"]["Value"]
        assert refused["00081197"]["Value"] == [0xA900]
    [case] = client.get("/api/v1/cases", headers=pacs).json()["items"]
    assert case["images"] == 1
    assert len(client.get(f"/api/v1/cases/{case['id']}", headers=pacs).json()["refused_films"]) == 1


@pytest.mark.parametrize("refusal", ["quota", "space", "unforeseen"])
def test_no_case_is_left_of_a_study_whose_first_film_is_refused(app, client, alice, instance, monkeypatch, refusal):
    assert store(client, alice, instance("CC")).status_code == 200

    def refuse(*_given, **_named):
        raise {
            "quota": ProblemError(429, "queue_full", "user", values={"most": 1, "seconds": 1}),
            "space": ProblemError(507, "storage_full"),
            "unforeseen": RuntimeError("unforeseen"),
        }[refusal]

    films = [instance("MLO"), instance("CC", study=STUDY + ".1", PatientID="P2")]
    with monkeypatch.context() as patch:
        patch.setattr("gateway.uploads.service.open_job", refuse)
        if refusal == "unforeseen":
            with pytest.raises(RuntimeError):
                store(client, alice, films[1])
        else:
            assert len(names(store(client, alice, *films), "00081198")) == 2
        [case] = client.get("/api/v1/cases", headers=alice).json()["items"]
        assert case["images"] == 1
    assert store(client, alice, *films).status_code == 200
    assert {case["images"] for case in client.get("/api/v1/cases", headers=alice).json()["items"]} == {1, 2}
