"""Makes and changes webhooks."""

import base64
import hashlib
import hmac
from collections.abc import Sequence

from sqlalchemy.orm import Session

from gateway.errors import ProblemError
from gateway.networks import parse_networks
from gateway.settings import GatewaySettings
from gateway.users.models import User
from gateway.users.repository import lock_user
from gateway.webhooks import repository
from gateway.webhooks.addresses import ForbiddenAddressError, resolve
from gateway.webhooks.models import Webhook
from gateway.webhooks.schemas import WebhookChange, WebhookCreate

MAX_WEBHOOKS = 10


def secret_of(webhook_id: str, settings: GatewaySettings) -> str:
    """A webhook's secret, as Standard Webhooks write one. It is derived from the server's secret and not stored."""
    key = settings.secret_key.get_secret_value().encode()
    digest = hmac.new(key, f"webhook:{webhook_id}".encode(), hashlib.sha256).digest()
    return "whsec_" + base64.b64encode(digest).decode()


def create(session: Session, user: User, new: WebhookCreate, settings: GatewaySettings) -> Webhook:
    """Make a webhook.

    Raises:
        ProblemError: `webhook_address_forbidden` (422), or `webhook_exists` or `too_many_webhooks` (409).
    """
    url = str(new.url)
    check_address(url, settings)
    lock_user(session, user.id)
    known = repository.of_owner(session, user.id)
    _check_new(url, known)
    if len(known) >= MAX_WEBHOOKS:
        raise ProblemError(409, "too_many_webhooks")
    webhook = Webhook(owner_id=user.id, url=url, events=" ".join(sorted(set(new.events))))
    session.add(webhook)
    session.flush()
    return webhook


def change(session: Session, webhook: Webhook, changes: WebhookChange, settings: GatewaySettings) -> None:
    """Change a webhook; its secret stays, and pending messages go to the new address.

    Raises:
        ProblemError: `webhook_address_forbidden` (422), or `webhook_exists` (409).
    """
    if changes.url is not None:
        url = str(changes.url)
        check_address(url, settings)
        lock_user(session, webhook.owner_id)
        _check_new(url, [each for each in repository.of_owner(session, webhook.owner_id) if each.id != webhook.id])
        webhook.url = url
    if changes.events is not None:
        webhook.events = " ".join(sorted(set(changes.events)))
    session.flush()


def _check_new(url: str, known: Sequence[Webhook]) -> None:
    """Refuse a second webhook for an address, which would be told everything twice."""
    if any(webhook.url == url for webhook in known):
        raise ProblemError(409, "webhook_exists")


def check_address(url: str, settings: GatewaySettings) -> None:
    """Refuse an address that messages may not be sent to.

    Raises:
        ProblemError: `webhook_address_forbidden`, 422.
    """
    try:
        resolve(url, parse_networks(settings.webhook_networks))
    except ForbiddenAddressError as error:
        raise ProblemError(422, "webhook_address_forbidden", error.reason, values={"host": error.host}) from None
