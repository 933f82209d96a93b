"""Collects what the resources of a case are made from."""

from collections.abc import Sequence
from contextlib import suppress

from pydantic import ValidationError
from sqlalchemy.orm import Session

from gateway.cases.models import Case
from gateway.cases.sheets import sheets_of
from gateway.database import release
from gateway.fhir.codes import Resource
from gateway.fhir.examinations import Examined, examinations
from gateway.fhir.resources import all_of
from gateway.reports import repository as reports
from gateway.reports.content import ReadTogether, case_content, signed_content
from gateway.reports.signatures import check
from gateway.users.models import User
from lobule import layout
from lobule.contracts.case import CaseContent
from lobule.contracts.result import Result
from lobule.storage import ObjectNotFoundError, ObjectStore


def resources_of(
    session: Session, store: ObjectStore, case: Case, user: User, version: int | None = None
) -> list[Resource]:
    """All resources of a case: each examination as last signed, and the current case if it was changed since.

    If two people read it apart, what the user sees of it.

    Args:
        session: The transaction.
        store: The object store.
        case: The case.
        user: The user who asks.
        version: Only what belongs to the examination that this version was signed of.

    Raises:
        ProblemError: `report_altered` or `signing_key_unknown`, 500.
    """
    together = ReadTogether.ahead(session, store, case)
    signed = list(reversed(reports.of_case(session, case.id)))
    contents = [signed_content(report) for report in signed]
    if not contents or case.state != "signed":
        contents.append(case_content(session, together, case, sheets_of(session, case, user)))
    told = [each for each in examinations(contents) if version is None or version in _numbers(each)]
    numbers = {number for each in told for number in _numbers(each)}
    for report, content in zip(signed, contents, strict=False):  # the draft has no report
        if content.signature and content.signature.version in numbers:
            check(session, report)
    release(session)
    return all_of(told, _results(store, [content for each in told for content in _contents(each)]))


def _numbers(examined: Examined) -> set[int]:
    return {content.signature.version for content in examined.versions if content.signature}


def _contents(examined: Examined) -> list[CaseContent]:
    return [*examined.versions, *([examined.draft] if examined.draft else [])]


def _results(store: ObjectStore, contents: Sequence[CaseContent]) -> dict[str, Result]:
    """The results of all assessed films, by analysis; without those that cannot be read now."""
    images = {image.job_id: image for content in contents for image in content.images}
    results: dict[str, Result] = {}
    for image in images.values():
        if image.result_prefix is not None and image.image.modality == "mammography":
            with suppress(ObjectNotFoundError, ValidationError):
                stored = store.get(layout.file_key(image.result_prefix, layout.RESULT_FILE))
                results[image.job_id] = Result.model_validate_json(stored)
    return results
