"""A film in which every attribute of DICOM PS3.15, table E.1-1, has a searchable value."""

import re
from datetime import date, timedelta
from pathlib import Path

import pydicom
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataset import Dataset
from pydicom.tag import Tag

_LINES = (Path(__file__).parent / "confidential_attributes.txt").read_text().split()
TABLE = [int(tag, 16) for tag in _LINES if tag[:4] not in ("0000", "0002")]
"""The tags of table E.1-1 in the edition of 2026c; one tag stands for the groups 50xx, and two for 60xx.

Attributes of messages (0000) are left out, and those of the file meta information (0002) are planted separately."""
OF_A_SPECIMEN = {0x00400512, 0x00400560}
"""A file with them shows a specimen, which is refused; `test_deidentify.py` removes them from one of their own."""
RETAINED = {0x00100040: "sex", 0x00101010: "age", 0x00081140: "references, with new UIDs"}
"""The attributes that a stored film keeps by design."""
_NEW_UID = re.compile(rb"2\.25\.[0-9]{1,39}")
_FIRST_DAY = date(1951, 3, 1)
_TEXTS = {"LO", "SH", "PN", "ST", "LT", "UT", "UC", "CS", "AE", "UR"}


def _value(representation: str, number: int):
    """A unique value with the bytes by which it is found; None if it cannot be searched for."""
    day = f"{_FIRST_DAY + timedelta(number):%Y%m%d}"
    if representation in _TEXTS:
        return f"PLANT{number:04d}X", f"PLANT{number:04d}X".encode()
    if representation == "UI":
        return f"1.3.6.1.4.1.77777.{number}.8", f"1.3.6.1.4.1.77777.{number}.8".encode()
    if representation == "DA":
        return day, day.encode()
    if representation == "DT":
        return f"{day}111213", day.encode()
    if representation == "TM":
        return f"111213.77{number:04d}", f"111213.77{number:04d}".encode()
    if representation in ("DS", "IS"):
        return str(1_770_000_000 + number), str(1_770_000_000 + number).encode()
    if representation in ("OB", "OW", "UN"):
        return f"PLANT{number:04d}X".encode(), f"PLANT{number:04d}X".encode()
    if representation == "AS":
        return "067Y", None
    return (1.5 if representation in ("FL", "FD") else 7), None


def plant(film: Dataset) -> dict[int, bytes]:
    """Plant a value into every attribute of the table: in the data set, in a retained sequence, and in private ones.

    Returns:
        The bytes by which each attribute is found.
    """
    planted: dict[int, bytes] = {}
    nested = Dataset()
    for number, tag in enumerate(TABLE):
        if tag in OF_A_SPECIMEN:
            continue
        # pydicom does not know the newest attributes, and files may state other representations
        representation = dictionary_VR(tag).split(" or ")[0] if dictionary_has_tag(tag) else "LO"
        if representation == "SQ":
            item = Dataset()
            item.PatientComments = f"PLANT{number:04d}X"
            value, found = [item], f"PLANT{number:04d}X".encode()
        else:
            value, found = _value(representation, number)
        film.add_new(Tag(tag), representation, value)
        if representation != "SQ":
            nested.add_new(Tag(tag), representation, value)
        if found is not None and tag not in RETAINED:
            planted[tag] = found
    film.ViewCodeSequence = [nested]
    block = film.private_block(0x0019, "PLANT9001X", create=True)
    block.add_new(0x01, "LO", "PLANT9002X")
    film.add_new(0x00189999, "LO", "PLANT9003X")  # not in any edition
    planted |= {0x00190010: b"PLANT9001X", 0x00191001: b"PLANT9002X", 0x00189999: b"PLANT9003X"}
    return planted


def planted_film(path: Path, write_dicom, pixels, **tags) -> dict[int, bytes]:
    """Write such a film; returns the bytes by which each attribute is found."""
    write_dicom(path, pixels, 12, **tags)
    film = pydicom.dcmread(path)
    planted = plant(film)
    film.file_meta.MediaStorageSOPInstanceUID = film.SOPInstanceUID
    film.file_meta.SourceApplicationEntityTitle = "PLANT9004X"
    film.save_as(path, enforce_file_format=True)
    return planted | {0x00020016: b"PLANT9004X"}


def survivors(planted: dict[int, bytes], *contents: bytes) -> list[str]:
    """The attributes whose planted values occur in any of the contents.

    New UIDs are left out, because their random digits can contain the digits of a date.
    """
    searched = [_NEW_UID.sub(b"", content) for content in contents]
    return [f"{tag:08X}" for tag, found in planted.items() if any(found in content for content in searched)]
