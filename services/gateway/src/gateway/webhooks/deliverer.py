"""Sends messages to webhooks: each at least once, and again after a failure.

The library of Standard Webhooks signs a message. Sending is our own code: no webhook client connects to exactly the
address that was checked (against server-side request forgery), or reads due messages from our database.
"""

import json
import random
import threading
from datetime import UTC, datetime, timedelta
from functools import cached_property
from urllib.parse import urlsplit, urlunsplit

import httpx
import structlog
from standardwebhooks import Webhook as Signer

from gateway.clock import shared_now
from gateway.database import SessionFactory
from gateway.networks import parse_networks
from gateway.settings import GatewaySettings
from gateway.webhooks import repository
from gateway.webhooks.addresses import ForbiddenAddressError, resolve
from gateway.webhooks.models import Delivery
from gateway.webhooks.service import secret_of
from lobule import __version__

log = structlog.get_logger()

_LEASE = timedelta(seconds=60)  # longer than a request may take
_TIMEOUT_S = 10.0
_TOGETHER = 20
# given up afterwards, three days after the first attempt
PAUSES_S = (5, 30, 120, 600, 3600, 6 * 3600, 12 * 3600, 24 * 3600, 24 * 3600)


class Deliverer:
    """Sends what is due. Any number of gateways may do so: each message is taken by one of them."""

    def __init__(self, sessions: SessionFactory, settings: GatewaySettings) -> None:
        self._sessions, self._settings = sessions, settings
        self._allowed = parse_networks(settings.webhook_networks)
        self.stopped = threading.Event()

    @cached_property
    def _http(self) -> httpx.Client:
        """Created at the first message, because it loads all CA certificates.

        It goes through the proxy that `HTTPS_PROXY` and `HTTP_PROXY` name, which is given the address that was checked.
        """
        return httpx.Client(timeout=_TIMEOUT_S, follow_redirects=False)

    def turn(self) -> None:
        """Wait a moment, then send the messages that are due."""
        if self.stopped.wait(self._settings.webhook_every_s):
            return
        while self.send_due() and not self.stopped.is_set():
            pass

    def send_due(self) -> int:
        """Send some messages that are due, with no transaction open meanwhile; returns how many.

        First the webhooks of users who were deactivated are deleted, wherever that was done.
        """
        with self._sessions.begin() as session:
            repository.delete_of_inactive(session)
            due = repository.take_due(session, _LEASE, _TOGETHER)
        for delivery in due:
            status, problem = self._send(delivery)
            with self._sessions.begin() as session:
                kept = repository.delivery(session, delivery.id)
                if kept is not None:
                    _note(kept, status, problem, shared_now(session))
        return len(due)

    def _send(self, delivery: Delivery) -> tuple[int | None, str | None]:
        url = delivery.webhook.url
        body = json.dumps(delivery.payload, separators=(",", ":"))
        at = datetime.now(UTC)
        signer = Signer(secret_of(delivery.webhook_id, self._settings))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"Lobule/{__version__}",
            "webhook-id": delivery.id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": signer.sign(delivery.id, at, body),
        }
        try:
            request = _to_address(url, resolve(url, self._allowed), self._http, headers, body.encode())
            answer = self._http.send(request, stream=True)  # its body is not needed and may be endless
            answer.close()
        except (ForbiddenAddressError, httpx.HTTPError) as error:
            return None, str(error)[:200] or type(error).__name__
        return answer.status_code, None if answer.is_success else f"status {answer.status_code}"


def _to_address(url: str, address: str, http: httpx.Client, headers: dict[str, str], body: bytes) -> httpx.Request:
    """A request to the address that was checked, with the host's name: a second DNS look-up could differ."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    place = f"[{address}]" if ":" in address else address
    port = f":{parts.port}" if parts.port else ""
    there = urlunsplit((parts.scheme, place + port, parts.path or "/", parts.query, ""))
    name = f"[{host}]" if ":" in host else host
    return http.build_request(
        "POST", there, content=body, headers=headers | {"Host": name + port}, extensions={"sni_hostname": host}
    )


def _note(delivery: Delivery, status: int | None, problem: str | None, at: datetime) -> None:
    """Store the outcome of an attempt and the time of the next one."""
    delivery.last_status, delivery.last_error = status, problem
    if problem is None:
        delivery.state, delivery.delivered_at = "delivered", at
        return
    log.warning("webhook_not_delivered", delivery=delivery.id, attempt=delivery.attempts, problem=problem)
    if delivery.attempts > len(PAUSES_S):
        delivery.state = "failed"
        return
    pause = PAUSES_S[delivery.attempts - 1]
    delivery.next_at = at + timedelta(seconds=pause * random.uniform(1, 1.2))  # noqa: S311 - spreads, hides nothing
