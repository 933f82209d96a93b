"""What the callers of `bench/api_walk.py` do with cases: films, verdicts, reads, reports, DICOMweb, corrections."""

from __future__ import annotations

import io
import threading
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import api_fuzz
import numpy as np
import pydicom
from dicomweb_objects import objects
from played_worker import png
from pydicom.uid import generate_uid
from small_images import dicom_of

from gateway.cases.models import Case

if TYPE_CHECKING:
    from api_walk import Caller, Walk

CASES, CASE = "/api/v1/cases", "/api/v1/cases/{case_id}"
_IMAGE, _JOB = "/api/v1/images/{image_id}", "/api/v1/jobs/{job_id}"
_STUDY = "1.2.826.0.1.3680043.8.498.78"
_RECALL = {"breasts": {"left": {"bi_rads": 4, "density": "b", "recommendation": "biopsy"}}}
_NO_RECALL = {"breasts": {"left": {"bi_rads": 2}}}


def describe_case(walk: Walk, who: Caller, signer: Caller, paused: threading.Lock) -> None:
    """A case with films, what readers say of it, its reports, and what a node makes of it."""
    known = walk.known
    case = walk.ok(who, f"POST {CASES}", json={"pseudonym": "P-1", "group_id": known["group_id"]})["id"]
    other = walk.ok(who, f"POST {CASES}", json={"pseudonym": "P-2"})["id"]
    known["case_id"] = case
    film = new_film()
    sent = upload(walk, who, case, film)
    image, job = sent["image"]["id"], sent["job"]["id"]
    known |= {"image_id": image, "job_id": job, "other_case": other}
    _await(walk, who, f"GET {_JOB}/progress", "done", job_id=job)
    walk.ok(who, f"PATCH {CASE}", json={"pseudonym": "P-3"})
    walk.ok(who, f"PATCH {_IMAGE}", json={"study_date": "2026-03-01"})
    walk.ok(who, f"PUT {CASE}/visit")
    walk.ok(who, f"PUT {CASE}/group", json={"group_id": known["group_id"]})
    walk.ok(who, f"POST {CASE}/claim")
    walk.ok(who, f"POST {CASE}/release")
    walk.ok(who, f"PUT {CASE}/reader", json={"username": "a-clinician"})
    result = walk.ok(who, f"GET {_JOB}/result")
    finding = result["findings"][0]["id"]
    known |= {"finding": finding, "picture": result["display"]["file"]}
    walk.ok(who, f"PUT {CASE}/reviews/{{job_id}}/{{finding}}", json={"verdict": "confirmed"})
    mark, drawn = str(uuid4()), str(uuid4())
    region = {"image_id": image, "kind": "mass", "shape": "box", "box": {"x": 1, "y": 1, "width": 9, "height": 9}}
    erased = str(uuid4())
    for name in (drawn, erased):
        walk.ok(who, f"PUT {CASE}/reader-findings/{{finding_id}}", finding_id=name, json=region)
    walk.ok(who, f"DELETE {CASE}/reader-findings/{{finding_id}}", finding_id=erased)
    known |= {"finding_id": drawn, "mark_id": mark}
    walk.ok(who, f"POST {CASE}/reader-findings/{{finding_id}}/opinion")
    two = {"one": {"job_id": job, "finding_id": finding}, "other": {"finding_id": drawn}}
    walk.ok(who, f"PUT {CASE}/same-lesions/{{mark_id}}", json=two)
    walk.ok(who, f"DELETE {CASE}/same-lesions/{{mark_id}}")
    walk.ok(who, f"PUT {CASE}/same-lesions/{{mark_id}}", json=two)
    walk.ok(who, f"POST {CASE}/reports/text", json=_RECALL)
    _await(walk, who, f"GET {CASE}/examination", "done")
    walk.ok(signer, f"POST {CASE}/reports", json=_RECALL | {"comment": "A mass.", "conclusion": "malignancy_suspected"})
    known["version"] = "1"
    walk.ok(who, f"POST {CASE}/reports/{{version}}/renderings", json={"languages": ["en"], "forms": ["html"]})
    made, kind = objects(), {"Content-Type": "application/dicom"}
    for each in made:
        walk.ok(who, "POST /dicom-web/cases/{case_id}/instances", content=each, headers=kind)
    document = pydicom.dcmread(io.BytesIO(made[-1]))
    known |= {"document_series": document.SeriesInstanceUID, "document": document.SOPInstanceUID}
    instance = str(pydicom.dcmread(io.BytesIO(film)).SOPInstanceUID)
    known |= {"study": _STUDY, "series": f"{_STUDY}.1", "instance": instance, "numbers": "1", "tag": "00420011"}
    known |= {"resource_type": "DiagnosticReport", "resource_id": case, "work_id": job, "hint": "tour"}
    walk.ok(who, f"POST {_IMAGE}/jobs")
    _stow(walk, who)
    _pictures(walk, who)
    _corrections(walk, who, paused)


