"""Opens work that is done on request: renderings, the readings of examinations, and opinions of regions."""

from typing import Any

from sqlalchemy.orm import Session

from gateway.jobs import repository
from gateway.jobs.models import Examination, Opinion, Rendering, Step
from gateway.jobs.queues import repository as queues
from gateway.jobs.queues.lanes import Requester
from gateway.jobs.queues.quotas import Quota
from lobule.contracts.case import RenderRequest
from lobule.contracts.examination_request import ExaminationRequest
from lobule.contracts.progress import FINAL_STATES
from lobule.contracts.region import RegionRequest
from lobule.queueing import REPORT_QUEUE


def open_rendering(
    session: Session, owner_id: str, key: str, request: RenderRequest, *, requester: Requester
) -> Rendering:
    """Request a rendering from the report service, in the session's transaction.

    Args:
        session: The transaction.
        owner_id: Whose it is.
        key: Names exactly what is rendered; there is never a second rendering of the same key.
        request: What to render.
        requester: The user who requests it.
    """
    step = Step(name="render", position=0, queue=REPORT_QUEUE, attempt=0, tries=0)
    document = request.model_dump(mode="json")
    rendering = Rendering(owner_id=owner_id, key=key, request=document, state="queued", steps=[step])
    session.add(rendering)
    _queue_again(session, rendering, document, requester)
    return rendering


def request_examination(
    session: Session, owner_id: str, key: str, request: ExaminationRequest, *, queue: str, requester: Requester
) -> None:
    """Have the films of a case read together, unless exactly that was asked for already and has not failed.

    An attempt that is under way for other films is fenced: the step waits anew, and only its next attempt counts.

    Args:
        session: The transaction; the case is locked in it.
        owner_id: Id of the case's owner.
        key: Key of the case; there is never a second reading with the same key.
        request: The films to read.
        queue: Queue of the films' modality.
        requester: The user who requests it.
    """
    document = request.model_dump(mode="json")
    work = repository.for_update(session, repository.examination(session, key))
    if work is None:
        step = Step(name="examination", position=0, queue=queue, attempt=0, tries=0)
        work = Examination(owner_id=owner_id, key=key, request=document, state="queued", steps=[step])
        session.add(work)
    elif work.request == document and (work.state == "done" or work.state not in FINAL_STATES):
        return
    _queue_again(session, work, document, requester)


def request_opinion(
    session: Session, quota: Quota, key: str, request: RegionRequest, *, queue: str, interactive: bool
) -> tuple[Opinion, bool]:
    """Have an opinion given of a region that a reader drew, unless exactly that was asked for and has not failed.

    Args:
        session: The transaction; the case is locked in it.
        quota: Quota of the user who requests it.
        key: Key of the region; there is never a second opinion with the same key.
        request: The region.
        queue: Queue of the image's modality.
        interactive: Whether a person waits for it at the portal.

    Returns:
        The opinion, and whether it was asked for now.

    Raises:
        ProblemError: `queue_full`, 429.
    """
    document = request.model_dump(mode="json")
    work = repository.for_update(session, repository.opinion(session, key))
    if work is None:
        step = Step(name="region", position=0, queue=queue, attempt=0, tries=0)
        work = Opinion(owner_id=quota.user_id, key=key, request=document, state="queued", steps=[step])
        quota.take(session)
        session.add(work)
    elif work.request == document and (work.state == "done" or work.state not in FINAL_STATES):
        return work, False
    else:
        quota.take(session)
    work.token_id = quota.token_id
    _queue_again(session, work, document, Requester(quota.user_id, interactive=interactive))
    return work, True


def render_again(session: Session, rendering: Rendering, request: RenderRequest, *, requester: Requester) -> None:
    """Render again, whether or not it failed; files of earlier attempts stay.

    Args:
        session: The transaction.
        rendering: One that has ended.
        request: The request as this version of the program writes it.
        requester: The user who requests it.
    """
    _queue_again(session, rendering, request.model_dump(mode="json"), requester)


def _queue_again(
    session: Session, work: Rendering | Examination | Opinion, document: dict[str, Any], requester: Requester
) -> None:
    """Queue the only step of a work in the requester's lane, with a new budget of attempts."""
    [step] = work.steps
    step.owner_id, step.interactive = requester.user_id, requester.interactive
    work.request = document
    work.state, work.finished_at = "queued", None
    work.set_error(None)
    if isinstance(work, Examination):
        work.since = work.leading = work.breasts = None
    session.flush()
    queues.request_step(session, step)
