"""Finding what the workers left in the object store for a finished step."""

from typing import Literal

from gateway.errors import ProblemError
from gateway.jobs.models import Job
from lobule.contracts.result import Result
from lobule.storage import ObjectStore
from lobule.worker.inference import RESULT_FILE

ReportFormat = Literal["html", "png", "json"]

FILES: dict[ReportFormat, tuple[str, str]] = {
    "png": ("annotated.png", "image/png"),
    "html": ("report.html", "text/html; charset=utf-8"),
    "json": ("report.json", "application/json"),
}


def read_result(store: ObjectStore, job: Job) -> Result:
    """What the pipeline concluded.

    Raises:
        ProblemError: `result_not_ready`, 409.
    """
    return Result.model_validate_json(read_inference_file(store, job, RESULT_FILE))


def read_inference_file(store: ObjectStore, job: Job, name: str) -> bytes:
    """A file that the inference step left.

    Raises:
        ProblemError: `result_not_ready`, 409.
    """
    step = job.step("inference")
    if step.state != "done":
        raise ProblemError(409, "result_not_ready", f"There is no result yet: the analysis is {job.state}.")
    return store.get(f"{step.output_prefix()}/{name}")


def read_report(store: ObjectStore, job: Job, wanted: ReportFormat) -> tuple[bytes, str]:
    """A rendering of the report and its media type.

    Raises:
        ProblemError: `report_not_ready`, 409.
    """
    step = job.step("report")
    if step.state != "done":
        raise ProblemError(409, "report_not_ready", f"There is no report yet: the job is {job.state}.")
    name, media_type = FILES[wanted]
    return store.get(f"{step.output_prefix()}/{name}"), media_type


def negotiate(accept: str) -> ReportFormat:
    """The format that an `Accept` header asks for; PNG where it does not care.

    Raises:
        ProblemError: `not_acceptable`, 406.
    """
    ranges: list[tuple[float, str]] = []
    for item in accept.split(","):
        media_range, *parameters = (part.strip() for part in item.split(";"))
        quality = next((p[2:] for p in parameters if p.startswith("q=")), "1")
        try:
            ranges.append((float(quality), media_range.lower()))
        except ValueError:
            continue
    by_type: dict[str, ReportFormat] = {media.split(";")[0]: name for name, (_, media) in FILES.items()}
    by_type |= {"*/*": "png", "": "png", "image/*": "png", "text/*": "html", "application/*": "json"}
    for quality, media_range in sorted(ranges, key=lambda pair: -pair[0]):
        if quality > 0 and media_range in by_type:
            return by_type[media_range]
    raise ProblemError(406, "not_acceptable", "The report comes as image/png, text/html or application/json.")
