"""A draft of the clinician's conclusion in words, made from what they stated of each breast and what they confirmed."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from gateway.cases import joint_reading
from gateway.cases import repository as cases
from gateway.cases.evidence import evidence_of
from gateway.cases.examinations import examinations
from gateway.cases.models import Case
from gateway.cases.sheets import Sheets
from gateway.database import release
from gateway.jobs import repository as jobs_repository
from gateway.jobs.results import read_examination, read_result
from gateway.reader_findings import service as reader_findings
from gateway.reports.schemas import DraftText
from gateway.reviews.service import reviews_of
from lobule.contracts.breasts import BreastConclusion, BreastConclusions
from lobule.contracts.case import numbered
from lobule.contracts.language import LANGUAGES
from lobule.contracts.reader import ReaderFinding
from lobule.contracts.result import Finding, Laterality, Result
from lobule.contracts.sizes import longest_mm, whole_mm
from lobule.numbering import numbers_of
from lobule.storage import ObjectStore
from lobule.words import Words

Number = tuple[int, str]
"""The number of a finding, and the film whose findings it counts; empty if it counts those of the examination."""
Confirmed = list[tuple[Number, str, Result, Finding]]
"""Confirmed findings of a breast, with their number, the name of their film and its result."""
Drawn = list[tuple[str, ReaderFinding]]
"""Findings of a breast that readers drew, with the name of their film."""


def draft_text(
    session: Session, store: ObjectStore, case: Case, sheets: Sheets, breasts: BreastConclusions
) -> DraftText:
    """The conclusion in words, in every language.

    Args:
        session: The transaction.
        store: The object store.
        case: The case.
        sheets: Whose verdicts count.
        breasts: What the clinician states of its breasts.
    """
    findings = _findings(session, store, case, sheets)
    drafts = {language: _paragraphs(breasts, findings, Words(language)) for language in LANGUAGES}
    return DraftText.model_validate(drafts)


def _findings(
    session: Session, store: ObjectStore, case: Case, sheets: Sheets
) -> dict[Laterality, tuple[Confirmed, Drawn]]:
    """The confirmed and the drawn findings of each breast, on films of the current examination."""
    jobs = cases.latest_jobs(session, case.id)
    places = examinations([job.image for job in jobs])
    current = [job for job in jobs if not places[job.image_id].is_prior]
    confirmed = {
        (review.job_id, review.finding) for review in reviews_of(session, case, sheets) if review.verdict == "confirmed"
    }
    drawn = reader_findings.findings(session, case, sheets)
    films = list(zip(current, numbered(evidence_of(current)), strict=True))
    work = jobs_repository.examination(session, joint_reading.key_of(case.id))
    release(session)
    results = {job.id: read_result(store, job) for job, film in films if film.state == "assessed"} if confirmed else {}
    read = read_examination(store, work) if confirmed and work is not None and work.state == "done" else None
    numbers = numbers_of(read, [*results.items()])
    found: dict[Laterality, tuple[Confirmed, Drawn]] = {"R": ([], []), "L": ([], [])}
    for job, evidence in films:
        if evidence.laterality is None:
            continue
        of_system, of_readers = found[evidence.laterality]
        for place, finding in enumerate(results[job.id].findings if job.id in results else ()):
            if (job.id, str(place)) in confirmed:
                number = numbers.get(job.id, {}).get(finding.id, place + 1)
                of_system.append(((number, "" if read else evidence.name), evidence.name, results[job.id], finding))
        of_readers += [(evidence.name, finding) for finding in drawn if finding.image_id == job.image_id]
    return found


def _paragraphs(breasts: BreastConclusions, findings: dict[Laterality, tuple[Confirmed, Drawn]], text: Words) -> str:
    """A paragraph for each breast."""
    return "\n".join(_of_breast(side, breast, *findings[side], text) for side, breast in breasts.stated)


def _of_breast(side: Laterality, breast: BreastConclusion, confirmed: Confirmed, drawn: Drawn, text: Words) -> str:
    parts: list[str] = []
    if confirmed:
        parts.append(text("clinical.draft.found", findings=text.list([*_in_words(confirmed, text)])))
    if drawn:
        parts.append(text("clinical.draft.drawn", findings=text.list([_drawn(*one, text) for one in drawn])))
    if not parts:
        parts.append(text("clinical.draft.nothing"))
    if breast.density:
        words = text(f"clinical.density.{breast.density}")
        parts.append(text("clinical.draft.density", letter=breast.density, words=words))
    meaning = text(f"clinical.category.{breast.bi_rads}")
    parts.append(text("clinical.draft.category", category=breast.bi_rads, words=meaning))
    if breast.recommendation:
        words = text(f"clinical.recommendation.{breast.recommendation}")
        parts.append(text("clinical.draft.recommendation", words=words))
    return text("clinical.draft.breast", side=text(f"clinical.side.{side}"), words=text.joined(parts))


def _in_words(confirmed: Confirmed, text: Words) -> Iterator[str]:
    """Each finding once, by its number, with its marks on all films that show it."""
    marks: dict[Number, list[str]] = {}
    for number, name, result, finding in confirmed:
        marks.setdefault(number, []).append(_mark(name, result, finding, text))
    for (number, _), of_finding in sorted(marks.items()):
        yield text("clinical.draft.finding", number=number, marks=text.marks.semicolon.join(of_finding))


def _mark(name: str, result: Result, finding: Finding, text: Words) -> str:
    """The film that shows a finding, and the longer side of its mark, in mm where that is known."""
    size = longest_mm(finding.box, result.image)
    if size is None:
        return name
    plane = {"patient": "size", "detector": "detector", None: "unknown"}[result.image.spacing_plane]
    return text(f"clinical.draft.mark.{plane}", image=name, size=whole_mm(size))


def _drawn(name: str, finding: ReaderFinding, text: Words) -> str:
    """The kind of a finding that a reader drew, and the film that it is drawn on."""
    return text("clinical.draft.drawn.finding", kind=text(f"clinical.kind.{finding.kind}"), image=name)
