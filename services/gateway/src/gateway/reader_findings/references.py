"""Finds what readers refer to in the results of analyses."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from gateway.cases.models import Case
from gateway.database import release
from gateway.jobs import repository as jobs
from gateway.jobs.results import read_result
from lobule.contracts.reader import FindingReference
from lobule.storage import ObjectStore

Known = set[tuple[str | None, str]]
"""Findings by analysis and id."""


def made_by_system(session: Session, store: ObjectStore, case: Case, named: Sequence[FindingReference]) -> Known:
    """Those findings that an analysis of an image of the case made.

    Their results are read from the object store, so the case must not be locked yet.

    Raises:
        ProblemError: As `gateway.jobs.results.read_result`.
    """
    found = [(jobs.by_id(session, each.job_id), each) for each in named if each.job_id is not None]
    of_case = [(job, each) for job, each in found if job is not None and job.image.case_id == case.id]
    release(session)
    return {
        (job.id, each.finding_id)
        for job, each in of_case
        if read_result(store, job).place_of(each.finding_id) is not None
    }
