"""Reads reports: signed versions with their renderings, and the renderings of an analysis."""

from collections import defaultdict

from sqlalchemy.orm import Session

from gateway.accepting import media_ranges, weigh
from gateway.cases.models import Case
from gateway.errors import ProblemError
from gateway.jobs.models import Job
from gateway.jobs.results import not_ready
from gateway.reports import repository
from gateway.reports.models import version_keys
from gateway.reports.schemas import CaseReportRead, RenderingState
from gateway.reports.signatures import keys_of
from gateway.streaming import StoredFile, stored_file
from lobule import layout
from lobule.contracts.case import LANGUAGE_OF_ANALYSIS, REPORT_FILES, ReportForm
from lobule.storage import ObjectStore

_FORMS: tuple[ReportForm, ...] = ("png", "html", "json", "pdf")


def versions(session: Session, case: Case) -> list[CaseReportRead]:
    """List the signed versions of a case, newest first."""
    renderings: dict[str, list[RenderingState]] = defaultdict(list)
    for key, state, code in repository.rendering_states(session, case.id):
        number, *of = key.removeprefix(version_keys(case.id)).split(":")
        if len(of) == 2:  # an older version of this program rendered all languages and forms under one key
            shown = {"language": of[0], "form": of[1], "state": state, "code": code}
            renderings[number].append(RenderingState.model_validate(shown))
    reports, keys = repository.of_case(session, case.id), keys_of(session)
    return [CaseReportRead.of(report, case, keys, renderings[str(report.version)]) for report in reports]


def check_report_ready(job: Job) -> None:
    """Refuse a report that cannot exist yet. One that failed is made again on request.

    Raises:
        ProblemError: `report_not_ready` or `analysis_ended`, 409.
    """
    if job.step("inference").state != "done" or job.step("report").state not in ("done", "failed"):
        raise not_ready("report_not_ready", job)


def read_report(store: ObjectStore, job: Job, form: ReportForm) -> tuple[StoredFile, str]:
    """A rendering of the analysis, and its media type.

    Raises:
        ProblemError: `report_not_ready` or `analysis_ended`, 409.
    """
    check_report_ready(job)
    prefix = job.step("report").output_prefix()
    return stored_file(store, layout.report_key(prefix, LANGUAGE_OF_ANALYSIS, form)), REPORT_FILES[form][1]


def read_thumbnail(store: ObjectStore, job: Job) -> StoredFile:
    """The thumbnail that the report step of an analysis left.

    Raises:
        ObjectNotFoundError: It left none.
    """
    return stored_file(store, layout.file_key(job.step("report").output_prefix(), layout.THUMBNAIL_FILE))


def negotiate(accept: str, default: ReportForm = "png") -> ReportForm:
    """The form that an `Accept` header asks for.

    Args:
        accept: The header.
        default: Form for a header that accepts everything.

    Raises:
        ProblemError: `not_acceptable`, 406.
    """
    ranges = media_ranges(accept)
    order = list(ranges)
    found: list[tuple[float, int, ReportForm]] = []
    for form in (default, *_FORMS):  # of forms that one range takes, the first
        weight, media_range = weigh(ranges, REPORT_FILES[form][1].partition(";")[0])
        if weight > 0:
            found.append((-weight, order.index(media_range), form))
    if found:
        return min(found, key=lambda each: each[:2])[2]
    raise ProblemError(406, "not_acceptable")
