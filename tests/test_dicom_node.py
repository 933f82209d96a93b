"""The DICOM node between a real Orthanc and a real gateway.

Films go in, and report, outlines and document come back under the same study; what was acknowledged arrives once,
whatever is killed.
"""

import io
import shutil
import signal
import sqlite3
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pydicom
import pytest
from dicom_faults import (
    VIEWS,
    compare,
    deliver_under_fire,
    films,
    node_for,
    small_film,
    wait_until_delivered,
)
from dicom_loop import running_loop
from dicom_peer import connect
from orthanc import executable
from pydicom.uid import generate_uid

from lobule.launcher import system as launcher
from lobule.launcher.system import running_system

FINDINGS, CONCLUSION, CAD = "126000", "18745-0", "111036"  # titles of reports
STUB, TOY = (Path(__file__).parent / name for name in ("stub_mammography", "toy_modality"))
SPOT = (slice(60, 80), slice(30, 55))  # rows and columns that are painted white


@pytest.fixture(scope="module")
def loop(tmp_path_factory):
    """Orthanc, a node, and a system whose mammography worker is a stub."""
    if executable() is None:
        pytest.skip("there is no Orthanc (apt-get install orthanc)")
    folder = tmp_path_factory.mktemp("loop")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{STUB}:{TOY}", prepend=":")
        patch.syspath_prepend(str(STUB))
        workers = {"mammo": "bright_spots.worker", "report": launcher.WORKER_MODULES["report"]}
        patch.setattr(launcher, "WORKER_MODULES", workers)
        patch.setattr(launcher, "QUEUES", tuple(workers))
        with (
            running_system(folder / "home", "127.0.0.1", 0, show_logs=False, log_format="json", say=print) as system,
            running_loop(system, folder) as running,
        ):
            yield running


def send(orthanc, films) -> None:
    association = connect(orthanc.dicom_port, calling="MODALITY", called="ORTHANC")
    assert [association.send_c_store(film).Status for film in films] == [0] * len(films)
    association.release()


def until(works, what: str, seconds: float = 90):
    deadline = time.monotonic() + seconds
    while not (found := works()):
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.1)
    return found


def read(orthanc, instance) -> pydicom.Dataset:
    return pydicom.dcmread(io.BytesIO(orthanc.file(instance)))


def reports(loop, study_uid: str, title: str) -> list[pydicom.Dataset]:
    """The reports of a study that are titled so, the oldest first."""
    found = [read(loop.orthanc, instance) for instance in loop.orthanc.instances(study_uid)["SR"]]
    found.sort(key=lambda report: (report.ContentDate, report.ContentTime))
    return [report for report in found if report.ConceptNameCodeSequence[0].CodeValue == title]


def predecessor(report: pydicom.Dataset) -> str:
    [series] = report.PredecessorDocumentsSequence[0].ReferencedSeriesSequence
    return series.ReferencedSOPSequence[0].ReferencedSOPInstanceUID


def polyline(report) -> list[float]:
    [measurements] = [i for i in report.ContentSequence if i.ConceptNameCodeSequence[0].CodeValue == "126010"]
    [region] = [i for i in measurements.ContentSequence[0].ContentSequence if i.ValueType == "SCOORD"]
    return list(region.GraphicData)


def received(loop) -> int:
    with sqlite3.connect(loop.folder / "node" / "journal.sqlite") as database:
        return database.execute("SELECT count(*) FROM received").fetchone()[0]


@pytest.fixture(scope="module")
def study(loop):
    """A study that went round, although the node was killed as soon as it had acknowledged the last film."""
    chance, uid = np.random.default_rng(7), generate_uid()
    films = [small_film(uid, side, view, chance) for side, view in VIEWS]
    for film in films:
        pixels = np.minimum(np.frombuffer(film.PixelData, np.uint16), 3000).reshape(film.Rows, film.Columns).copy()
        pixels[SPOT] = 4095
        film.PixelData = pixels.tobytes()
    send(loop.orthanc, films)
    until(lambda: received(loop) == 4, "the films")
    loop.node.end(signal.SIGKILL)
    loop.node.start()
    complete = {"MG": 4, "SR": 3, "SEG": 4, "PR": 4, "OT": 1, "DOC": 1}
    until(lambda: {m: len(i) for m, i in loop.orthanc.instances(uid).items()} == complete, "the results")
    return SimpleNamespace(uid=uid, films=films, instances=loop.orthanc.instances(uid))


def test_the_results_lie_beside_the_films_under_the_same_patient(loop, study):
    for modality in set(study.instances) - {"MG"}:
        for instance in study.instances[modality]:
            made = read(loop.orthanc, instance)
            assert made.StudyInstanceUID == study.uid
            assert (made.PatientID, str(made.PatientName)) == (study.films[0].PatientID, "Test^Faults")
    [document] = [read(loop.orthanc, instance) for instance in study.instances["DOC"]]
    assert document.DocumentTitle == "Lobule draft, not signed"
    assert document.EncapsulatedDocument.startswith(b"%PDF")


def test_boxes_and_masks_are_where_the_films_show_them(loop, study):
    [report] = reports(loop, study.uid, FINDINGS)
    rows, columns = SPOT
    line = polyline(report)
    assert (min(line[::2]), max(line[::2]), min(line[1::2]), max(line[1::2])) == (
        columns.start,
        columns.stop,
        rows.start,
        rows.stop,
    )
    for instance in study.instances["SEG"]:
        mask = read(loop.orthanc, instance).pixel_array
        y, x = np.nonzero(mask)
        assert (x.min(), x.max() + 1, y.min(), y.max() + 1) == (columns.start, columns.stop, rows.start, rows.stop)


