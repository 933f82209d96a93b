"""The DICOM node between a real Orthanc and a real gateway.

Films go in, and report, outlines and document come back under the same study; an acknowledged film arrives exactly
once, even if processes are killed.
"""

import shutil
import signal
import sqlite3
import subprocess
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pydicom
import pytest
import requests
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
from dicom_rounds import dated, node_of_a_program, polyline, predecessor, read, received, reports, send, until
from dicomweb_client import DICOMwebClient
from fhir.resources.R4B import get_fhir_model_class
from hospital_peers import fhir_server, mllp_server
from orthanc import executable
from portal_signing import sign_case
from pydantic import SecretStr
from pydicom.uid import generate_uid

from dicom_node.hl7.syntax import parse
from dicom_node.priors.choosing import PriorCriteria
from dicom_node.priors.web import DicomwebPeer
from dicom_node.settings import NodeSettings
from lobule.client import Client
from lobule.launcher import system as launcher
from lobule.launcher.system import ADMIN, DEMO, running_system

FINDINGS, CONCLUSION, CAD = "126000", "18745-0", "111036"  # titles of reports
STUB, TOY = (Path(__file__).parent / name for name in ("stub_mammography", "toy_modality"))
SPOT = (slice(60, 80), slice(30, 55))  # rows and columns that are painted white


@pytest.fixture(scope="module")
def loop(tmp_path_factory):
    """Orthanc, a node, and a system with a stub as its mammography worker."""
    if executable() is None:
        pytest.skip("there is no Orthanc (apt-get install orthanc)")
    folder = tmp_path_factory.mktemp("loop")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{STUB}:{TOY}", prepend=":")
        patch.setenv("LOBULE_NAMES", "keep")  # by DICOMweb, the study is found under its own names
        patch.setenv("LOBULE_NAMES_KEY", "a key of the tests that encrypts names")
        patch.syspath_prepend(str(STUB))
        workers = {"mammo": "bright_spots.worker", "report": launcher.WORKER_MODULES["report"]}
        patch.setattr(launcher, "WORKER_MODULES", workers)
        patch.setattr(launcher, "QUEUES", tuple(workers))
        with (
            running_system(folder / "home", "127.0.0.1", 0, show_logs=False, log_format="json", echo=print) as system,
            fhir_server() as fhir,
            mllp_server() as mllp,
            running_loop(
                system,
                folder,
                LOBULE_DICOM_FHIR_URL=fhir.url,
                LOBULE_DICOM_HL7_DESTINATIONS=f"RIS@127.0.0.1:{mllp.port}",
            ) as running,
        ):
            running.fhir, running.mllp = fhir, mllp
            yield running


@pytest.fixture(scope="module")
def study(loop):
    """A study that completed the loop although the node was killed after it acknowledged the last film."""
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


def test_the_gateway_has_films_and_results_for_dicomweb(loop, study):
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {loop.client._token()}"
    dicomweb = DICOMwebClient(f"{loop.system.url}/dicom-web", session=session)

    def found() -> dict:
        return next(iter(dicomweb.search_for_studies(search_filters={"StudyInstanceUID": study.uid})), {})

    modalities = sorted(study.instances)
    until(lambda: found().get("00201208", {}).get("Value") == [17], "the results at the gateway")
    assert found()["00080061"]["Value"] == modalities
    at_the_pacs = {str(read(loop.orthanc, each).SOPInstanceUID) for kind in study.instances.values() for each in kind}
    assert {str(each.SOPInstanceUID) for each in dicomweb.retrieve_study(study.uid)} == at_the_pacs
    session.close()


def test_orthanc_is_told_that_its_films_are_kept(loop, study):
    names = [{"SOPClassUID": film.SOPClassUID, "SOPInstanceUID": film.SOPInstanceUID} for film in study.films]
    answer = loop.orthanc.post("/modalities/lobule/storage-commitment", {"DicomInstances": names})
    outcome = until(lambda: _settled(loop.orthanc.get(f"/storage-commitment/{answer['ID']}")), "the commitment", 30)
    assert outcome["Status"] == "Success"
    assert len(outcome["Success"]) == 4


def _settled(report: dict) -> dict | None:
    return report if report["Status"] != "Pending" else None


def test_a_signature_sends_what_the_reader_stated_and_no_findings_again(loop, study):
    [case] = [case for case in loop.client.request("GET", "/api/v1/cases").json()["items"] if case["images"] == 4]
    image = loop.client.case(case["id"])["images"][0]
    review = f"/api/v1/cases/{case['id']}/reviews/{image['job']['id']}/f1"
    loop.client.request("PUT", review, json={"verdict": "dismissed"})
    concerns = ["unreviewed", "not_assessed", "pending", "contradiction"]
    breasts = {"right": {"bi_rads": 2, "density": "b", "recommendation": "routine_screening"}}
    signature = {"acknowledged": concerns, "breasts": breasts}
    sign_case(loop.system.url, DEMO, loop.system.home.secrets["demo_password"], case["id"], signature)
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
    until(lambda: loop.mllp.messages and loop.fhir.bodies, "message and bundle")
    told = parse(loop.mllp.messages[0].encode())
    assert (told.value("PID", 3), told.value("PID", 5)) == (study.films[0].PatientID, "Test")
    assert [each[5] for each in told.every("OBX")][-1].startswith(f"{loop.system.url}/cases/{case['id']}^")
    bundle = get_fhir_model_class("Bundle").model_validate_json(loop.fhir.bodies[0])
    reports_told = [e.resource for e in bundle.entry if e.resource.get_resource_type() == "DiagnosticReport"]
    [report] = [each for each in reports_told if each.id == case["id"]]
    assert report.status == "final"
    assert report.subject.identifier.value == study.films[0].PatientID
    assert report.presentedForm[0].data.startswith(b"%PDF")


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


