"""A gateway that listens on a port, and a real Chromium that looks at it."""

import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, Page
from sqlalchemy import select
from starlette.responses import Response

from gateway.auth import sessions
from gateway.users.models import User


@pytest.fixture
def client(app: FastAPI) -> Iterator[httpx.Client]:
    """A client of a gateway that really listens; the fixtures that upload and play the worker use it too."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert thread.is_alive(), "the gateway did not start"
        assert time.monotonic() < deadline, "the gateway did not start in time"
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        client.app = app
        yield client
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def cookie_of(app: FastAPI) -> Callable[[str], tuple[str, str]]:
    """Name and value of the cookie of a user's new portal session; the login form has its own tests."""

    def open_session(username: str) -> tuple[str, str]:
        response = Response()
        with app.state.sessions.begin() as session:
            user = session.scalars(select(User).where(User.username == username)).one()
            sessions.open_session(session, user, response, app.state.settings)
        name, _, value = response.headers["Set-Cookie"].partition(";")[0].partition("=")
        return name, value

    return open_session


@pytest.fixture
def session_cookie(cookie_of: Callable[[str], tuple[str, str]]) -> tuple[str, str]:
    """The cookie of a portal session of Alice's."""
    return cookie_of("alice")


@pytest.fixture
def portal(client: httpx.Client, session_cookie: tuple[str, str]) -> httpx.Client:
    """A client with Alice's portal session."""
    client.cookies.set(*session_cookie)
    return client


@pytest.fixture
def open_page(chromium: Browser, client: httpx.Client) -> Iterator[Callable[..., Page]]:
    """Opens a page of the gateway in its own browser context; fails the test on script errors or policy violations."""
    contexts, complaints = [], []

    def open_page(path: str = "/", cookie: tuple[str, str] | None = None, **options) -> Page:
        context = chromium.new_context(base_url=str(client.base_url), **options)
        if cookie:
            context.add_cookies([{"name": cookie[0], "value": cookie[1], "url": str(client.base_url)}])
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.set_default_navigation_timeout(60_000)  # a machine that does much else besides
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda entry: complaints.append(entry.text) if _is_complaint(entry) else None)
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def _is_complaint(entry) -> bool:
    """Whatever a script or the policy complains of; a refused request is logged by the browser itself."""
    expected = entry.text.startswith("Failed to load resource") or "willReadFrequently" in entry.text
    return entry.type in ("error", "warning") and not expected


@pytest.fixture
def logged_in(open_page: Callable[..., Page], session_cookie: tuple[str, str]) -> Callable[..., Page]:
    """Opens a page as Alice."""
    return lambda path="/", **options: open_page(path, cookie=session_cookie, **options)
