"""Reads the output of inference, examination and region steps from the object store."""

import structlog
from pydantic import ValidationError

from gateway.errors import ProblemError, from_stored
from gateway.jobs.models import Examination, Job, Opinion, Work
from gateway.streaming import StoredFile, stored_file
from lobule import layout
from lobule.contracts.document import is_newer
from lobule.contracts.examination import ExaminationReading
from lobule.contracts.progress import FINAL_STATES
from lobule.contracts.region import RegionOpinion
from lobule.contracts.result import Result
from lobule.storage import ObjectNotFoundError, ObjectStore

log = structlog.get_logger()


def not_ready(code: str, job: Work) -> ProblemError:
    """The answer for what a work has not made: with this code while it may come, and else with `analysis_ended`."""
    if job.state in FINAL_STATES:
        return ProblemError(409, "analysis_ended", "state", values={"state": job.state})
    return ProblemError(409, code, "state", values={"state": job.state})


def read_result(store: ObjectStore, job: Job) -> Result:
    """The result of the pipeline.

    Raises:
        ProblemError: `result_not_ready`, `analysis_ended` or `newer_version` (409), or `result_unreadable` (500).
    """
    try:
        return Result.model_validate_json(store.get(_inference_key(job, layout.RESULT_FILE)))
    except (ObjectNotFoundError, ValidationError) as error:
        raise _unreadable(job, error) from None


def inference_file(store: ObjectStore, job: Job, name: str) -> StoredFile:
    """A file that the inference step left.

    Raises:
        ProblemError: `result_not_ready` or `analysis_ended` (409), or `result_unreadable` (500).
    """
    try:
        return stored_file(store, _inference_key(job, name))
    except ObjectNotFoundError as error:
        raise _unreadable(job, error) from None


def _inference_key(job: Job, name: str) -> str:
    step = job.step("inference")
    if step.state != "done":
        raise not_ready("result_not_ready", job)
    return layout.file_key(step.output_prefix(), name)


def read_examination(store: ObjectStore, work: Examination) -> ExaminationReading:
    """What the films of a case say together.

    Args:
        store: The object store.
        work: One that is done.

    Raises:
        ProblemError: `newer_version` (409) or `result_unreadable` (500).
    """
    key = layout.conclusion_key(work.step("examination").output_prefix(), "examination")
    try:
        return ExaminationReading.model_validate_json(store.get(key))
    except (ObjectNotFoundError, ValidationError) as error:
        raise _unreadable(work, error) from None


def examination_file(store: ObjectStore, work: Examination, name: str) -> StoredFile:
    """A file that the reading of an examination names.

    Args:
        store: The object store.
        work: One that is done.
        name: Name of the file.

    Raises:
        ProblemError: `result_unreadable` (500).
    """
    try:
        return stored_file(store, layout.file_key(work.step("examination").output_prefix(), name))
    except ObjectNotFoundError as error:
        raise _unreadable(work, error) from None


def read_opinion(store: ObjectStore, work: Opinion) -> RegionOpinion:
    """The opinion of a region.

    Args:
        store: The object store.
        work: One that is done.

    Raises:
        ProblemError: `newer_version` (409) or `result_unreadable` (500).
    """
    key = layout.conclusion_key(work.step("region").output_prefix(), "region")
    try:
        return RegionOpinion.model_validate_json(store.get(key))
    except (ObjectNotFoundError, ValidationError) as error:
        raise _unreadable(work, error) from None


def _unreadable(job: Work, error: Exception) -> ProblemError:
    if isinstance(error, ValidationError) and is_newer(error):
        return from_stored(error)
    log.error("result_unreadable", job_id=job.id, error=repr(error))
    return ProblemError(500, "result_unreadable")
