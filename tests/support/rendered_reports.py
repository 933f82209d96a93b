"""Reports of results in every requested form, as the report service renders them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from lobule.contracts.case import CaseContent, ReportForm
from lobule.contracts.language import Language
from lobule.contracts.result import Result
from lobule.layout import report_file
from report.composition import Report, ResultAndFiles, case_report, image_report
from report.exporters import EXPORTERS


def render(
    result: Result,
    files: Mapping[str, bytes],
    *,
    analysed_at: datetime,
    language: Language = "en",
    forms: Collection[ReportForm] = EXPORTERS.keys(),
) -> dict[str, bytes]:
    """Render the report of one image alone; see `report.composition.image_report`.

    Returns:
        The files by name, see `lobule.layout.report_file`.
    """
    return _export(image_report(result, files, analysed_at, language), forms)


def render_case(
    content: CaseContent,
    results: Sequence[ResultAndFiles],
    *,
    language: Language = "en",
    forms: Collection[ReportForm] = EXPORTERS.keys(),
) -> dict[str, bytes]:
    """Render the report of a case; see `render` and `report.composition.case_report`."""
    return _export(case_report(content, results, language), forms)


def _export(report: Report, forms: Collection[ReportForm]) -> dict[str, bytes]:
    return {report_file(report.text.language, form): EXPORTERS[form](report) for form in forms}
