"""Reads the headers of image files without decoding pixels.

Because only the header is parsed, a file that announces 60000 x 60000 pixels is refused before memory is allocated.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from lobule.contracts.modality import Format, ModalitySpec
from lobule.errors import AnalysisError
from lobule.imaging import jpeg_header, png_header, tiff_directory
from lobule.imaging.dicom.file import PREAMBLE, looks_like_dicom, open_dicom
from lobule.imaging.dicom.identity import DicomIdentity, identity_of
from lobule.imaging.dicom.layout import check_length, layout_of
from lobule.imaging.jpeg_header import read_jpeg
from lobule.imaging.picture_header import PictureHeader, check_size
from lobule.imaging.png_header import read_png
from lobule.imaging.tiff_header import read_tiff
from lobule.modalities import spec_of

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
_OTHERS = {b"GIF8": "GIF", b"BM": "BMP", b"RIFF": "WebP", b"%PDF": "PDF", b"PK\3\4": "ZIP"}


@dataclass(frozen=True)
class ImageHeader:
    """Size and format of an image, from its header.

    Attributes:
        format: File format, determined from the content and not from the name.
        width: Stored columns, before EXIF orientation.
        height: Stored rows, before EXIF orientation.
        dicom: Patient and study of a DICOM file; None for other formats.
    """

    format: Format
    width: int
    height: int
    dicom: DicomIdentity | None = None

    @property
    def media_type(self) -> str:
        """The format's registered media type."""
        return MEDIA_TYPES[self.format]


def read_header(source: Path | BinaryIO, modality: str | ModalitySpec) -> ImageHeader:
    """Read and check an image's header.

    Args:
        source: A file, or a binary stream positioned at its start.
        modality: Expected modality, as the name of a packaged modality or as a specification; determines the accepted
            formats.

    Raises:
        AnalysisError: `empty_file`, `unsupported_format`, `image_unreadable`, `animated_image`, `too_many_pixels` or
            `image_too_small`.
    """
    if isinstance(source, Path):
        with source.open("rb") as stream:
            return read_header(stream, modality)
    spec = spec_of(modality)
    first = source.read(PREAMBLE)
    source.seek(0)
    if not first:
        raise AnalysisError("empty_file")
    if looks_like_dicom(first):
        if "DICOM" not in spec.formats:
            raise _unsupported("DICOM", spec)
        return _dicom_header(source)
    header = _picture_header(source, spec)
    if header.format not in spec.formats:
        raise _unsupported(header.format, spec)
    check_size(header.width, header.height)
    return header


def is_grey(path: Path) -> bool:
    """Whether a file is DICOM or a picture without colour; False if it cannot be determined."""
    with path.open("rb") as stream:
        first = stream.read(PREAMBLE)
        stream.seek(0)
        if looks_like_dicom(first):
            return True
        reader = next((reader for start, reader in _PICTURES if first.startswith(start)), None)
        try:
            return reader is not None and reader(stream).colour == "grey"
        except AnalysisError:  # reading it will raise the error
            return False


def _unsupported(found: str, spec: ModalitySpec) -> AnalysisError:
    return AnalysisError(
        "unsupported_format", "not_accepted", found=found, modality=spec.name, formats=list(spec.formats)
    )


def _picture_header(source: BinaryIO, spec: ModalitySpec) -> ImageHeader:
    first = source.read(12)
    source.seek(0)
    reader = next((reader for start, reader in _PICTURES if first.startswith(start)), None)
    if reader is None:
        known = next((name for start, name in _OTHERS.items() if first.startswith(start)), None)
        if known is None:
            raise AnalysisError("unsupported_format", "unknown", formats=list(spec.formats))
        raise _unsupported(known, spec)
    header = reader(source)
    check_size(header.width, header.height, header.decoded_bytes)
    return ImageHeader(header.format, header.width, header.height)


def _dicom_header(source: BinaryIO) -> ImageHeader:
    file = open_dicom(source)
    width, height = file.size
    check_size(width, height, layout_of(file).bytes)
    check_length(file)
    return ImageHeader("DICOM", width, height, identity_of(file.tags))
