"""Sends messages to webhooks: each at least once, and again after a failure.

The library of Standard Webhooks signs a message. Sending is our own code: no webhook client connects to exactly the
address that was checked (against server-side request forgery), or reads due messages from our database.
"""

import asyncio
import json
import random
import ssl
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from urllib.parse import urlsplit, urlunsplit

import httpx
import structlog
from standardwebhooks import Webhook as Signer

from gateway.clock import shared_now
from gateway.database import SessionFactory, read
from gateway.networks import parse_networks
from gateway.settings import GatewaySettings
from gateway.webhooks import repository
from gateway.webhooks.addresses import ForbiddenAddressError, resolve
from gateway.webhooks.models import Delivery
from gateway.webhooks.service import secret_of
from lobule import __version__

log = structlog.get_logger()

TIMEOUT_S = 10.0
OF_EACH = 4
"""Messages of one webhook that are taken together."""
RECEIVERS_AT_ONCE = 16
RECEIVERS_OF_ONE_USER = 4
"""A user has up to ten webhooks: with all of them slow, two users would hold up everybody's messages."""
_LOOKUPS_AT_ONCE = 4 * RECEIVERS_AT_ONCE  # a look-up may take several times as long as it is waited for
_LEASE = timedelta(seconds=OF_EACH * TIMEOUT_S + 20)  # longer than sending them may take
# given up afterwards, three days after the first attempt
PAUSES_S = (5, 30, 120, 600, 3600, 6 * 3600, 12 * 3600, 24 * 3600, 24 * 3600)


class Deliverer:
    """Sends due messages. Several gateways may run it, because each message is claimed by one of them.

    Each webhook has a queue of its own, whose messages are sent one after the other: a receiver that is slow, or drips
    its answer, holds up nobody but itself.
    """

    def __init__(self, sessions: SessionFactory, settings: GatewaySettings) -> None:
        self._sessions, self._settings = sessions, settings
        self._allowed = parse_networks(settings.webhook_networks)
        self._busy: set[str] = set()  # webhooks whose messages are being sent
        self._lock = threading.Lock()
        self.stopped = threading.Event()

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        """Created at the first message, because it loads all CA certificates."""
        return httpx.create_ssl_context()

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(RECEIVERS_AT_ONCE, "webhook")

    @cached_property
    def _lookups(self) -> ThreadPoolExecutor:
        """Threads for look-ups of names, which cannot be ended: `asyncio.run` would wait for one of its own threads."""
        return ThreadPoolExecutor(_LOOKUPS_AT_ONCE, "webhook-lookup")

    def turn(self) -> None:
        """Wait a moment, then begin to send the messages that are due."""
        if self.stopped.wait(self._settings.webhook_every_s):
            self._pool.shutdown(cancel_futures=True)  # those not begun are sent again when their lease ends
            return
        self._begin()

    def send_due(self) -> int:
        """Send the messages that are due, and wait until that is done; returns how many there were."""
        return sum(each.result() for each in wait(self._begin()).done)

    def _begin(self) -> list["Future[int]"]:
        """Take messages that are due, and begin to send them, for each webhook apart.

        No more are taken than threads are idle: what waited for a thread would outlive its lease. First the webhooks
        are deleted whose user or API token lost its access, wherever that was done.
        """
        with self._lock:
            busy = set(self._busy)
        with self._sessions.begin() as session:
            repository.delete_ended(session)
            due = repository.take_due(
                session, _LEASE, OF_EACH, RECEIVERS_AT_ONCE - len(busy), RECEIVERS_OF_ONE_USER, busy
            )
        queues: dict[str, list[Delivery]] = {}
        for delivery in due:
            queues.setdefault(delivery.webhook_id, []).append(delivery)
        with self._lock:
            self._busy |= queues.keys()
        return [self._pool.submit(self.send_queue, webhook_id, queue) for webhook_id, queue in queues.items()]

    def send_queue(self, webhook_id: str, queue: list[Delivery]) -> int:
        """Send the messages of one webhook, with no transaction open meanwhile; returns how many.

        Each is read again just before, with the webhook: either may have been deleted or changed while the messages
        before it were sent.
        """
        sent = 0
        try:
            for taken in queue:
                delivery = read(self._sessions, partial(repository.still_leased, taken=taken))
                if delivery is None:
                    continue
                sent += 1
                status, problem = asyncio.run(self._send(delivery))
                with self._sessions.begin() as session:
                    kept = repository.delivery(session, delivery.id)
                    # one that was asked for again meanwhile waits no longer because this attempt failed
                    if kept is not None and (problem is None or kept.attempts == delivery.attempts):
                        _note(kept, status, problem, shared_now(session))
        finally:
            with self._lock:
                self._busy.discard(webhook_id)
        return sent

    async def _send(self, delivery: Delivery) -> tuple[int | None, str | None]:
        """Send one message; returns the status and the problem.

        It goes through the proxy that `HTTPS_PROXY` and `HTTP_PROXY` name, which is given the address that was checked.
        """
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
            async with (
                asyncio.timeout(TIMEOUT_S),  # of the whole request: a receiver may send a byte every few seconds
                httpx.AsyncClient(follow_redirects=False, verify=self._trust) as http,
            ):
                looked_up = asyncio.get_running_loop().run_in_executor(self._lookups, resolve, url, self._allowed)
                addresses = await looked_up
                # An address that does not answer leaves time for the others.
                http.timeout = httpx.Timeout(TIMEOUT_S, connect=TIMEOUT_S / len(addresses))
                requests = [_to_address(url, address, http, headers, body.encode()) for address in addresses]
                answer = await _first_answer(http, requests)
        except TimeoutError:
            return None, f"no answer within {TIMEOUT_S:.0f} seconds"
        except (ForbiddenAddressError, httpx.HTTPError) as error:
            return None, str(error)[:200] or type(error).__name__
        return answer.status_code, None if answer.is_success else f"status {answer.status_code}"


async def _first_answer(http: httpx.AsyncClient, requests: list[httpx.Request]) -> httpx.Response:
    """The answer of the first address that can be reached, without its body, which may be endless.

    Raises:
        httpx.HTTPError: There is no answer.
    """
    for request in requests[:-1]:
        try:
            return await _answer(http, request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError):
            continue  # nothing was sent
    return await _answer(http, requests[-1])


async def _answer(http: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    answer = await http.send(request, stream=True)
    await answer.aclose()
    return answer


def _to_address(url: str, address: str, http: httpx.AsyncClient, headers: dict[str, str], body: bytes) -> httpx.Request:
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
