"""Collects what the resources of a case are made from."""

from collections.abc import Sequence
from contextlib import suppress

from pydantic import ValidationError
from sqlalchemy.orm import Session

from gateway.cases.models import Case
from gateway.cases.sheets import sheets_of
from gateway.fhir.codes import Resource
from gateway.fhir.resources import all_of
from gateway.reports import repository as reports
from gateway.reports.content import case_content, signed_content
from gateway.reports.signatures import check
from gateway.users.models import User
from lobule import layout
from lobule.contracts.case import CaseContent
from lobule.contracts.result import Result
from lobule.storage import ObjectNotFoundError, ObjectStore


def resources_of(session: Session, store: ObjectStore, case: Case, user: User) -> list[Resource]:
    """All resources of a case: as it was signed last, and as it stands where that was changed or nothing was signed.

    Where two people read it apart, what the user sees of it.
    """
    signed = _signed(session, case)
    present = (
        case_content(session, store, case, sheets_of(session, case, user))
        if signed is None or case.state != "signed"
        else None
    )
    contents = [content for content in (signed, present) if content is not None]
    earlier = _signed_before(session, case)
    results = _results(store, [*contents, *earlier])
    return all_of(contents[0], results, draft=present if signed else None, earlier=earlier)


def _signed(session: Session, case: Case) -> CaseContent | None:
    """The version that was signed last; None before the first.

    Raises:
        ProblemError: `report_altered` or `signing_key_unknown`, 500.
    """
    if case.signed_version is None:
        return None
    report = reports.version(session, case.id, case.signed_version)
    if report is None:
        return None
    check(session, report)
    return signed_content(report)


def _signed_before(session: Session, case: Case) -> list[CaseContent]:
    """The versions that were signed before the last one, whose statements other systems may still hold."""
    versions = reports.of_case(session, case.id)
    return [signed_content(report) for report in versions if report.version != case.signed_version]


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