def read_twice(walk: Walk, alice: Caller, bob: Caller, carol: Caller) -> None:
    """Two people read a case, disagree, and a third one settles it."""
    group = walk.known["group_id"]
    case = walk.ok(alice, f"POST {CASES}", json={"pseudonym": "P-4", "group_id": group})["id"]
    with walk.worker.client.app.state.sessions.begin() as session:
        session.get_one(Case, case).double_reading = "all"
    job = upload(walk, alice, case, new_film())["job"]["id"]
    _await(walk, alice, f"GET {_JOB}/progress", "done", job_id=job)
    _await(walk, alice, f"GET {CASE}/examination", "done", case_id=case)
    walk.ok(alice, f"POST {CASE}/reads", case_id=case, json=_RECALL)
    walk.ok(alice, f"DELETE {CASE}/reads/yours", case_id=case)
    walk.ok(alice, f"POST {CASE}/reads", case_id=case, json=_RECALL)
    walk.ok(bob, f"POST {CASE}/reads", case_id=case, json=_NO_RECALL)
    walk.ok(alice, f"GET {CASE}/reads", case_id=case)
    walk.ok(carol, f"POST {CASE}/arbitration", case_id=case, json=_RECALL)
    walk.ok(alice, f"POST {CASE}/reads/anew", case_id=case, json={"reason": "the films of another patient"})


def new_film(view: str = "CC", patient: str = "P1") -> bytes:
    """A film of a study, each time another one."""
    pixels = np.random.default_rng().integers(0, 4000, (72, 80)).astype(np.uint16)
    film = pydicom.dcmread(io.BytesIO(dicom_of(pixels, bits=12)))
    film.StudyInstanceUID, film.SeriesInstanceUID, film.PatientID = _STUDY, f"{_STUDY}.1", patient
    film.SOPInstanceUID = film.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    film.ViewPosition, film.AccessionNumber = view, "ACC-1"
    buffer = io.BytesIO()
    film.save_as(buffer)
    return buffer.getvalue()


def upload(walk: Walk, who: Caller, case: str | None, content: bytes, modality: str = "mammography") -> dict[str, Any]:
    form = {"modality": modality, **({"case_id": case} if case else {})}
    return walk.ok(who, "POST /api/v1/images", data=form, files={"file": ("image", content)})


def _picture() -> bytes:
    return png(int(np.random.default_rng().integers(1, 255)), tuple(np.random.default_rng().integers(70, 90, 2)))


def _await(walk: Walk, who: Caller, label: str, state: str, **given: Any) -> Any:
    """Ask until an answer has this state."""
    for _ in range(300):
        answer = walk.send(who, label, **given)
        if answer.is_success and answer.json()["state"] == state:
            return answer.json()
        time.sleep(0.1)
    raise SystemExit(f"{label} never answered {state}")


def _stow(walk: Walk, who: Caller) -> None:
    for path in ("", "/{study}"):
        part = b"--x\r\nContent-Type: application/dicom\r\n\r\n" + new_film() + b"\r\n--x--\r\n"
        kind = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=x'}
        walk.ok(who, f"POST /dicom-web/studies{path}", content=part, headers=kind)


def _pictures(walk: Walk, who: Caller) -> None:
    """Previews, the film in full depth, and the report of a picture alone."""
    for _ in range(2):
        made = walk.ok(who, "POST /api/v1/previews", files={"file": ("film.dcm", new_film())})["id"]
        _await(walk, who, "GET /api/v1/previews/{preview_id}", "ready", preview_id=made)
        walk.ok(who, "GET /api/v1/previews/{preview_id}/picture", preview_id=made)
        walk.ok(who, "DELETE /api/v1/previews/{preview_id}", preview_id=walk.known.get("preview_id", made))
        walk.known["preview_id"] = made
    _await(walk, who, f"GET {_IMAGE}/film", "ready")
    form = {"username": who.username, "password": api_fuzz.PASSWORD}
    walk.ok(who, "POST /api/v1/diagnose", by="", data=form, files={"file": ("a.png", _picture())})


def _corrections(walk: Walk, who: Caller, paused: threading.Lock) -> None:
    """Stopping, starting again, taking out, dismissing."""
    case = walk.known["other_case"]
    with paused:
        sent = upload(walk, who, case, new_film())
        walk.ok(who, f"POST {_JOB}/cancel", job_id=sent["job"]["id"])
        walk.ok(who, f"POST {_JOB}/retry", job_id=sent["job"]["id"])
    moved = {"into": "new_case", "reason": "sent under another order"}
    walk.ok(who, f"POST {_IMAGE}/exclusion", image_id=sent["image"]["id"], json=moved)
    lone = upload(walk, who, None, _picture(), "histopathology")["image"]["id"]
    walk.ok(who, f"GET {_IMAGE}/deletion", image_id=lone)
    walk.ok(who, f"DELETE {_IMAGE}", image_id=lone)
    with walk.worker.client.app.state.sessions.begin() as session:
        noted = {"modality": "mammography", "view": "CC", "laterality": "R"}
        session.get_one(Case, case).refused_films = {"0" * 64: noted, "1" * 64: noted}
    walk.known["sha256"] = "1" * 64
    dismissed = {"case_id": case, "sha256": "0" * 64, "json": {"reason": "of another patient"}}
    walk.ok(who, f"POST {CASE}/refused-films/{{sha256}}/dismissal", **dismissed)
