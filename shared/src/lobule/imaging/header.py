"""What an image file says of itself, read without decoding a pixel.

Only the header is parsed, so a file that announces 60000 x 60000 pixels is refused before any memory is set aside.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, Literal

from lobule.contracts.errors import AnalysisError
from lobule.contracts.result import Laterality, Modality, View
from lobule.imaging import jpeg_header, png_header, tiff_directory
from lobule.imaging.jpeg_header import read_jpeg
from lobule.imaging.picture_header import PictureHeader, check_size
from lobule.imaging.png_header import read_png
from lobule.imaging.tiff_header import read_tiff

Format = Literal["PNG", "JPEG", "TIFF", "DICOM"]

ACCEPTED: dict[Modality, tuple[Format, ...]] = {
    "histopathology": ("PNG", "JPEG", "TIFF"),
    "mammography": ("PNG", "JPEG", "TIFF", "DICOM"),
}
MEDIA_TYPES: dict[Format, str] = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "TIFF": "image/tiff",
    "DICOM": "application/dicom",
}

_PICTURES: tuple[tuple[bytes, Callable[[BinaryIO], PictureHeader]], ...] = (
    (png_header.SIGNATURE, read_png),
    (jpeg_header.SIGNATURE, read_jpeg),
    *((signature, lambda stream: read_tiff(stream).header) for signature in tiff_directory.SIGNATURES),
)
_OTHERS = {b"GIF8": "GIF", b"BM": "BMP", b"RIFF": "WebP", b"%PDF": "PDF", b"PK\3\4": "an archive"}


@dataclass(frozen=True)
class DicomIdentity:
    """What a DICOM file says of whom and what it shows. Never to be logged.

    Each attribute is None where the file does not say it, or not in a form that can be read.

    Attributes:
        patient_id: (0010,0020).
        patient_name: (0010,0010), its alphabetic form, `Family^Given`.
        patient_birth_date: (0010,0030).
        study_instance_uid: (0020,000D).
        series_instance_uid: (0020,000E).
        sop_instance_uid: (0008,0018).
        sop_class_uid: (0008,0016).
        study_date: (0008,0020).
        laterality: Of the breast.
        view: Of the film.
        station_name: (0008,1010).
        manufacturer: (0008,0070).
    """

    patient_id: str | None = None
    patient_name: str | None = None
    patient_birth_date: date | None = None
    study_instance_uid: str | None = None
    series_instance_uid: str | None = None
    sop_instance_uid: str | None = None
    sop_class_uid: str | None = None
    study_date: date | None = None
    laterality: Laterality | None = None
    view: View | None = None
    station_name: str | None = None
    manufacturer: str | None = None


@dataclass(frozen=True)
class ImageHeader:
    """Size and kind of an image, from its header.

    Attributes:
        format: File format, judged by content and never by name.
        width: Stored columns, before EXIF orientation.
        height: Stored rows, before EXIF orientation.
        dicom: Whom and what a DICOM file shows; None for other formats.
    """

    format: Format
    width: int
    height: int
    dicom: DicomIdentity | None = None

    @property
    def media_type(self) -> str:
        """The format's registered media type."""
        return MEDIA_TYPES[self.format]


def read_header(source: Path | BinaryIO, modality: Modality) -> ImageHeader:
    """Read and judge an image's header.

    Args:
        source: A file, or a binary stream positioned at its start.
        modality: What the image is meant to be; decides which formats are accepted.

    Raises:
        AnalysisError: `empty_file`, `unsupported_format`, `image_unreadable`, `animated_image`, `too_many_pixels` or
            `image_too_small`.
    """
    if isinstance(source, Path):
        with source.open("rb") as stream:
            return read_header(stream, modality)
    first = source.read(132)
    source.seek(0)
    if not first:
        raise AnalysisError("empty_file", "The file is empty. Please choose the image again.")
    header = _dicom_header(source) if first[128:132] == b"DICM" else _picture_header(source, modality)
    if header.format not in ACCEPTED[modality]:
        raise _unsupported(header.format, modality)
    check_size(header.width, header.height)
    return header


def is_grey(path: Path) -> bool:
    """Whether a file is DICOM or a picture that is stored without colour; False where it cannot be told."""
    with path.open("rb") as stream:
        first = stream.read(132)
        stream.seek(0)
        if first[128:] == b"DICM":
            return True
        reader = next((reader for start, reader in _PICTURES if first.startswith(start)), None)
        try:
            return reader is not None and reader(stream).colour == "grey"
        except AnalysisError:  # whoever reads it will say so
            return False


def _unsupported(found: str, modality: Modality) -> AnalysisError:
    accepted = ", ".join(ACCEPTED[modality])
    return AnalysisError(
        "unsupported_format",
        f"This file is {found}, which cannot be analysed as {modality}. Please upload one of: {accepted}.",
    )


def _picture_header(source: BinaryIO, modality: Modality) -> ImageHeader:
    first = source.read(12)
    source.seek(0)
    reader = next((reader for start, reader in _PICTURES if first.startswith(start)), None)
    if reader is None:
        known = next((name for start, name in _OTHERS.items() if first.startswith(start)), None)
        raise _unsupported(known or "not an image that we know (or its first bytes are damaged)", modality)
    header = reader(source)
    check_size(header.width, header.height, header.decoded_bytes)
    return ImageHeader(header.format, header.width, header.height)


def _dicom_header(source: BinaryIO) -> ImageHeader:
    # Imported here: pydicom takes NumPy along where it is installed, and the gateway starts quickly without it.
    import pydicom
    from pydicom.errors import InvalidDicomError

    try:
        tags = pydicom.dcmread(
            source, stop_before_pixels=True, specific_tags=["Rows", "Columns", "NumberOfFrames", *_IDENTITY]
        )
        width, height, frames = int(tags.Columns), int(tags.Rows), int(tags.get("NumberOfFrames") or 1)
    except (InvalidDicomError, AttributeError):
        raise AnalysisError(
            "image_unreadable",
            "The DICOM file holds no image (no Rows or Columns). Please send the mammogram itself.",
        ) from None
    except Exception as error:  # noqa: BLE001 - as above: hostile bytes
        raise AnalysisError(
            "image_unreadable",
            f"The DICOM header is damaged ({type(error).__name__}). Please export it again.",
        ) from None
    if frames > 1:
        raise AnalysisError(
            "animated_image",
            f"The DICOM file holds {frames} frames (tomosynthesis?). Please send a single 2-D image.",
        )
    return ImageHeader("DICOM", width, height, _identity(tags))


_IDENTITY = {
    "PatientID": "patient_id",
    "PatientName": "patient_name",
    "StudyInstanceUID": "study_instance_uid",
    "SeriesInstanceUID": "series_instance_uid",
    "SOPInstanceUID": "sop_instance_uid",
    "SOPClassUID": "sop_class_uid",
    "StationName": "station_name",
    "Manufacturer": "manufacturer",
    "PatientBirthDate": "patient_birth_date",
    "StudyDate": "study_date",
}


def _identity(tags: Any) -> DicomIdentity:
    found: dict[str, Any] = {}
    for keyword, name in _IDENTITY.items():
        try:
            text = str(tags.get(keyword) or "").strip() or None
            found[name] = date.fromisoformat(text) if text and name.endswith("_date") else text
        except Exception:  # noqa: BLE001 - hostile bytes
            found[name] = None
    return DicomIdentity(**found)
