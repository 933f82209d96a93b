"""From a result to its report: the annotated picture, the readable page and the document itself."""

from collections.abc import Mapping
from datetime import datetime

import cv2
import numpy as np
from numpy.typing import NDArray

from lobule.contracts.case import report_file
from lobule.contracts.errors import AnalysisError
from lobule.contracts.language import Language
from lobule.contracts.result import Result
from lobule.imaging.decode import encode_png
from report.annotation import draw_sheet
from report.catalogue import Catalogue
from report.document import ReportDocument, build_document
from report.html import Picture, render_html
from report.overlay import RGB8, blend_heat, draw_findings

_JPEG_QUALITY = 92


def render(
    result: Result, files: Mapping[str, bytes], *, analysed_at: datetime, language: Language = "en"
) -> dict[str, bytes]:
    """Render a result in every form.

    Args:
        result: What a pipeline concluded about one image.
        files: The pictures that the result names (display image, heat map), by name.
        analysed_at: When the analysis ended, with a time zone.
        language: Of the words in the report.

    Returns:
        The files by name, see `lobule.contracts.case.report_file`.

    Raises:
        AnalysisError: `internal_error` where a picture is missing, damaged or of another size than said.
    """
    text = Catalogue(language)
    document = build_document(result, analysed_at, text)
    size = (result.display.width, result.display.height)
    display = _read_picture(files, result.display.file, size, cv2.IMREAD_COLOR_RGB)
    annotated = _annotate(result, document, files, display, size)
    sheet = draw_sheet(document, result.image.file_name, annotated, text)
    return {
        report_file(language, "html"): render_html(document, _jpeg(display), _jpeg(annotated), text),
        report_file(language, "png"): encode_png(sheet.image),
        report_file(language, "json"): result.model_dump_json(indent=2).encode("utf-8"),
    }


def _annotate(
    result: Result, document: ReportDocument, files: Mapping[str, bytes], display: RGB8, size: tuple[int, int]
) -> RGB8:
    picture = display
    if result.heat_map is not None:
        picture = blend_heat(picture, _read_picture(files, result.heat_map.file, size, cv2.IMREAD_GRAYSCALE))
    if result.findings:
        scale = (size[0] / result.image.width, size[1] / result.image.height)
        picture = draw_findings(picture, result.findings, [row.tag for row in document.findings], scale)
    return picture


def _read_picture(files: Mapping[str, bytes], name: str, size: tuple[int, int], flags: int) -> NDArray[np.uint8]:
    """Decode one of our own pictures and hold it against what the result says of it."""
    if name not in files:
        raise AnalysisError(
            "internal_error", f"The report cannot be drawn: the picture {name!r} of the result is missing."
        )
    data = np.frombuffer(files[name], np.uint8)
    picture = cv2.imdecode(data, flags) if data.size else None
    if picture is None:
        raise AnalysisError(
            "internal_error", f"The report cannot be drawn: the picture {name!r} of the result is damaged."
        )
    if (picture.shape[1], picture.shape[0]) != size:
        found = f"{picture.shape[1]} x {picture.shape[0]}"
        raise AnalysisError(
            "internal_error",
            f"The report cannot be drawn: picture {name!r} has {found} pixels, not {size[0]} x {size[1]}.",
        )
    return picture.astype(np.uint8, copy=False)


def _jpeg(picture: RGB8) -> Picture:
    done, buffer = cv2.imencode(
        ".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    )
    assert done, "an 8-bit RGB array always encodes as JPEG"
    return Picture(buffer.tobytes(), "image/jpeg", picture.shape[1], picture.shape[0])
