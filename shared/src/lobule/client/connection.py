"""The connection of a client: its login, its patience with a server that starts again, and errors."""

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


class ApiError(Exception):
    """The server refused; `code` is stable, `detail` is for people, `problem` is the whole RFC 9457 document.

    `status` is 0 where the server could not be reached; `retry_after_s` is what the server asks to wait.
    """

    def __init__(self, status: int, problem: dict[str, Any], retry_after_s: float | None = None) -> None:
        self.status, self.problem, self.retry_after_s = status, problem, retry_after_s
        self.code = str(problem.get("code", "http_error"))
        self.detail = str(problem.get("detail", f"The server answered with status {status}."))
        super().__init__(f"{self.detail} [{self.code}]")


class Connection:
    """A connection to one server as one user. It logs in at the first call and renews its token when it expires.

    Args:
        base_url: Where the server is.
        username: The user; empty for a program with an API token.
        password: Their password.
        api_token: Of a program, instead of user name and password.
        timeout_s: Of one request.
        patience_s: How long a server that is away for a moment (it starts again: 503 with `Retry-After`, or no
            connection) is asked again. Every call may be repeated: what opens or changes something carries a key under
            which the server does it once, and an image that arrived twice is one image.
        ca: Certificates to trust, PEM; the system's own without.
        language: Of the sentences in answers.

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
        self._http = httpx.Client(base_url=base_url, headers=headers, timeout=timeout_s, verify=trusting(ca))
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
        """Call any operation of the API.

        Args:
            method: Of HTTP.
            path: With its parameters filled in, such as `/api/v1/groups`.
            arguments: As httpx takes them: `params`, `json`, `headers`.

        Returns:
            What the JSON of the answer says; None where it has no body.

        Raises:
            ApiError: Where the server refuses.
        """
        answer = self.request(method, path, **arguments)
        return answer.json() if answer.content else None

    def pages(self, path: str, **params: Any) -> Iterator[dict[str, Any]]:
        """The items of a list, page after page; parameters that are None are left out."""
        wanted = {name: value for name, value in params.items() if value is not None}
        while True:
            page = self.call("GET", path, params=wanted)
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            wanted["cursor"] = page["next_cursor"]

    def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """As `call`; gives the answer itself."""
        if method in _CHANGES:
            arguments["headers"] = {"Idempotency-Key": str(uuid.uuid4())} | arguments.get("headers", {})
        return self.patiently(lambda: self.once(method, path, **arguments))

    def patiently(self, call: Callable[[], httpx.Response]) -> httpx.Response:
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
        """Make one request."""
        with _plain_words(self._http.base_url):
            headers = arguments.pop("headers", {}) | {"Authorization": f"Bearer {self._token()}"}
            return _checked(self._http.request(method, path, headers=headers, **arguments))

    def _token(self) -> str:
        """An access token that is valid for long enough for a request."""
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
