"""What keeps the breasts of a case from being called negative besides the current films themselves."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType

from gateway.cases.evidence import at_least_as_its_breast, raised_breast
from gateway.cases.examinations import examinations, recent_priors
from gateway.jobs.models import Job
from lobule.assessments import URGENCY
from lobule.contracts.progress import FINAL_STATES
from lobule.contracts.result import Assessment, Laterality

RANKS: Mapping[Assessment, int] = MappingProxyType({each: rank for rank, each in enumerate(reversed(URGENCY))})
"""The position of each assessment, 0 for no sign of malignancy."""


def unread_films(jobs: Sequence[Job], former: Mapping[str, Job]) -> Iterator[tuple[date, Job]]:
    """The films of examinations shortly before of which no report was signed, with the examination's date.

    Args:
        jobs: The newest of each image of a case.
        former: The last assessed one, where the newest is not assessed, by the id of that one.
    """
    recent = recent_priors([job.image for job in jobs])
    for job in jobs:
        shown = former.get(job.id, job)
        if job.image_id in recent and not _is_read(shown):
            yield recent[job.image_id], shown


def breasts_in_doubt(jobs: Sequence[Job], former: Mapping[str, Job]) -> list[Laterality | None]:
    """Of which breasts something is in doubt that is not read together with the current films.

    That is an unread film of an examination shortly before, or another image of the current one, such as of tissue,
    that is suspected, not sure or failed. What is still analysed does not count yet.

    Args:
        jobs: As for `unread_films`.
        former: As for `unread_films`.

    Returns:
        None stands for what may be of either breast.
    """
    places = examinations([job.image for job in jobs])
    besides = [job for job in jobs if not job.image.spec.read_together and not places[job.image_id].is_prior]
    replaced = [former[job.id] for job in besides if job.id in former]
    unread = [job for _, job in unread_films(jobs, former)]
    sides = {job.image.laterality for job in (*besides, *replaced, *unread) if _is_in_doubt(job)}
    order: tuple[Laterality | None, ...] = ("R", "L", None)
    return [side for side in order if side in sides]


def _is_in_doubt(job: Job) -> bool:
    if job.assessment is None:
        return job.state in FINAL_STATES
    return job.assessment != "no_sign_of_malignancy" or raised_breast(job) is not None or job.since is not None


def _is_read(job: Job) -> bool:
    """Whether a signed report of the film's own examination covers the current suspicion of film and breast."""
    image, said = job.image, at_least_as_its_breast(job).assessment
    signed = -1 if image.signed_assessment is None else RANKS[image.signed_assessment]
    return image.signed_as_current and (said is None or RANKS[said] <= max(signed, 0))
