"""The connection of a client: authentication, retries and errors."""

import math
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from lobule.contracts.language import Language
from lobule.transfer import trusting

_CHANGES = ("POST", "PATCH")
_DIRECT: dict[str, None] = dict.fromkeys(("all://127.0.0.1", "all://localhost", "all://[::1]"))
"""Addresses of this machine, which a proxy does not reach, whatever `HTTP_PROXY` says."""


class ApiError(Exception):
    """The server refused a request, or could not be reached.

    Attributes:
        status: The HTTP status; 0 if the server could not be reached.
        code: The stable error code.
        detail: A sentence for people.
        problem: The RFC 9457 problem document.
        retry_after_s: Seconds that the server asks to wait, if it does.
    """

    def __init__(self, status: int, problem: dict[str, Any], retry_after_s: float | None = None) -> None:
        self.status, self.problem, self.retry_after_s = status, problem, retry_after_s
        self.code = str(problem.get("code", "http_error"))
        self.detail = str(problem.get("detail", f"The server answered with status {status}."))
        super().__init__(f"{self.detail} [{self.code}]")


class Connection:
    """A connection to one server as one user. It logs in at the first call and renews its token before it expires.

    Args:
        base_url: The address of the server.
        username: The user name; empty if `api_token` is given.
        password: The user's password.
        api_token: An API token, instead of user name and password.
        timeout_s: Seconds that one request may take.
        patience_s: Seconds for which a call is retried while the server cannot be reached or answers 503 with
            `Retry-After`, as during a restart. `call` sends POST and PATCH with an `Idempotency-Key`, so that a retry
            does not repeat their effect; what is uploaded needs none, because the server recognises it by its content.
            A retried DELETE raises `ApiError` with status 404 if the first attempt succeeded.
        ca: A PEM file of certificates to trust; by default those of the system.
        language: The language of sentences in responses.

    """

    def __init__(
        self,
        base_url: str,
        username: str = "",
        password: str = "",
        *,
        api_token: str = "",
        timeout_s: float = 30,
        patience_s: float = 0,
        ca: Path | None = None,
        language: Language = "en",
    ) -> None:
        headers = {"Accept-Language": language}
        # Redirections are not followed, so HTTP stays HTTP; loading all CA certificates takes 25 ms of CPU time.
        verify = not base_url.lower().startswith("http:") and trusting(ca)
        self._http = httpx.Client(base_url=base_url, headers=headers, timeout=timeout_s, verify=verify, mounts=_DIRECT)
        self._patience_s = patience_s
        self._username, self._password = username, password
        self._access = api_token
        self._refresh: str | None = None
        self._renew_at = math.inf if api_token else 0.0  # on the monotonic clock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _t: type[BaseException] | None, _e: BaseException | None, _b: TracebackType | None) -> None:
        self._http.close()

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        """Call an operation of the API.

        Args:
            method: The HTTP method.
            path: The path with its parameters filled in, such as `/api/v1/groups`.
            arguments: Arguments of `httpx.Client.request`, such as `params`, `json` and `headers`.

        Returns:
            The decoded JSON body; `None` if the response has no body.

        Raises:
            ApiError: The server refuses the request.
        """
        answer = self.request(method, path, **arguments)
        return answer.json() if answer.content else None

    def pages(self, path: str, **params: Any) -> Iterator[dict[str, Any]]:
        """Iterate over the items of all pages of a list. Parameters that are `None` are omitted."""
        wanted = {name: value for name, value in params.items() if value is not None}
        while True:
            page = self.call("GET", path, params=wanted)
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            wanted["cursor"] = page["next_cursor"]

    def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """Call an operation of the API as `call` does, and return the response."""
        if method in _CHANGES:
            arguments["headers"] = {"Idempotency-Key": str(uuid.uuid4())} | arguments.get("headers", {})
        return self.with_retries(lambda: self.once(method, path, **arguments))

    def with_retries(self, call: Callable[[], httpx.Response]) -> httpx.Response:
        """Repeat a call while the server cannot be reached or answers 503, for at most `patience_s`."""
        deadline = time.monotonic() + self._patience_s
        while True:
            try:
                return call()
            except ApiError as error:
                away = error.status == 0 or (error.status == 503 and error.retry_after_s is not None)
                pause = error.retry_after_s or 1.0
                if not away or time.monotonic() + pause > deadline:
                    raise
                time.sleep(pause)

    def once(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """Send one request, without retries."""
        with _plain_words(self._http.base_url):
            headers = arguments.pop("headers", {}) | {"Authorization": f"Bearer {self._token()}"}
            return _checked(self._http.request(method, path, headers=headers, **arguments))

    def _token(self) -> str:
        """Return a valid access token; logs in or renews it if necessary."""
        if time.monotonic() >= self._renew_at:
            tokens = self._new_tokens()
            self._access, self._refresh = str(tokens["access_token"]), str(tokens["refresh_token"])
            self._renew_at = time.monotonic() + float(tokens["expires_in"]) / 2
        return self._access

    def _new_tokens(self) -> dict[str, Any]:
        if self._refresh is not None:
            grant = {"grant_type": "refresh_token", "refresh_token": self._refresh}
            answer = self._http.post("/api/v1/auth/token", json=grant)
            if answer.is_success:
                return answer.json()
        grant = {"grant_type": "password", "username": self._username, "password": self._password}
        return _checked(self._http.post("/api/v1/auth/token", json=grant)).json()


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.is_success:
        return answer
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):  # of a proxy
        problem = {"code": "http_error", "detail": f"The server answered with status {answer.status_code}."}
    after = answer.headers.get("Retry-After", "")
    raise ApiError(answer.status_code, problem, float(after) if after.isdigit() else None)


@contextmanager
def _plain_words(base_url: httpx.URL) -> Iterator[None]:
    try:
        yield
    except httpx.TransportError as error:
        detail = f"The server at {base_url} cannot be reached ({type(error).__name__}). Is it running?"
        raise ApiError(0, {"code": "server_unreachable", "detail": detail}) from None
