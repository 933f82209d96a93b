"""From results to reports: one document, drawn as HTML, PDF, PNG and JSON."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from lobule.contracts.case import CaseContent, ReportForm, report_file
from lobule.contracts.language import Language
from lobule.contracts.result import Result
from lobule.imaging.decode import encode_png
from report.annotation import draw_sheet
from report.catalogue import Catalogue
from report.document import ReportDocument, case_document, image_document
from report.html import render_html
from report.pdf import render_first_page, render_pdf
from report.pictures import Pictures, draw_pictures

EVERY_FORM: frozenset[ReportForm] = frozenset({"html", "pdf", "png", "json"})


def render(
    result: Result,
    files: Mapping[str, bytes],
    *,
    analysed_at: datetime,
    language: Language = "en",
    forms: Collection[ReportForm] = EVERY_FORM,
) -> dict[str, bytes]:
    """Render the report of one image alone.

    Args:
        result: What a pipeline concluded about it.
        files: The pictures that the result names (display image, heat map), by name.
        analysed_at: When the analysis ended, with a time zone.
        language: Of the words in the report.
        forms: What to render.

    Returns:
        The files by name, see `lobule.contracts.case.report_file`.

    Raises:
        AnalysisError: `internal_error` where a picture is missing, damaged or of another size than said.
    """
    text = Catalogue(language)
    document = image_document(result, analysed_at, text)
    pictures = (draw_pictures(result, document.images[0], files),)
    rendered = _render_common(document, pictures, text, forms)
    if "png" in forms:
        sheet = draw_sheet(document.images[0], result.image.file_name, pictures[0].annotated, text)
        rendered[report_file(language, "png")] = encode_png(sheet.image)
    return rendered


def render_case(
    content: CaseContent,
    results: Sequence[tuple[Result, Mapping[str, bytes]]],
    *,
    language: Language = "en",
    forms: Collection[ReportForm] = EVERY_FORM,
) -> dict[str, bytes]:
    """Render the report of a case; see `render`.

    Args:
        content: What stands in it.
        results: Result and pictures of each of its assessed images, in their order.
        language: Of the words in the report.
        forms: What to render. The PNG is the report's first page.
    """
    text = Catalogue(language)
    document = case_document(content, [result for result, _ in results], text)
    pictures = tuple(
        draw_pictures(result, section, files) for section, (result, files) in zip(document.images, results, strict=True)
    )
    rendered = _render_common(document, pictures, text, forms)
    if "png" in forms:
        rendered[report_file(language, "png")] = render_first_page(document, pictures, text)
    return rendered


def _render_common(
    document: ReportDocument, pictures: Sequence[Pictures], text: Catalogue, forms: Collection[ReportForm]
) -> dict[str, bytes]:
    rendered: dict[str, bytes] = {}
    if "html" in forms:
        rendered[report_file(text.language, "html")] = render_html(document, pictures, text)
    if "pdf" in forms:
        rendered[report_file(text.language, "pdf")] = render_pdf(document, pictures, text)
    if "json" in forms:
        rendered[report_file(text.language, "json")] = document.model_dump_json(indent=2).encode("utf-8")
    return rendered
