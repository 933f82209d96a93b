"""Drawing findings, and saying which are the same lesion. What the system concludes never depends on either."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from gateway.cases import repository as cases
from gateway.cases.events import DoubleReadingEnded
from gateway.cases.models import Case
from gateway.cases.reading import check_free
from gateway.cases.reads import check_may_mark
from gateway.cases.sheets import Sheets, changed, check_unchanged, own_sheet, sheets_of
from gateway.clock import now
from gateway.errors import ProblemError, not_found
from gateway.images.models import Image
from gateway.jobs import repository as jobs
from gateway.jobs.models import Job
from gateway.objects import delete_after_commit
from gateway.reader_findings import outlines, repository
from gateway.reader_findings.contracts import as_contract, mark_as_contract
from gateway.reader_findings.models import DrawnFinding, SameLesionMark
from gateway.reader_findings.references import Known, made_by_system
from gateway.reader_findings.schemas import ReaderFindingWrite, SameLesionWrite
from gateway.users.models import User
from lobule.contracts.reader import FindingReference, ReaderFinding, SameLesion
from lobule.contracts.result import Box, Laterality
from lobule.storage import ObjectStore

MOST = 100
"""Drawn findings of a case, and marks of the same lesion: far more than any case needs."""
LETTERS, READERS = 13, 4
"""Of those who read a case apart, the first to begin has the letters A to M, the second N to Z, and so on in turn."""


def findings(session: Session, case: Case, sheets: Sheets) -> list[ReaderFinding]:
    """What readers drew on the images of a case, by letter.

    A finding keeps the letter that its reader's comment names. Only the letter of one that came here with its image, or
    was drawn before letters followed who began first, may be taken; it then gets a free one.
    """
    drawn = repository.of_case(session, case.id, sheets.shown)
    free = repository.free_numbers({each.number for each in drawn})
    taken: set[int] = set()
    shown: list[ReaderFinding] = []
    for each in sorted(drawn, key=lambda each: (sheets.shown.index(each.sheet), each.number)):
        number = next(free) if each.number in taken else each.number
        taken.add(number)
        shown.append(as_contract(each).model_copy(update={"number": number}))
    return sorted(shown, key=lambda each: each.number)


def same_lesions(session: Session, case: Case, sheets: Sheets, newest: Sequence[Job]) -> list[SameLesion]:
    """What readers take for the same lesion, as far as both findings are still there, and not of two breasts.

    Args:
        session: The transaction.
        case: The case.
        sheets: Which readers'.
        newest: The newest analysis of each of its images: findings of earlier ones are gone.
    """
    drawn = repository.of_case(session, case.id, sheets.shown)
    sides = _sides(drawn, newest)
    marks = [mark_as_contract(mark) for mark in repository.marks_of_case(session, case.id, sheets.shown)]

    def there(mark: SameLesion) -> bool:
        return all((named.job_id or named.finding_id) in sides for named in (mark.one, mark.other))

    return [mark for mark in marks if there(mark) and not _of_two_breasts(mark.one, mark.other, sides)]


def _sides(drawn: Sequence[DrawnFinding], newest: Sequence[Job]) -> dict[str, Laterality | None]:
    """The breast of each drawn finding, by its id, and of the findings of each analysis, by that one's."""
    of_images: dict[str, Laterality | None] = {job.image_id: job.image.laterality for job in newest}
    sides: dict[str, Laterality | None] = {job.id: job.image.laterality for job in newest}
    for finding in drawn:
        sides[finding.id] = of_images.get(finding.image_id)
    return sides


def _of_two_breasts(one: FindingReference, other: FindingReference, sides: Mapping[str, Laterality | None]) -> bool:
    """Whether two findings are known to lie in different breasts."""
    known = {sides.get(named.job_id or named.finding_id) for named in (one, other)} - {None}
    return len(known) > 1


