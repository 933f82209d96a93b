"""Priors from dcmtk's archive, which names no class of an image and converts no compressed film."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from dicom_faults import free_port
from dicom_peer import tool
from pydicom.uid import JPEGLosslessSV1

from dicom_node.peers import Place
from dicom_node.priors.choosing import PriorCriteria, choose
from dicom_node.priors.dimse import DimsePeer
from dicom_node.receiving.rules import FILM_CLASSES, TRANSFER_SYNTAXES
from dicom_node.reporting import probes
from lobule.imaging.header import read_header


@pytest.fixture
def archive(tmp_path, make_settings) -> Iterator[Place]:
    """An archive that prefers compressed films."""
    place = Place("QR", "127.0.0.1", free_port())
    (tmp_path / "database").mkdir()
    (tmp_path / "archive.cfg").write_text(
        f"NetworkTCPPort = {place.port}\nMaxPDUSize = 16384\nMaxAssociations = 8\nHostTable BEGIN\nHostTable END\n"
        "VendorTable BEGIN\nVendorTable END\n"
        f"AETable BEGIN\nQR {tmp_path / 'database'} RW (9, 64mb) ANY\nAETable END\n"
    )
    with subprocess.Popen([tool("dcmqrscp"), "-c", tmp_path / "archive.cfg", "+xs"]) as running:
        deadline = time.monotonic() + 60
        while probes.echo(place, make_settings()) != "ok":
            assert time.monotonic() < deadline
        yield place
        running.terminate()


def test_films_of_any_age_and_compression_are_priors(archive, make_film, start_node, tmp_path):
    """No film of such an archive was taken: it names no classes, and sent compressed films in no context."""
    patient = {"PatientID": "P1", "PatientBirthDate": "19600102", "StudyID": "1", "SeriesNumber": 1}
    tags = patient | {"StudyTime": "120000", "AccessionNumber": "A", "InstanceNumber": 1}
    new = make_film("RCC", StudyInstanceUID="1.2.7", StudyDate="20250101", **tags)
    old = make_film("RCC", StudyInstanceUID="1.2.8", StudyDate="20060101", **tags)
    packed = tmp_path / "packed.dcm"
    subprocess.run([tool("dcmcjpeg"), "+e1", old, packed], check=True)
    for film, proposed in ((new, "-xi"), (packed, "-xs")):
        sent = [tool("storescu"), proposed, "-aec", "QR", archive.host, str(archive.port), film]
        subprocess.run(sent, check=True)
    current = read_header(make_film("RCC", StudyDate="20260501", **tags), "mammography").dicom
    criteria = PriorCriteria.of(current, years=25)
    node = start_node()
    peer = DimsePeer(archive, node.settings, node.awaited)
    syntaxes = []
    for number, study in enumerate(choose(peer.studies(criteria), criteria, set(), 9)):
        [film] = peer.films(study.study_uid)
        assert film.sop_class_uid == "", "this archive does not say it"
        path: Path = tmp_path / f"prior-{number}"
        peer.fetch(study.study_uid, film, path)
        assert criteria.fits(read_header(path, "mammography").dicom, study)
        syntaxes.append(pydicom.dcmread(path).file_meta.TransferSyntaxUID)
    assert [syntax.is_compressed for syntax in syntaxes] == [False, True]
    assert syntaxes[1] == JPEGLosslessSV1


def test_every_class_and_syntax_of_a_film_fits_in_one_association():
    """An association has at most 128 presentation contexts (PS3.8, 9.3.2.2), one of which is that of C-GET."""
    assert 1 + len(FILM_CLASSES) * len(TRANSFER_SYNTAXES) <= 128