def test_every_object_conforms(loop, study, tmp_path):
    checker = shutil.which("dciodvfy")
    if checker is None:
        pytest.skip("there is no dciodvfy (apt-get install dicom3tools)")
    for modality in set(study.instances) - {"MG"}:
        for instance in study.instances[modality]:
            path = tmp_path / f"{instance}.dcm"
            path.write_bytes(loop.orthanc.file(instance))
            said = subprocess.run([checker, "-new", path], capture_output=True, text=True)
            assert "Error" not in said.stderr + said.stdout, said.stderr


def test_orthanc_is_told_that_its_films_are_kept(loop, study):
    names = [{"SOPClassUID": film.SOPClassUID, "SOPInstanceUID": film.SOPInstanceUID} for film in study.films]
    answer = loop.orthanc.post("/modalities/lobule/storage-commitment", {"DicomInstances": names})
    outcome = until(lambda: _settled(loop.orthanc.get(f"/storage-commitment/{answer['ID']}")), "the commitment", 30)
    assert outcome["Status"] == "Success"
    assert len(outcome["Success"]) == 4


def _settled(report: dict) -> dict | None:
    return report if report["Status"] != "Pending" else None


def test_a_signature_sends_what_the_reader_stated_and_no_findings_again(loop, study):
    [case] = [case for case in loop.client._request("GET", "/api/v1/cases").json()["items"] if case["images"] == 4]
    image = loop.client.case(case["id"])["images"][0]
    review = f"/api/v1/cases/{case['id']}/reviews/{image['job']['id']}/f1"
    loop.client._request("PUT", review, json={"verdict": "dismissed"})
    concerns = ["unreviewed", "not_assessed", "pending", "contradiction"]
    breasts = {"right": {"bi_rads": 2, "density": "b", "recommendation": "routine_screening"}}
    signature = {"acknowledged": concerns, "breasts": breasts}
    loop.client._request("POST", f"/api/v1/cases/{case['id']}/reports", json=signature)
    signed = {"SR": 3 + 2, "DOC": 2}
    until(lambda: signed.items() <= {m: len(i) for m, i in loop.orthanc.instances(study.uid).items()}.items(), "them")
    titles = {read(loop.orthanc, instance).DocumentTitle for instance in loop.orthanc.instances(study.uid)["DOC"]}
    assert titles == {"Lobule draft, not signed", "Lobule report, signed version 1"}
    [found, verdicts] = reports(loop, study.uid, FINDINGS)
    assert (found.VerificationFlag, verdicts.VerificationFlag) == ("UNVERIFIED", "VERIFIED")
    assert predecessor(verdicts) == found.SOPInstanceUID
    [system, stated] = reports(loop, study.uid, CONCLUSION)
    assert predecessor(stated) == system.SOPInstanceUID
    assert "129717001" in str(stated.ContentSequence), "density b"


def test_a_late_film_makes_a_new_version_that_names_the_one_before(loop, study):
    late = small_film(study.uid, "R", "CC", np.random.default_rng(8))
    late.PatientID = study.films[0].PatientID
    before = reports(loop, study.uid, CAD)
    send(loop.orthanc, [late])
    [first, second] = until(lambda: (found := reports(loop, study.uid, CAD))[1:] and found, "the second report")
    assert [first.SOPInstanceUID] == [report.SOPInstanceUID for report in before]
    assert predecessor(second) == first.SOPInstanceUID
    assert second.SeriesInstanceUID != first.SeriesInstanceUID
    outlines = set(loop.orthanc.instances(study.uid)["SEG"])
    assert len(outlines - set(study.instances["SEG"])) <= 1, "those of the other films are not made again"


def test_nothing_is_lost_or_doubled_when_the_node_is_killed(loop, tmp_path):
    """The short form of `bench/dicom_faults.py`."""
    node = node_for(loop.system, loop.system.home.secrets["demo_password"], tmp_path)
    sent = films(14)  # the last study is partial
    before = len(loop.client._request("GET", "/api/v1/cases").json()["items"])
    acknowledged = deliver_under_fire(node, sent, kills=2)
    try:
        wait_until_delivered(tmp_path / "node")
    finally:
        node.end()
    assert sorted(acknowledged) == sorted(str(film.SOPInstanceUID) for film in sent)
    outcome = compare(acknowledged, tmp_path / "node", loop.client)
    assert outcome == {"acknowledged": 14, "lost": 0, "twice": 0, "cases": 4 + before, "kept": 14}
    worklist = loop.client._request("GET", "/api/v1/cases").json()["items"]
    assert all(film.StudyInstanceUID not in case["pseudonym"] for case in worklist for film in sent)


def test_a_study_waits_where_the_gateway_does_not_take_it(loop, tmp_path):
    """A token that is void is no reason to lose or refuse a film; with a good one it is delivered."""
    node = node_for(loop.system, loop.system.home.secrets["demo_password"], tmp_path)
    good, node.environment["LOBULE_API_TOKEN"] = node.environment["LOBULE_API_TOKEN"], "lobule_void"
    [film] = films(1, seed=16)
    deliver_under_fire(node, [film], kills=0)
    until(lambda: "token_invalid" in node.log.read_text(), "the refusal")
    node.end()
    node.environment["LOBULE_API_TOKEN"] = good
    node.start()
    try:
        wait_until_delivered(tmp_path / "node")
    finally:
        node.end()
    assert "Test^Faults" not in node.log.read_text()
    assert film.StudyInstanceUID not in node.log.read_text()
