"""The numbers of an examination's findings, by which portal, report and DICOM objects name them."""

from collections.abc import Mapping, Sequence
from operator import itemgetter

from lobule.contracts.case import HANGINGS
from lobule.contracts.examination import ExaminationReading
from lobule.contracts.result import Result

Numbers = Mapping[str, Mapping[str, int]]
"""The numbers of findings, by the ids of their analyses and their own."""


def numbers_of(reading: ExaminationReading | None, results: Sequence[tuple[str, Result]]) -> Numbers:
    """The number of each finding of the current films, as the portal numbers them.

    Lesions come first, the most suspicious one as 1. Marked findings that are no lesions follow, such as those of
    special views, film by film in the order in which films hang; then the weak ones, the most probable first. So the
    marked findings have numbers without a gap, and a lower threshold shows the next ones.

    Args:
        reading: The combined reading; None without one, so that each film is numbered separately.
        results: Results of the current examination's films, with the ids of their analyses; those of one view in the
            order of the case.
    """
    if reading is None:
        return {}
    lesions = reading.numbered()
    numbers: dict[str, dict[str, int]] = {}
    for number, lesion in enumerate(lesions, start=1):
        for mark in lesion.marks:
            numbers.setdefault(mark.job_id, {})[mark.finding_id] = number
    others = [
        (not result.marks(finding), 0.0 if result.marks(finding) else -finding.probability, job_id, finding.id)
        for job_id, result in sorted(results, key=lambda film: _place(film[1]))
        for finding in result.findings
        if finding.id not in numbers.setdefault(job_id, {})
    ]
    others.sort(key=itemgetter(0, 1))
    for number, (*_, job_id, finding) in enumerate(others, len(lesions) + 1):
        numbers[job_id][finding] = number
    return numbers


def earlier_numbers_of(reading: ExaminationReading | None, films: Sequence[str]) -> Numbers:
    """The numbers of findings on earlier films: each has that of the lesion it was matched with, any other none.

    Args:
        reading: The combined reading; None without one.
        films: The earlier films, by the ids of their analyses.
    """
    numbers: dict[str, dict[str, int]] = {job_id: {} for job_id in films}
    for number, lesion in enumerate(reading.numbered() if reading else [], start=1):
        compared = [lesion.change.prior] if lesion.change and lesion.change.prior else []
        for mark in [*lesion.earlier_marks, *compared]:
            numbers.setdefault(mark.job_id, {}).setdefault(mark.finding_id, number)
    return numbers


def _place(result: Result) -> int:
    """The place of a film among those that hang; films of other views follow."""
    names: Sequence[str] = HANGINGS
    name = f"{result.image.laterality or ''}{result.image.view or ''}"
    return names.index(name) if name in names else len(names)
