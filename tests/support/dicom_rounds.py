"""Sends films through Orthanc and the node, and reads what comes back."""

import io
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pydicom
from dicom_faults import VIEWS, small_film
from dicom_peer import connect

from dicom_node.node import Node
from dicom_node.settings import NodeSettings
from lobule.client import Client
from lobule.launcher.system import RunningSystem

PROGRAM, PROGRAM_PASSWORD = "pacs", "a long password of a program"
"""The account of `node_of_a_program`."""


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
    """The reports of a study with this title, the oldest first."""
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


def dated(uid: str, day: str, patient: str, seed: int, **tags) -> list[pydicom.Dataset]:
    """Four films of a study with a date."""
    chance = np.random.default_rng(seed)
    films = [small_film(uid, side, view, chance) for side, view in VIEWS]
    for film in films:
        film.PatientID, film.StudyDate = patient, day
        for name, value in tags.items():
            setattr(film, name, value)
    return films


@contextmanager
def node_of_a_program(system: RunningSystem, **settings) -> Iterator[Node]:
    """A node in this process, with the account of a program that may report."""
    add = [sys.executable, "-m", "lobule.cli", "user", "add", PROGRAM, "--role", "service", "--password-stdin"]
    subprocess.run([*add, "--home", system.home.folder], input=PROGRAM_PASSWORD, text=True, check=True)
    with Client(system.url, PROGRAM, PROGRAM_PASSWORD) as program:
        made = program.request("POST", "/api/v1/tokens", json={"name": "node", "scopes": ["read", "write"]}).json()
    own = {"gateway_url": system.url, "api_token": made["secret"], "dicom_calling_ae_titles": "*"}
    node = Node(NodeSettings(**own, dicom_port=0, dicom_reserve_bytes=0, **settings))
    try:
        yield node
    finally:
        node.close()
