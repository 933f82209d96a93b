"""Creates and deletes webhooks, and writes messages when jobs end."""

import base64
import hashlib
import hmac

from sqlalchemy.orm import Session

from gateway.clock import shared_now
from gateway.errors import ProblemError
from gateway.jobs.events import AnalysisEnded
from gateway.jobs.models import Job
from gateway.jobs.schemas import JobRead
from gateway.networks import parse_networks
from gateway.settings import GatewaySettings
from gateway.users.models import User
from gateway.webhooks import repository
from gateway.webhooks.addresses import ForbiddenAddressError, resolve
from gateway.webhooks.models import Delivery, Webhook
from gateway.webhooks.schemas import JobFinished

MAX_WEBHOOKS = 10


def secret_of(webhook_id: str, settings: GatewaySettings) -> str:
    """A webhook's secret, as Standard Webhooks write one. It is derived from the server's secret and not stored."""
    key = settings.secret_key.get_secret_value().encode()
    digest = hmac.new(key, f"webhook:{webhook_id}".encode(), hashlib.sha256).digest()
    return "whsec_" + base64.b64encode(digest).decode()


def create(session: Session, user: User, url: str, settings: GatewaySettings) -> Webhook:
    """Make a webhook.

    Raises:
        ProblemError: `webhook_address_forbidden`, 422, or `too_many_webhooks`, 409.
    """
    check_address(url, settings)
    if len(repository.of_owner(session, user.id)) >= MAX_WEBHOOKS:
        raise ProblemError(409, "too_many_webhooks")
    webhook = Webhook(owner_id=user.id, url=url)
    session.add(webhook)
    session.flush()
    return webhook


def check_address(url: str, settings: GatewaySettings) -> None:
    """Refuse an address that messages may not be sent to.

    Raises:
        ProblemError: `webhook_address_forbidden`, 422.
    """
    try:
        resolve(url, parse_networks(settings.webhook_networks))
    except ForbiddenAddressError as error:
        raise ProblemError(422, "webhook_address_forbidden", error.reason, values={"host": error.host}) from None


def write_test(session: Session, webhook: Webhook) -> Delivery:
    """Write a test message."""
    at = shared_now(session)
    payload = {"type": "webhook.test", "timestamp": at.isoformat(), "data": {"webhook_id": webhook.id}}
    delivery = Delivery(webhook_id=webhook.id, job_id="", payload=payload, next_at=at)
    session.add(delivery)
    session.flush()
    return delivery


class JobMessages:
    """Writes a message for each webhook of a job's owner, in the transaction that ends the job."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings

    def write(self, session: Session, event: AnalysisEnded) -> None:
        """Handle the end of an analysis."""
        with session.no_autoflush:
            _write(session, event.job, self._settings)


def _write(session: Session, job: Job, settings: GatewaySettings) -> None:
    webhooks = repository.of_owner(session, job.owner_id)
    if not webhooks:
        return
    at = f"{settings.public_url}/api/v1/jobs/{job.id}"
    links = {"job": at}
    if job.state == "done":
        links |= {"result": f"{at}/result", "report": f"{at}/report"}
    at = shared_now(session)
    message = JobFinished(timestamp=at, data=JobRead.of(job, "en"), links=links).model_dump(mode="json")
    session.add_all(Delivery(webhook_id=webhook.id, job_id=job.id, payload=message, next_at=at) for webhook in webhooks)
