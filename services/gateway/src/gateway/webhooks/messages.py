"""Writes messages to webhooks, in the transaction of the event."""

from datetime import datetime

from pydantic import BaseModel
from sqlalchemy.orm import Session

from gateway.clock import shared_now
from gateway.jobs.events import AnalysisEnded
from gateway.jobs.schemas import JobRead
from gateway.reports.events import ReportSigned
from gateway.settings import GatewaySettings
from gateway.users.repository import lock_user
from gateway.webhooks import repository
from gateway.webhooks.models import Delivery, Webhook
from gateway.webhooks.schemas import (
    EventName,
    JobFinished,
    ReportSignedMessage,
    SignedVersion,
    TestedWebhook,
    WebhookTest,
)


class Messages:
    """Writes a message for each webhook of an owner that has subscribed to the event.

    Args:
        settings: Settings; the address of this server is used for links.
    """

    def __init__(self, settings: GatewaySettings) -> None:
        self._root = f"{settings.public_url}/api/v1"

    def of_job(self, session: Session, event: AnalysisEnded) -> None:
        """Handle the end of an analysis: write messages to its owner's webhooks."""
        job, at = event.job, f"{self._root}/jobs/{event.job.id}"
        links = {"job": at}
        if job.state == "done":
            links |= {"result": f"{at}/result", "report": f"{at}/report"}
        with session.no_autoflush:
            for webhook, now in _subscribed(session, job.owner_id, "job.finished"):
                message = JobFinished(timestamp=now, data=JobRead.of(job, "en"), links=links)
                _write(session, webhook, now, message, job.id)

    def of_report(self, session: Session, event: ReportSigned) -> None:
        """Handle a signature: write messages to the webhooks of the case's owner."""
        case, report = event.case, event.report
        at = f"{self._root}/cases/{case.id}"
        links = {"case": at, "report": f"{at}/reports/{report.version}"}
        for webhook, now in _subscribed(session, case.owner_id, "report.signed"):
            data = SignedVersion(case_id=case.id, version=report.version, signed_at=report.signed_at)
            _write(session, webhook, now, ReportSignedMessage(timestamp=now, data=data, links=links))


def write_test(session: Session, webhook: Webhook) -> Delivery:
    """Write a test message, unless one waits: that one is sent again at once."""
    lock_user(session, webhook.owner_id)
    waiting = repository.waiting_test(session, webhook.id)
    if waiting is not None:
        send_again(session, waiting)
        return waiting
    at = shared_now(session)
    payload = WebhookTest(timestamp=at, data=TestedWebhook(webhook_id=webhook.id)).model_dump(mode="json")
    delivery = Delivery(webhook_id=webhook.id, job_id="", payload=payload, next_at=at)
    session.add(delivery)
    session.flush()
    return delivery


def send_again(session: Session, delivery: Delivery) -> None:
    """Send a message at once, with a new budget of attempts."""
    delivery.state, delivery.attempts, delivery.next_at = "pending", 0, shared_now(session)


def _subscribed(session: Session, owner_id: str, event: EventName) -> list[tuple[Webhook, datetime]]:
    """The owner's webhooks that have subscribed to an event, and the time of the shared clock."""
    webhooks = [webhook for webhook in repository.of_owner(session, owner_id) if event in webhook.events.split()]
    return [(webhook, shared_now(session)) for webhook in webhooks]


def _write(session: Session, webhook: Webhook, at: datetime, message: BaseModel, job_id: str = "") -> None:
    payload = message.model_dump(mode="json")
    session.add(Delivery(webhook_id=webhook.id, job_id=job_id, payload=payload, next_at=at))
