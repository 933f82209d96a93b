"""`/api/v1/webhooks`: notifications of finished jobs, instead of polling."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request

from gateway.audit.service import record
from gateway.auth.dependencies import AppSettings, CurrentUser, FreshUser, token_id_of
from gateway.database import DbSession
from gateway.errors import not_found, responses
from gateway.webhooks import messages as written
from gateway.webhooks import repository, service
from gateway.webhooks.lookups import LookUpChanged, LookUpNew
from gateway.webhooks.models import Delivery, Webhook
from gateway.webhooks.schemas import (
    DeliveryRead,
    JobFinished,
    ReportSignedMessage,
    WebhookChange,
    WebhookCreate,
    WebhookCreated,
    WebhookRead,
    WebhookTest,
)

router = APIRouter(prefix="/api/v1/webhooks", tags=["webhooks"])
messages = APIRouter(tags=["webhooks"])
"""What is sent to webhooks, for the OpenAPI document."""

MessageId = Annotated[str, Header(description="identifier of the message, the same at every try")]
SentAt = Annotated[int, Header(description="when it was sent, seconds since 1970")]
Signature = Annotated[str, Header(description="signature as Standard Webhooks define it")]


@messages.post("jobFinished", operation_id="jobFinished", status_code=204)
def job_finished(
    message: JobFinished, webhook_id: MessageId, webhook_timestamp: SentAt, webhook_signature: Signature
) -> None:
    """A job has ended: done, failed, dead or cancelled. Sent to each webhook of this event until it answers 2xx."""


@messages.post("reportSigned", operation_id="reportSigned", status_code=204)
def report_signed(
    message: ReportSignedMessage, webhook_id: MessageId, webhook_timestamp: SentAt, webhook_signature: Signature
) -> None:
    """A report of a case of yours was signed. Sent to each webhook of this event until it answers 2xx."""


@messages.post("webhookTest", operation_id="webhookTest", status_code=204)
def webhook_test(
    message: WebhookTest, webhook_id: MessageId, webhook_timestamp: SentAt, webhook_signature: Signature
) -> None:
    """You asked for a test of a webhook. Sent whatever its events are, until it answers 2xx."""


def visible_webhook(webhook_id: str, user: CurrentUser, session: DbSession) -> Webhook:
    """The webhook of `{webhook_id}`, if it is this user's.

    Raises:
        ProblemError: `not_found`, 404.
    """
    webhook = repository.visible(session, user, webhook_id)
    if webhook is None:
        raise not_found("webhook")
    return webhook


VisibleWebhook = Annotated[Webhook, Depends(visible_webhook, scope="function")]


@router.get("", response_model=list[WebhookRead], responses=responses(401))
def list_webhooks(user: CurrentUser, session: DbSession) -> Sequence[Webhook]:
    """List your webhooks."""
    return repository.of_owner(session, user.id)


@router.post("", status_code=201, responses=responses(401, 403, 409, 422, 429), dependencies=[LookUpNew])
def create_webhook(
    body: WebhookCreate, user: FreshUser, session: DbSession, settings: AppSettings, request: Request
) -> WebhookCreated:
    """Register a webhook. Only this response contains its secret.

    A webhook that an API token registers or moves ends with the token.
    """
    webhook = service.create(session, user, body, token_id_of(request))
    record(session, request, user, "webhook.create", "webhook", webhook.id)
    shown = WebhookRead.model_validate(webhook)
    return WebhookCreated(**shown.model_dump(), secret=service.secret_of(webhook.id, settings))


@router.get("/{webhook_id}", response_model=WebhookRead, responses=responses(401, 404))
def read_webhook(webhook: VisibleWebhook) -> Webhook:
    """Return a webhook."""
    return webhook


@router.patch(
    "/{webhook_id}",
    response_model=WebhookRead,
    responses=responses(401, 403, 404, 409, 422, 429),
    dependencies=[LookUpChanged],
)
def change_webhook(
    body: WebhookChange, webhook: VisibleWebhook, user: FreshUser, session: DbSession, request: Request
) -> Webhook:
    """Change the address or the events of a webhook.

    Its secret does not change; pending messages go to the new address.
    """
    service.change(session, webhook, body, token_id_of(request))
    record(session, request, user, "webhook.change", "webhook", webhook.id)
    return webhook


@router.post("/{webhook_id}/test", status_code=202, response_model=DeliveryRead, responses=responses(401, 403, 404))
def test_webhook(webhook: VisibleWebhook, user: CurrentUser, session: DbSession, request: Request) -> Delivery:
    """Send a signed `webhook.test` message; its delivery shows the outcome. One that still waits is sent again."""
    record(session, request, user, "webhook.test", "webhook", webhook.id)
    return written.write_test(session, webhook)


@router.delete("/{webhook_id}", status_code=204, responses=responses(401, 403, 404))
def delete_webhook(webhook: VisibleWebhook, user: CurrentUser, session: DbSession, request: Request) -> None:
    """Delete a webhook, with its pending messages."""
    record(session, request, user, "webhook.delete", "webhook", webhook.id)
    repository.delete(session, webhook)


@router.get("/{webhook_id}/deliveries", response_model=list[DeliveryRead], responses=responses(401, 404, 422))
def list_deliveries(
    webhook: VisibleWebhook, session: DbSession, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> Sequence[Delivery]:
    """List the newest messages of a webhook, with their delivery state."""
    return repository.deliveries(session, webhook.id, limit)


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/retry",
    response_model=DeliveryRead,
    responses=responses(401, 403, 404),
)
def retry_delivery(
    webhook: VisibleWebhook, delivery_id: str, user: CurrentUser, session: DbSession, request: Request
) -> Delivery:
    """Send a message again immediately."""
    delivery = repository.delivery(session, delivery_id)
    if delivery is None or delivery.webhook_id != webhook.id:
        raise not_found("delivery")
    record(session, request, user, "webhook.retry", "webhook", webhook.id, {"delivery": delivery.id})
    written.send_again(session, delivery)
    return delivery