def draw(
    session: Session,
    store: ObjectStore,
    case: Case,
    finding_id: str,
    data: ReaderFindingWrite,
    author: User,
    if_match: str | None,
) -> DrawnFinding:
    """Draw a finding, or change an existing one. A request without a difference changes nothing.

    Args:
        session: The transaction.
        store: The object store.
        case: The case.
        finding_id: Id that the client chose.
        data: The finding.
        author: The user who draws.
        if_match: ETag of the case as the author saw it.

    Raises:
        ProblemError: `case_changed` (412), `case_claimed` or `already_read` (409), `not_found` (404), or
            `invalid_request` (422).
    """
    known = made_by_system(session, store, case, [data.corrects] if data.corrects else [])
    case, sheets = _locked(session, case, author, if_match)
    image = repository.image_in_case(session, data.image_id, case.id)
    if image is None:
        raise not_found("image_in_case")
    outlines.check_place(data, image)
    drawn = repository.find(session, finding_id)
    if drawn is not None and not _is_own(drawn, case, sheets):
        raise not_found("finding_in_case")
    values = _values(data)
    if drawn is not None and all(getattr(drawn, name) == value for name, value in values.items()):
        return drawn
    if data.corrects is not None:
        _check_corrected(session, known, image, data.corrects)
    outlines.check_room(
        data, [each for each in repository.of_case(session, case.id, (sheets.own,)) if each is not drawn]
    )
    if drawn is None:
        drawn = DrawnFinding(id=finding_id, case_id=case.id, sheet=sheets.own)
        drawn.number = _next_number(session, case, sheets)
        session.add(drawn)
    elif drawn.image_id != data.image_id:  # an opinion is of a region of one image
        delete_after_commit(session, store, jobs.delete_keyed(session, [key_of(drawn)]))
    for name, value in values.items():
        setattr(drawn, name, value)
    drawn.author_id, drawn.author, drawn.drawn_at = author.id, author.display_name, now()
    changed(session, case, sheets)
    session.flush()
    return drawn


def _values(drawn: ReaderFindingWrite) -> dict[str, Any]:
    """The values of a finding, by the columns of its row."""
    left, top, right, bottom = drawn.extent
    return {
        "image_id": drawn.image_id,
        "kind": drawn.kind,
        "shape": drawn.shape,
        "comment": drawn.comment,
        "box": Box(x=left, y=top, width=right - left, height=bottom - top).model_dump(),
        "outline": None if drawn.outline is None else [list(point) for point in drawn.outline],
        "corrects": None if drawn.corrects is None else drawn.corrects.model_dump(),
    }


def _check_corrected(session: Session, known: Known, image: Image, named: FindingReference) -> None:
    """Check that a finding that is corrected is of this image; of any analysis, for it stays so after the next one."""
    job = jobs.by_id(session, named.job_id or "")
    if job is None or job.image.case_id != image.case_id or (job.id, named.finding_id) not in known:
        raise not_found("finding_in_case")
    if job.image_id != image.id:
        raise ProblemError(422, "invalid_request", "corrects_other_image")


def _is_own(row: DrawnFinding | SameLesionMark, case: Case, sheets: Sheets) -> bool:
    """Whether what was drawn or said is of this case, and on the sheet that the user may change."""
    return row.case_id == case.id and row.sheet == sheets.own


