"""Results without names, as the gateway stores them, conform as before and refer to the stored films."""

import io
import shutil

import pydicom
import pytest
from dicom_objects import errors_in, inputs, objects_of

from lobule.imaging.dicom.deidentify import deidentify
from lobule.imaging.dicom.retained import Scope

NAMES = (b"Roe", b"PID-1", b"HOSPITAL", b"A-77", b"Doctor", b"19600131", b"20260131", b"1.2.826.0.1.3680043.8.498.15")


def new_uid(role: str, uid: str) -> str:
    return f"2.25.{sum(ord(char) * 997**place for place, char in enumerate(role + uid)) % 2**120}"


def taken_in(content: bytes, scope: Scope) -> bytes:
    sink = io.BytesIO()
    deidentify(io.BytesIO(content), sink, scope, new_uid, days=-40)
    return sink.getvalue()


def references(made: pydicom.Dataset) -> set[str]:
    return {str(each.value) for each in made.iterall() if each.keyword == "ReferencedSOPInstanceUID"}


@pytest.mark.filterwarnings("ignore:The (PN component|value) length:UserWarning")
def test_results_without_names_conform_and_refer_to_the_stored_films(tmp_path):
    if shutil.which("dciodvfy") is None or shutil.which("dsrdump") is None:
        pytest.skip("there is no dciodvfy or dsrdump (apt-get install dicom3tools dcmtk)")
    films = next(films for name, films in inputs(1, tmp_path) if name == "whole")
    film = pydicom.dcmread(io.BytesIO(taken_in((tmp_path / "film-0-0.dcm").read_bytes(), "film")))
    for name, made in objects_of(films).items():
        buffer = io.BytesIO()
        made.save_as(buffer, enforce_file_format=True)
        content = taken_in(buffer.getvalue(), "result")
        assert [each for each in NAMES if each in content] == [], name
        stored = pydicom.dcmread(io.BytesIO(content))
        assert errors_in(stored, tmp_path / f"{name}.dcm") == [], name
        assert stored.StudyInstanceUID == film.StudyInstanceUID, name
        assert references(stored) == {new_uid("instance", uid) for uid in references(made)}, name
        assert name != "findings" or film.SOPInstanceUID in references(stored)