def test_priors_are_fetched_from_the_pacs_and_judged_as_such(loop):
    archived, uid = generate_uid(), generate_uid()
    send(loop.orthanc, dated(archived, "20240105", "PRIORS-1", 21, StudyDescription="Archive"))
    send(loop.orthanc, dated(generate_uid(), "20100105", "PRIORS-1", 22, StudyDescription="Archive"))
    send(loop.orthanc, dated(generate_uid(), "20240105", "PRIORS-2", 23, StudyDescription="Archive"))
    send(loop.orthanc, dated(uid, "20260105", "PRIORS-1", 24))
    ended = "SELECT state, problem FROM prior_searches WHERE study_uid = ? AND state = 'done'"
    journal = loop.folder / "node" / "journal.sqlite"

    def search():
        with sqlite3.connect(journal) as database:
            return database.execute(ended, (uid,)).fetchone()

    assert until(search, "the priors") == ("done", "studies:1 films:4")
    with sqlite3.connect(journal) as database:
        [case_id] = database.execute("SELECT case_id FROM studies WHERE study_uid = ?", (uid,)).fetchone()
    places = [(image["is_prior"], image["study_date"]) for image in loop.client.case(case_id)["images"]]
    assert sorted(places) == [(False, "2026-01-05")] * 4 + [(True, "2024-01-05")] * 4
    until(lambda: len(loop.orthanc.instances(uid).get("SR", [])) == 3, "the results")
    [report] = reports(loop, uid, FINDINGS)
    assert archived not in report.to_json(), "a report is about its own study"


def test_priors_come_by_dicomweb_too(loop, study, tmp_path):
    settings = NodeSettings(api_token="x", dicom_folder=tmp_path, dicom_calling_ae_titles="*")
    peer = DicomwebPeer(f"{loop.system.url}/dicom-web", settings, SecretStr(loop.client._token()), None)
    film = study.films[0]
    wanted = PriorCriteria(film.PatientID, None, date(2026, 1, 1), date(1990, 1, 1))
    assert peer.studies(wanted) == [], "the study has no date"
    found = {each.sop_instance_uid: each for each in peer.films(study.uid)}
    assert found.keys() >= {str(each.SOPInstanceUID) for each in study.films}
    peer.fetch(study.uid, found[str(film.SOPInstanceUID)], tmp_path / "film.dcm")
    assert pydicom.dcmread(tmp_path / "film.dcm").PixelData == film.PixelData


def test_nothing_is_lost_or_doubled_when_the_node_is_killed_and_the_network_cut(loop, tmp_path):
    """The short form of `bench/dicom_faults.py`."""
    node = node_for(loop.system, loop.system.home.secrets["demo_password"], tmp_path)
    sent = films(14)  # the last study is partial
    before = len(loop.client.request("GET", "/api/v1/cases").json()["items"])
    acknowledged = deliver_under_fire(node, sent, kills=2, cuts=3)
    try:
        wait_until_delivered(tmp_path / "node")
    finally:
        node.end()
    assert sorted(acknowledged) == sorted(str(film.SOPInstanceUID) for film in sent)
    outcome = compare(acknowledged, tmp_path / "node", loop.client)
    assert outcome == {"acknowledged": 14, "lost": 0, "twice": 0, "cases": 4 + before, "kept": 14}
    worklist = loop.client.request("GET", "/api/v1/cases").json()["items"]
    assert all(film.StudyInstanceUID not in case["pseudonym"] for case in worklist for film in sent)


def test_a_study_waits_where_the_gateway_does_not_take_it(loop, tmp_path):
    """An invalid token is no reason to lose or refuse a film; with a valid one it is delivered."""
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


def test_a_node_reports_and_does_what_an_administrator_asks(loop, tmp_path):
    settings = {"dicom_folder": tmp_path, "dicom_destinations": f"ORTHANC@127.0.0.1:{loop.orthanc.dicom_port}"}
    with (
        node_of_a_program(loop.system, **settings),
        Client(loop.system.url, ADMIN, loop.system.home.secrets["admin_password"]) as admin,
    ):
        [known] = until(lambda: admin.request("GET", "/api/v1/nodes").json(), "the report")
        assert [peer["name"] for peer in known["report"]["peers"]] == ["ORTHANC", "gateway:"]
        place = f"/api/v1/nodes/{known['id']}/tasks"
        for kind in ("echo", "sample"):
            task = admin.request("POST", place, json={"kind": kind, "peer": "ORTHANC"}).json()["id"]
            outcome = until(lambda at=f"{place}/{task}": admin.request("GET", at).json()["outcome"], "the outcome")
            assert outcome == "ok"
    found = loop.orthanc.post("/tools/find", {"Level": "Patient", "Query": {"PatientID": "LOBULE-TEST"}})
    assert len(found) == 1, "the sample"