def _next_number(session: Session, case: Case, sheets: Sheets) -> int:
    """The first free number, so that a finding that was erased by mistake gets its letter back.

    Readers who do not see each other's letters have different ones: see `LETTERS`.
    """
    if len(repository.numbers(session, case.id, sheets.own)) >= MOST:
        raise ProblemError(422, "invalid_request", "too_many_drawn", values={"most": MOST})
    taken = {each.number for each in findings(session, case, sheets)}
    free = repository.free_numbers(taken)
    if not case.blind:
        return next(free)
    place = own_sheet(session, case, sheets).place % READERS
    return next(number for number in free if (number - 1) // LETTERS % READERS == place)


def key_of(drawn: DrawnFinding) -> str:
    """The key of the system's opinion of a region."""
    return f"{jobs.opinions_of_image(drawn.image_id)}{drawn.id}"


def erase(
    session: Session, store: ObjectStore, case: Case, finding_id: str, user: User, if_match: str | None
) -> DrawnFinding:
    """Erase a finding that a reader drew, with the system's opinion of it; returns what it was.

    Raises:
        ProblemError: `case_changed` (412), `case_claimed` or `already_read` (409) or `not_found` (404).
    """
    case, sheets = _locked(session, case, user, if_match)
    drawn = repository.find(session, finding_id)
    if drawn is None or not _is_own(drawn, case, sheets):
        raise not_found("finding_in_case")
    changed(session, case, sheets)
    delete_after_commit(session, store, jobs.delete_keyed(session, [key_of(drawn)]))
    repository.erase(session, drawn)
    return drawn


def mark_same(
    session: Session,
    store: ObjectStore,
    case: Case,
    mark_id: str,
    pair: SameLesionWrite,
    author: User,
    if_match: str | None,
) -> SameLesionMark:
    """Say that two findings are the same lesion. Saying it of the same two once more changes nothing.

    The mark may be one that exists already: it is then of these two.

    Raises:
        ProblemError: `case_changed` (412), `case_claimed` or `already_read` (409), `not_found` (404), or
            `invalid_request` (422).
    """
    known = made_by_system(session, store, case, [pair.one, pair.other])
    case, sheets = _locked(session, case, author, if_match)
    one, other = (_known(session, known, case, sheets, named) for named in (pair.one, pair.other))
    if one == other:
        raise ProblemError(422, "invalid_request", "same_finding")
    newest = cases.latest_jobs(session, case.id)
    if _of_two_breasts(pair.one, pair.other, _sides(repository.of_case(session, case.id, sheets.shown), newest)):
        raise ProblemError(422, "invalid_request", "other_breast")
    marks = repository.marks_of_case(session, case.id, sheets.shown)
    again = next((mark for mark in marks if {*map(str, (mark.one, mark.other))} == {str(one), str(other)}), None)
    if again is not None:
        return again
    mark = repository.find_mark(session, mark_id)
    if mark is None:
        if len(same_lesions(session, case, sheets, newest)) >= MOST:
            raise ProblemError(422, "invalid_request", "too_many_marks", values={"most": MOST})
        mark = SameLesionMark(id=mark_id, case_id=case.id, sheet=sheets.own)
        session.add(mark)
    elif not _is_own(mark, case, sheets):
        raise not_found("same_lesion_mark")
    mark.one, mark.other = one, other
    mark.author_id, mark.author, mark.said_at = author.id, author.display_name, now()
    changed(session, case, sheets)
    session.flush()
    return mark


def unmark_same(session: Session, case: Case, mark_id: str, user: User, if_match: str | None) -> SameLesionMark:
    """Remove a mark of the same lesion; returns the removed mark.

    Raises:
        ProblemError: `case_changed` (412), `case_claimed` or `already_read` (409) or `not_found` (404).
    """
    case, sheets = _locked(session, case, user, if_match)
    mark = repository.find_mark(session, mark_id)
    if mark is None or not _is_own(mark, case, sheets):
        raise not_found("same_lesion_mark")
    changed(session, case, sheets)
    repository.erase(session, mark)
    return mark


def share(session: Session, event: DoubleReadingEnded) -> None:
    """Handle a case that all readers share from now on: what each of them drew and said stays, with its author."""
    repository.share(session, event.case_id)


def _locked(session: Session, case: Case, user: User, if_match: str | None) -> tuple[Case, Sheets]:
    """Lock the case, and return it with its sheets; refuses a changed case and one that somebody else reads."""
    case = cases.locked(session, case.id)
    check_unchanged(session, case, user, if_match)
    check_free(case, user)
    check_may_mark(session, case, user)
    return case, sheets_of(session, case, user)


def _known(
    session: Session, known: Known, case: Case, sheets: Sheets, named: FindingReference
) -> dict[str, str | None]:
    if named.job_id is not None:
        _check_found(session, known, case, named)
    elif named.finding_id not in {drawn.id for drawn in repository.of_case(session, case.id, sheets.shown)}:
        raise not_found("finding_in_case")
    return named.model_dump()


def _check_found(session: Session, known: Known, case: Case, named: FindingReference) -> None:
    """Check that a finding of the system is of the newest analysis of an image of the case."""
    newest = {job.id for job in cases.latest_jobs(session, case.id)}
    if named.job_id not in newest or (named.job_id, named.finding_id) not in known:
        raise not_found("finding_in_case")
