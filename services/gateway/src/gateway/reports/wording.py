"""A draft of the clinician's conclusion in words, made from what they stated of each breast and what they confirmed."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from gateway.cases import repository as cases
from gateway.cases.evidence import evidence_of
from gateway.cases.examinations import examinations
from gateway.cases.models import Case
from gateway.cases.sheets import Sheets
from gateway.database import release
from gateway.jobs.models import Job
from gateway.jobs.results import read_result
from gateway.reader_findings import service as reader_findings
from gateway.reports.schemas import DraftText
from gateway.reviews.service import reviews_of
from lobule.contracts.breasts import BreastConclusion, BreastConclusions
from lobule.contracts.case import numbered
from lobule.contracts.reader import ReaderFinding
from lobule.contracts.result import Finding, Laterality, Result
from lobule.contracts.sizes import longest_mm, whole_mm
from lobule.storage import ObjectStore
from lobule.words import Words

Confirmed = list[tuple[str, Result, Finding]]
"""Confirmed findings of a breast, with the name of their film and its result."""
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
    english, chinese = (_paragraphs(breasts, findings, Words(language)) for language in ("en", "zh"))
    return DraftText(en=english, zh=chinese)


def _findings(
    session: Session, store: ObjectStore, case: Case, sheets: Sheets
) -> dict[Laterality, tuple[Confirmed, Drawn]]:
    """What is confirmed and what is drawn in each breast, on films of the current examination."""
    jobs = cases.latest_jobs(session, case.id)
    places = examinations([job.image for job in jobs])
    current = [job for job in jobs if not places[job.image_id].is_prior]
    confirmed = {
        (review.job_id, review.finding) for review in reviews_of(session, case, sheets) if review.verdict == "confirmed"
    }
    drawn = reader_findings.findings(session, case, sheets)
    films = list(zip(current, numbered(evidence_of(current)), strict=True))
    release(session)
    found: dict[Laterality, tuple[Confirmed, Drawn]] = {"R": ([], []), "L": ([], [])}
    for job, evidence in films:
        if evidence.laterality is None:
            continue
        of_system, of_readers = found[evidence.laterality]
        if any(job_id == job.id for job_id, _ in confirmed):
            of_system += _of_film(evidence.name, job, store, confirmed)
        of_readers += [(evidence.name, finding) for finding in drawn if finding.image_id == job.image_id]
    return found


def _of_film(
    name: str, job: Job, store: ObjectStore, confirmed: set[tuple[str, str]]
) -> Iterator[tuple[str, Result, Finding]]:
    result = read_result(store, job)
    for place, finding in enumerate(result.findings):
        if (job.id, str(place)) in confirmed:
            yield name, result, finding


def _paragraphs(breasts: BreastConclusions, findings: dict[Laterality, tuple[Confirmed, Drawn]], text: Words) -> str:
    """A paragraph for each breast."""
    return "\n".join(_of_breast(side, breast, *findings[side], text) for side, breast in breasts.stated)


def _of_breast(side: Laterality, breast: BreastConclusion, confirmed: Confirmed, drawn: Drawn, text: Words) -> str:
    parts: list[str] = []
    if confirmed:
        parts.append(text("clinical.draft.found", findings=text.list([_finding(*one, text) for one in confirmed])))
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
    words = ("" if text.language == "zh" else " ").join(parts)
    return text("clinical.draft.breast", side=text(f"clinical.side.{side}"), words=words)


def _finding(name: str, result: Result, finding: Finding, text: Words) -> str:
    """The longer side of a finding, in mm where that is known, and the film that shows it."""
    size = longest_mm(finding.box, result.image)
    if size is None:
        return text("clinical.draft.finding", image=name)
    plane = {"patient": "size", "detector": "detector", None: "unknown"}[result.image.spacing_plane]
    return text(f"clinical.draft.finding.{plane}", image=name, size=whole_mm(size))


def _drawn(name: str, finding: ReaderFinding, text: Words) -> str:
    """The kind of a finding that a reader drew, and the film that it is drawn on."""
    return text("clinical.draft.drawn.finding", kind=text(f"clinical.kind.{finding.kind}"), image=name)
