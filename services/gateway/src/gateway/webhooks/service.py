"""Makes and changes webhooks."""

import base64
import hashlib
import hmac

from sqlalchemy.orm import Session

from gateway.errors import ProblemError
from gateway.settings import GatewaySettings
from gateway.users.models import User
from gateway.users.repository import lock_user
from gateway.webhooks import repository
from gateway.webhooks.models import Webhook
from gateway.webhooks.schemas import WebhookChange, WebhookCreate

MAX_WEBHOOKS = 10


def secret_of(webhook_id: str, settings: GatewaySettings) -> str:
    """A webhook's secret, as Standard Webhooks write one. It is derived from the server's secret and not stored."""
    key = settings.secret_key.get_secret_value().encode()
    digest = hmac.new(key, f"webhook:{webhook_id}".encode(), hashlib.sha256).digest()
    return "whsec_" + base64.b64encode(digest).decode()


def create(session: Session, user: User, new: WebhookCreate, token_id: str | None) -> Webhook:
    """Make a webhook, whose address has been checked (`gateway.webhooks.lookups`).

    Args:
        session: The transaction.
        user: Owner of the webhook.
        new: Description of the webhook.
        token_id: Id of the API token of the request; the webhook ends with it.

    Raises:
        ProblemError: `webhook_exists` or `too_many_webhooks`, 409.
    """
    url = str(new.url)
    lock_user(session, user.id)
    check_new(session, user.id, url)
    events = " ".join(sorted(set(new.events)))
    webhook = Webhook(owner_id=user.id, url=url, events=events, token_id=token_id)
    session.add(webhook)
    session.flush()
    return webhook


def change(session: Session, webhook: Webhook, changes: WebhookChange, token_id: str | None) -> None:
    """Change a webhook; its secret stays, and pending messages go to the new address, which has been checked.

    Args:
        session: The transaction.
        webhook: The webhook.
        changes: The new values.
        token_id: Id of the API token of the request. A webhook whose address it changes ends with it.

    Raises:
        ProblemError: `webhook_exists`, 409.
    """
    if changes.url is not None:
        url = str(changes.url)
        lock_user(session, webhook.owner_id)
        check_address_is_new(session, webhook.owner_id, url, but=webhook.id)
        webhook.url, webhook.token_id = url, token_id
    if changes.events is not None:
        webhook.events = " ".join(sorted(set(changes.events)))
    session.flush()


def check_new(session: Session, owner_id: str, url: str) -> None:
    """Refuse one more webhook of a user if there is one of its address, or if there are as many as may be.

    Raises:
        ProblemError: `webhook_exists` or `too_many_webhooks`, 409.
    """
    check_address_is_new(session, owner_id, url)
    if len(repository.of_owner(session, owner_id)) >= MAX_WEBHOOKS:
        raise ProblemError(409, "too_many_webhooks")


def check_address_is_new(session: Session, owner_id: str, url: str, but: str | None = None) -> None:
    """Refuse a second webhook for an address, which would be told everything twice.

    Raises:
        ProblemError: `webhook_exists`, 409.
    """
    if any(webhook.url == url and webhook.id != but for webhook in repository.of_owner(session, owner_id)):
        raise ProblemError(409, "webhook_exists")
