"""De-identification: nothing of table E.1-1 stays, pixels and what films are read by do, and it can be undone."""

import io
import struct

import imagecodecs
import numpy as np
import pydicom
import pytest
from planted_film import TABLE, planted_film, survivors
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from lobule.errors import AnalysisError
from lobule.imaging.dicom.deidentify import deidentify, restored, shift
from lobule.imaging.dicom.reader import read_dicom

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom, of planted values


def new_uid(role: str, uid: str) -> str:
    return f"2.25.{abs(hash((role, uid)))}"


def taken_in(content: bytes, **options):
    """A file without its identity, and what was replaced."""
    sink = io.BytesIO()
    replaced = deidentify(io.BytesIO(content), sink, "film", new_uid, **{"days": -100, **options})
    return sink.getvalue(), replaced


@pytest.fixture
def planted(tmp_path, write_dicom, draw_film):
    path = tmp_path / "film.dcm"
    said = {
        "ImageLaterality": "R",
        "ViewPosition": "MLO",
        "ImagerPixelSpacing": [0.1, 0.1],
        "BodyPartExamined": "BREAST",
    }
    return planted_film(path, write_dicom, draw_film(), **said), path.read_bytes()


def in_syntax(content: bytes, syntax) -> bytes:
    film, stream = pydicom.dcmread(io.BytesIO(content)), io.BytesIO()
    if syntax == RLELossless:
        film.compress(syntax, generate_instance_uid=False)
    elif syntax == ExplicitVRBigEndian:
        film.PixelData = np.frombuffer(film.PixelData, "<u2").astype(">u2").tobytes()
    film.file_meta.TransferSyntaxUID = syntax
    little, implicit = syntax != ExplicitVRBigEndian, syntax == ImplicitVRLittleEndian
    film._read_little = film._read_implicit = None
    pydicom.dcmwrite(stream, film, implicit_vr=implicit, little_endian=little, force_encoding=True)
    return stream.getvalue()


@pytest.mark.parametrize(
    "syntax",
    [None, ImplicitVRLittleEndian, RLELossless, DeflatedExplicitVRLittleEndian],
    ids=lambda each: each and each.name,
)
def test_nothing_of_the_table_is_left_and_the_film_reads_alike(planted, syntax):
    found_by, content = planted
    assert len(TABLE) > 640
    if syntax is not None:
        content = in_syntax(content, syntax)
    stored, _ = taken_in(content)
    plain = stored
    if syntax != DeflatedExplicitVRLittleEndian:
        assert len(survivors(found_by, content)) > 600, "they are there before"
    else:
        buffer, film = io.BytesIO(), pydicom.dcmread(io.BytesIO(stored))
        film.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        film.save_as(buffer)
        plain = buffer.getvalue()
    assert survivors(found_by, plain) == []
    before, after = read_dicom(content), read_dicom(stored)
    assert np.array_equal(before.pixels, after.pixels)
    assert (after.view, after.laterality, after.pixel_spacing_mm) == ("MLO", "R", before.pixel_spacing_mm)
    said = pydicom.dcmread(io.BytesIO(stored))
    assert (said.PatientIdentityRemoved, said.PatientAge, str(said.PatientName)) == ("YES", "067Y", "")
    assert said.file_meta.MediaStorageSOPInstanceUID == said.SOPInstanceUID


def test_nothing_of_a_specimen_is_left(write_dicom, draw_film, tmp_path):
    described = pydicom.Dataset()
    described.SpecimenIdentifier = "PLANTED"
    of_specimen = {"ContainerIdentifier": "PLANTED", "SpecimenDescriptionSequence": [described]}
    path = write_dicom(tmp_path / "specimen.dcm", draw_film(), 12, **of_specimen)
    content = path.read_bytes()
    assert content.count(b"PLANTED") == 2
    assert b"PLANTED" not in taken_in(content)[0]


def test_big_endian_files_are_read_in_their_order(write_dicom, draw_film, tmp_path):
    path = write_dicom(tmp_path / "film.dcm", draw_film(), 12, StudyDate="20260102", ViewPosition="CC")
    content = in_syntax(path.read_bytes(), ExplicitVRBigEndian)
    stored, _ = taken_in(content)
    assert b"Test^Film" in content
    assert b"Test^Film" not in stored
    assert np.array_equal(read_dicom(content).pixels, read_dicom(stored).pixels)
    assert pydicom.dcmread(io.BytesIO(stored)).StudyDate == "20250924"


def test_references_to_a_film_become_references_to_the_stored_one(write_dicom, draw_film, tmp_path):
    reference = pydicom.Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.1.2", "1.2.3.4"
    path = write_dicom(
        tmp_path / "film.dcm", draw_film(), 12, SOPInstanceUID="1.2.3.4", ReferencedImageSequence=[reference]
    )
    stored, replaced = taken_in(path.read_bytes())
    said = pydicom.dcmread(io.BytesIO(stored))
    assert said.ReferencedImageSequence[0].ReferencedSOPInstanceUID == said.SOPInstanceUID != "1.2.3.4"
    assert said.ReferencedImageSequence[0].ReferencedSOPClassUID == reference.ReferencedSOPClassUID
    assert replaced.uids[said.SOPInstanceUID] == "1.2.3.4"


