"""Whose a request is that a proxy forwards: `X-Forwarded-For` and `X-Forwarded-Proto`."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.asgi import HttpMiddleware
from gateway.networks import Address, Network, parse_address


class ForwardedRequests(HttpMiddleware):
    """Takes the client's address and scheme from what trusted proxies say.

    A proxy appends the address from which it got a request, so that only the last entries are the proxies' own words: a
    client can send any entries before them.

    Args:
        app: The next application.
        proxies: The networks of trusted proxies; or how many there are in a row, none of which can be passed by.
    """

    def __init__(self, app: ASGIApp, proxies: int | list[Network]) -> None:
        super().__init__(app)
        self._proxies = proxies

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See `HttpMiddleware`."""
        peer, headers = scope["client"], Headers(scope=scope)
        if peer and self._is_proxy(parse_address(peer[0]), 0):
            entries = ",".join(headers.getlist("x-forwarded-for")).split(",")
            scheme = ",".join(headers.getlist("x-forwarded-proto")).rpartition(",")[2].strip()
            client = self._client(entries)
            scope = {
                **scope,
                "client": peer if client is None else (str(client), 0),
                "scheme": scheme if scheme in ("http", "https") else scope["scheme"],
            }
        await self.app(scope, receive, send)

    def _client(self, entries: list[str]) -> Address | None:
        """The address that the farthest trusted proxy appended; None if the nearest one appended none."""
        client = None
        for passed, entry in enumerate(reversed(entries), start=1):
            address = parse_address(entry)
            if address is None:
                break
            client = address
            if not self._is_proxy(address, passed):
                break
        return client

    def _is_proxy(self, address: Address | None, passed: int) -> bool:
        """Whether what an address says is believed, after so many proxies."""
        if isinstance(self._proxies, int):
            return passed < self._proxies
        return address is not None and any(address in network for network in self._proxies)
