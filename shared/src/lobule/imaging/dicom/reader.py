"""Reads a DICOM mammogram as a film."""

import io

from lobule.contracts.result import Notice
from lobule.errors import AnalysisError
from lobule.imaging.dicom.file import LOSSY, DicomFile, open_dicom
from lobule.imaging.dicom.kind import kinds_of
from lobule.imaging.dicom.layout import layout_of
from lobule.imaging.dicom.measure import measure
from lobule.imaging.dicom.orientation import hanging_of
from lobule.imaging.dicom.pixels import stored_cells
from lobule.imaging.dicom.presentation import windows_of
from lobule.imaging.dicom.spacing import aspect_of, spacing_of
from lobule.imaging.dicom.views import laterality_of, view_of
from lobule.imaging.dicom.vocabulary import Tag
from lobule.imaging.film import Film
from lobule.words import make_notice


def read_dicom(data: bytes) -> Film:
    """Read a mammogram as it was measured: modality LUT applied, padding apart, tissue bright, no window applied.

    Tags other than the pixels' layout are optional: an unusable one becomes a notice.

    Args:
        data: The whole file.

    Raises:
        AnalysisError: As raised by `open_dicom`; `unsupported_format` for an unsupported layout or coding;
            `image_unreadable` or `image_truncated` if the pixels are damaged or do not match the tags.
    """
    try:
        return _read(open_dicom(io.BytesIO(data)))
    except AnalysisError:
        raise
    except Exception as error:  # noqa: BLE001 - hostile bytes may only fail their own reading
        raise AnalysisError("image_unreadable", "dicom", error=type(error).__name__) from None


def _read(file: DicomFile) -> Film:
    tags, notices = file.tags, list[Notice]()
    layout = layout_of(file)
    cells = stored_cells(file, layout)
    measured = measure(cells, layout, tags, notices)
    windows = windows_of(tags, measured, signed=cells.signed, notices=notices)
    spacing = spacing_of(tags, notices)
    aspect = aspect_of(tags, notices) if spacing.mm is None else None
    view, about_view = view_of(tags)
    laterality, about_side = laterality_of(tags)
    notices += [*about_view, *about_side]
    hanging = hanging_of(tags, None if about_side else laterality, notices)  # up and down are valid for either side
    if file.syntax in LOSSY:
        notices.append(make_notice("lossy_compression", compression=file.syntax_name))
    if tags.code(Tag.PARTIAL_VIEW) == "YES":
        notices.append(make_notice("partial_view"))
    if "GENERATED_2D" in kinds_of(tags):
        notices.append(make_notice("synthesised_view"))
    if tags.code(Tag.IMPLANT) == "YES":
        notices.append(make_notice("implant"))
    if tags.code(Tag.PATIENT_SEX) == "M":
        notices.append(make_notice("male_patient"))
    return Film(
        measured.pixels,
        view,
        laterality,
        spacing.mm,
        measured.colourfulness,
        list({notice.code: notice for notice in reversed(notices)}.values())[::-1],
        valid=measured.valid,
        windows=windows,
        offset=measured.offset,
        step=measured.step,
        pixel_aspect=aspect,
        spacing_plane=spacing.plane,
        magnification=spacing.magnification,
        hanging=hanging,
        bits=measured.bits,
    )