def test_what_was_kept_gives_the_file_its_identity_back(write_dicom, draw_film, tmp_path):
    said = {"StudyDate": "20260102", "PatientName": "Wang^XiaoDong=王^小东", "SpecificCharacterSet": "GB18030"}
    path = write_dicom(tmp_path / "film.dcm", draw_film(), 12, **said, PatientBirthDate="19600101", PatientAge="093Y")
    stored, replaced = taken_in(path.read_bytes())
    assert pydicom.dcmread(io.BytesIO(stored)).PatientAge == "090Y"
    again = b"".join(restored(io.BytesIO(stored), "film", replaced))
    assert pydicom.dcmread(io.BytesIO(again)) == pydicom.dcmread(path)


def test_a_pseudonym_stands_in_the_place_of_the_name(write_dicom, draw_film, tmp_path):
    stored, _ = taken_in(write_dicom(tmp_path / "film.dcm", draw_film(), 12).read_bytes(), pseudonym="LB-ABC")
    said = pydicom.dcmread(io.BytesIO(stored))
    assert (said.PatientID, str(said.PatientName)) == ("LB-ABC", "LB-ABC")


@pytest.mark.parametrize(
    ("said", "days", "expected"),
    [
        (b"20260301", -1, b"20260228"),
        (b"2026.01.02", 1, b"20260103"),
        (b"20260102111213.5", 1, b"20260103000000"),
        (b"00010101", 100, b"00010411"),
    ],
)
def test_dates_are_shifted(said, days, expected):
    assert shift(said, days) == expected


@pytest.mark.parametrize("said", [b"", b"yesterday", b"20261301", b"00010101"])
def test_what_is_no_date_is_left_out(said):
    assert shift(said, -100) == b""


def test_what_is_no_dicom_and_what_is_too_much_is_refused(planted):
    with pytest.raises(AnalysisError):
        taken_in(b"no DICOM at all" * 20)
    head = planted[1][:2000]
    items = b"\xfe\xff\x00\xe0\x00\x00\x00\x00" * 20_000
    with pytest.raises(AnalysisError):
        taken_in(head[:132] + b"\x54\x00\x20\x02SQ\x00\x00\xff\xff\xff\xff" + items)


def test_a_file_that_ends_anywhere_gives_no_identity_away(planted):
    found_by, content = planted
    for end in range(140, len(content), len(content) // 150):
        try:
            stored, _ = taken_in(content[:end])
        except AnalysisError:
            continue
        assert survivors(found_by, stored) == [], end


@pytest.mark.parametrize("tag", [0x00100010, 0x00100020, 0x00120062, 0x00120063, 0x00280303], ids=hex)
@pytest.mark.parametrize("where", ["twice", "late"])
def test_what_is_replaced_may_come_again_and_late(write_dicom, draw_film, tmp_path, tag, where):
    content = write_dicom(tmp_path / "film.dcm", draw_film(), 12, StudyDate="20260102").read_bytes()
    element = struct.pack("<HH", tag >> 16, tag & 0xFFFF) + b"LO\x08\x00Doe^Jane"
    before = struct.pack("<HH", 0x0008, 0x0060) if where == "twice" else struct.pack("<HH", 0x7FE0, 0x0010)
    at = content.index(before)
    again = element * 2 if where == "twice" else element
    stored, _ = taken_in(content[:at] + again + content[at:], pseudonym="LB-ABC")
    assert b"Doe^Jane" not in stored
    assert stored.count(element[:4]) == 1
    assert pydicom.dcmread(io.BytesIO(stored)).PatientID == "LB-ABC"


@pytest.mark.parametrize("split", [False, True], ids=["one fragment", "two fragments"])
@pytest.mark.parametrize("coding", ["JPEG-LS", "JPEG 2000"])
def test_comments_within_pixels_become_zeros(write_dicom, draw_film, tmp_path, coding, split):
    path = write_dicom(tmp_path / "film.dcm", draw_film(), 12)
    film, name = pydicom.dcmread(path), b"Doe^Jane"
    pixels = film.pixel_array
    if coding == "JPEG-LS":
        film.file_meta.TransferSyntaxUID = JPEGLSLossless
        data = imagecodecs.jpegls_encode(pixels)
        data = data[:2] + b"\xff\xfe\0\x0a" + name + data[2:]
    else:
        film.file_meta.TransferSyntaxUID = JPEG2000Lossless
        data = imagecodecs.jpeg2k_encode(pixels, level=0, codecformat="j2k")
        at = data.index(b"\xff\x90")
        data = data[:at] + b"\xff\x64\0\x0c\0\1" + name + data[at:]
    film.PixelData = encapsulate([data], fragments_per_frame=2 if split else 1)
    film["PixelData"].VR, film["PixelData"].is_undefined_length = "OB", True
    film.save_as(path)
    content = path.read_bytes()
    stored, replaced = taken_in(content)
    assert name in content
    assert name not in stored
    before, after = pydicom.dcmread(io.BytesIO(content)), pydicom.dcmread(io.BytesIO(stored))
    assert len(before.PixelData) == len(after.PixelData)
    assert np.array_equal(read_dicom(content).pixels, read_dicom(stored).pixels)
    back = b"".join(restored(io.BytesIO(stored), "film", replaced))
    assert pydicom.dcmread(io.BytesIO(back)).PixelData == after.PixelData
