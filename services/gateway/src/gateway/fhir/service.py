"""Collects what the resources of a case are made from."""

from sqlalchemy.orm import Session

from gateway.cases import repository as cases
from gateway.cases.models import Case
from gateway.errors import ProblemError
from gateway.fhir.codes import Resource
from gateway.fhir.resources import all_of
from gateway.jobs.results import read_result
from gateway.reports import repository as reports
from gateway.reports.content import case_content, signed_content
from lobule.contracts.case import CaseContent
from lobule.contracts.result import Result
from lobule.storage import ObjectStore


def resources_of(session: Session, store: ObjectStore, case: Case) -> list[Resource]:
    """All resources of a case: as it was signed where that is in force, else as it stands."""
    content = _content(session, store, case)
    shown = {image.job_id for image in content.images if image.state == "assessed"}
    results: dict[str, Result] = {}
    for job in cases.latest_jobs(session, case.id):
        if job.id in shown and job.image.modality == "mammography":
            try:
                results[job.id] = read_result(store, job)
            except ProblemError:  # its numbers cannot be read now; the others are told
                continue
    return all_of(content, results)


def _content(session: Session, store: ObjectStore, case: Case) -> CaseContent:
    if case.state == "signed" and case.signed_version is not None:
        report = reports.version(session, case.id, case.signed_version)
        if report is not None:
            return signed_content(report)
    return case_content(session, store, case)
