"""A report ready to be exported: its document and its pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cached_property

from lobule.contracts.case import CaseContent
from lobule.contracts.language import Language
from lobule.contracts.result import Result
from lobule.words import Words
from report.document import ReportDocument, case_document, image_document
from report.pictures import Pictures, draw_pictures
from report.windows import Window, hung_windows, window_of

ResultAndFiles = tuple[Result, Mapping[str, bytes]]
"""What a pipeline concluded, and the pictures that it names (display image, heat map), by name."""


@dataclass(frozen=True)
class Report:
    """One report in one language.

    Attributes:
        document: Content of the report, in sentences.
        text: Sentences of the document's language.
        files: Pictures of the result of each image, by name.
    """

    document: ReportDocument
    text: Words
    files: tuple[Mapping[str, bytes], ...]

    @cached_property
    def pictures(self) -> tuple[Pictures, ...]:
        """The pictures of each of its images, drawn when a form first needs them.

        Raises:
            AnalysisError: `result_unreadable` if a picture is missing, damaged or of another size than said.
        """
        document = self.document
        windows = _windows(document) if document.kind == "case" else {}
        return tuple(
            draw_pictures(result, section, files, document.drawn_on(number), windows.get(number))
            for number, (result, section, files) in enumerate(
                zip(document.results, document.images, self.files, strict=True)
            )
        )


def _windows(document: ReportDocument) -> dict[int, Window | None]:
    """The window of each image of a case; the films of the current examination have one scale."""
    films = [(result, document.drawn_on(number)) for number, result in enumerate(document.results)]
    alone = {number: window_of(*film) for number, film in enumerate(films)}
    together = hung_windows([films[number] for number in document.hung])
    return {**alone, **dict(zip(document.hung, together, strict=True))}


def image_report(
    result: Result, files: Mapping[str, bytes], analysed_at: datetime, language: Language = "en", zone: tzinfo = UTC
) -> Report:
    """The report of one image alone.

    Args:
        result: Result of the image.
        files: Pictures of the result, by name.
        analysed_at: Time at which the analysis ended, with a time zone.
        language: Language of the report.
        zone: Time zone of its times.
    """
    text = Words(language, zone)
    return Report(image_document(result, analysed_at, text), text, (files,))


def case_report(
    content: CaseContent, results: Sequence[ResultAndFiles | None], language: Language = "en", zone: tzinfo = UTC
) -> Report:
    """The report of a case.

    Args:
        content: Content of the report.
        results: Results of the assessed images, in their order; None for one that can no longer be read.
        language: Language of the report.
        zone: Time zone of its times.
    """
    text = Words(language, zone)
    document = case_document(content, [known[0] if known else None for known in results], text)
    return Report(document, text, tuple(known[1] for known in results if known))
