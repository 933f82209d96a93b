"""`/api/v1/cases/{id}/results`: what the pipelines found on several images of a case, in one answer."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from gateway.cases import repository
from gateway.cases.dependencies import VisibleCase
from gateway.database import DbSession, release
from gateway.errors import ProblemError, responses
from gateway.jobs.results import read_result
from lobule.contracts.result import Laterality, Result, View
from lobule.corrections import as_corrected

router = APIRouter(prefix="/api/v1/cases", tags=["cases"])

MOST = 16


@router.get("/{case_id}/results", responses=responses(401, 404, 422))
def list_results(
    case: VisibleCase,
    session: DbSession,
    request: Request,
    job: Annotated[list[str], Query(max_length=MOST, description="identifiers of jobs; may be repeated")] = [],  # noqa: B006
) -> dict[str, Result]:
    """Return the results of several jobs by their identifiers, with the present view and side of each image.

    The answer leaves out a job that is not the newest of an image of this case, that has no result, or whose result
    cannot be read. Request the result of that job for the reason.
    """
    wanted = [one for one in repository.latest_jobs(session, case.id) if one.id in job]
    known: dict[str, tuple[View | None, Laterality | None]] = {
        one.id: (one.image.view, one.image.laterality) for one in wanted
    }
    release(session)
    found = {}
    for one in wanted:
        try:
            found[one.id] = as_corrected(read_result(request.app.state.store, one), *known[one.id])
        except ProblemError:
            continue
    return found
