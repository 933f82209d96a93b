"""Looks up the addresses of new webhooks. A name server that the caller chose may take half a minute to answer."""

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from urllib.parse import urlsplit

from fastapi import Depends, Request
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from gateway.auth.dependencies import WaitingUser
from gateway.database import read
from gateway.errors import ProblemError, not_found
from gateway.networks import parse_networks
from gateway.settings import GatewaySettings
from gateway.webhooks import repository, service
from gateway.webhooks.addresses import ForbiddenAddressError, resolve
from gateway.webhooks.schemas import WebhookChange, WebhookCreate

LOOKUP_S = 5.0
LOOKUPS_AT_ONCE = 4


class Lookups:
    """Look-ups in threads of their own, a few at once and one of each user, so that no other request waits for them.

    Args:
        settings: Settings; those for allowed private networks are used.
    """

    def __init__(self, settings: GatewaySettings) -> None:
        self._allowed = parse_networks(settings.webhook_networks)
        self._busy: set[str] = set()  # users with a look-up under way; changed in the event loop alone

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(LOOKUPS_AT_ONCE, "lookup")

    async def check(self, user_id: str, url: str) -> None:
        """Refuse an address that messages may not be sent to.

        Raises:
            ProblemError: `webhook_address_forbidden`, 422, also if it contains a password or if its name is not found
                in time, or `lookup_busy`, 429, if an earlier look-up of the user has not ended, or too many of others
                have not.
        """
        parts = urlsplit(url)
        if parts.username is not None or parts.password is not None:  # they are not sent, and would be kept in clear
            raise _forbidden("credentials", parts.hostname or "")
        if user_id in self._busy:
            raise _busy()
        self._busy.add(user_id)
        loop = asyncio.get_running_loop()

        def ended(_lookup: Future[list[str]]) -> None:  # perhaps long after nobody waits for it any more
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._busy.discard, user_id)

        lookup = self._pool.submit(resolve, url, self._allowed)
        lookup.add_done_callback(ended)
        try:
            await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(lookup)), LOOKUP_S)
        except ForbiddenAddressError as error:
            raise _forbidden(error.reason, error.host) from None
        except TimeoutError:
            if lookup.cancel():  # it had not begun
                raise _busy() from None
            raise _forbidden("unknown_host", urlsplit(url).hostname or "") from None


def _forbidden(reason: str, host: str) -> ProblemError:
    return ProblemError(422, "webhook_address_forbidden", reason, values={"host": host})


def _busy() -> ProblemError:
    return ProblemError(429, "lookup_busy", headers={"Retry-After": "5"})


async def look_up_new(body: WebhookCreate, user: WaitingUser, request: Request) -> None:
    """Check the address of a new webhook before the request's transaction begins.

    Raises:
        ProblemError: `webhook_exists` or `too_many_webhooks` (409), or see `Lookups.check`.
    """

    def check(session: Session) -> None:
        service.check_new(session, user.id, str(body.url))

    await run_in_threadpool(read, request.app.state.sessions, check)
    await request.app.state.lookups.check(user.id, str(body.url))


async def look_up_changed(webhook_id: str, body: WebhookChange, user: WaitingUser, request: Request) -> None:
    """As `look_up_new`, of another address of a webhook.

    Raises:
        ProblemError: Also `not_found`, 404.
    """

    def check(session: Session) -> None:
        if repository.visible(session, user, webhook_id) is None:
            raise not_found("webhook")
        service.check_address_is_new(session, user.id, str(body.url), but=webhook_id)

    if body.url is not None:
        await run_in_threadpool(read, request.app.state.sessions, check)
        await request.app.state.lookups.check(user.id, str(body.url))


LookUpNew, LookUpChanged = Depends(look_up_new), Depends(look_up_changed)
