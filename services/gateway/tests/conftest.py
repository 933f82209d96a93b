"""A gateway with a real Redis and a real database, and hands to play the worker with."""

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import httpx
import postgres
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from gateway_process import (  # noqa: F401 - fixtures
    compiled_once,
    described_once,
    every_loop_ends,
    quick_passwords,
    store_read_without_connection,
)
from played_worker import INTERNAL, Worker, png
from pwdlib import PasswordHash
from sqlalchemy import Engine, select
from starlette.requests import Request
from starlette.responses import Response

from gateway import database
from gateway.auth import sessions, throttle
from gateway.database import make_engine
from gateway.main import create_app
from gateway.migrate import migrate
from gateway.settings import GatewaySettings
from gateway.users import passwords
from gateway.users.models import Role, User

PASSWORD = "correct horse battery staple"

database.SQLITE_SYNCHRONOUS = "OFF"  # no test cuts the power


def make_settings(database_url: str, redis_url: str, objects: Path, **changes) -> GatewaySettings:
    """Settings of a gateway under test."""
    values = {
        "database_url": database_url,
        "redis_url": redis_url,
        "object_store_url": objects.as_uri(),
        "internal_token": INTERNAL,
        "secret_key": "secret-key-of-the-tests-0123456789abcdef",
        "secure_cookies": False,
        "log_format": "console",
        "reap_every_s": 1.0,
        "retry_pause_s": 0,
        "reserve_bytes": 0,
    }
    return GatewaySettings(**(values | changes))


def add_user(app: FastAPI, username: str, role: Role = "clinician") -> None:
    """Add a user with the tests' password."""
    with app.state.sessions.begin() as session:
        hashed = passwords.hash_password(PASSWORD)
        session.add(User(username=username, display_name=username, password_hash=hashed, role=role))


@pytest.fixture
def new_user(app: FastAPI) -> Callable[..., None]:
    """Adds a user with the tests' password."""
    return partial(add_user, app)


def open_session(app: FastAPI, username: str) -> tuple[str, str]:
    """Name and value of the cookie of a user's new portal session; the login form has its own tests."""
    response = Response()
    with app.state.sessions.begin() as session:
        user = session.scalars(select(User).where(User.username == username)).one()
        sessions.open_session(session, user, _request(app), response, app.state.settings)
    name, _, value = response.headers["Set-Cookie"].partition(";")[0].partition("=")
    return name, value


def _request(app: FastAPI, cookie: str = "") -> Request:
    headers = [(b"cookie", cookie.encode())] if cookie else []
    return Request({"type": "http", "app": app, "headers": headers, "client": ("testclient", 50000)})


def log_in(client: TestClient, username: str) -> dict[str, str]:
    """The headers of a person in the portal: the cookie of a new session, and the token that its pages send back."""
    cookie = "=".join(open_session(client.app, username))
    return {"Cookie": cookie, "X-CSRF-Token": sessions.csrf_token_for(_request(client.app, cookie))}


@pytest.fixture
def bearer_of(client: TestClient) -> Callable[[str], dict[str, str]]:
    """The headers of an API client with an access token of a user's."""

    def get(username: str) -> dict[str, str]:
        answer = client.post("/api/v1/auth/token", json={"username": username, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    return get


@pytest.fixture
def long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first pause after too many failed logins is a minute: a busy machine may sleep through a shorter one."""
    monkeypatch.setattr(throttle, "FIRST_PAUSE_S", 60)


@pytest.fixture
def real_passwords(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Passwords are hashed as in the product."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHash.recommended)
    passwords._nobody.cache_clear()
    yield
    passwords._nobody.cache_clear()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The name of a PostgreSQL database with the present schema, to be copied."""
    url = postgres.new_database(postgres_server)
    migrate(url)
    return url.rpartition("/")[2]


@pytest.fixture
def migrated_postgres_url(new_postgres_url: Callable[..., str], postgres_template: str) -> str:
    """A fresh PostgreSQL database with the present schema."""
    return new_postgres_url(postgres_template)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def migrated_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database of either kind with the present schema."""
    if request.param == "sqlite":
        url = f"sqlite:///{shutil.copy(request.getfixturevalue('migrated_sqlite'), tmp_path / 'a.sqlite')}"
    else:
        url = request.getfixturevalue("migrated_postgres_url")
    engine = make_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def make_app(tmp_path: Path, clean_redis: str, migrated_sqlite: Path) -> Callable[..., FastAPI]:
    """Makes a gateway on a migrated database, a new one of SQLite by default; settings may be changed."""

    def make(database_url: str | None = None, **changes) -> FastAPI:
        url = database_url or f"sqlite:///{tmp_path / 'lobule.sqlite'}"
        if database_url is None and not (tmp_path / "lobule.sqlite").exists():
            shutil.copy(migrated_sqlite, tmp_path / "lobule.sqlite")
        settings = make_settings(url, changes.pop("redis_url", clean_redis), tmp_path / "objects", **changes)
        app = create_app(settings)
        for username, role in (("alice", "clinician"), ("bob", "clinician"), ("root", "admin")):
            add_user(app, username, role)
        return app

    return make


@pytest.fixture
def app(make_app) -> FastAPI:
    """A gateway on SQLite."""
    return make_app()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def app_on_each_database(request: pytest.FixtureRequest, make_app: Callable[..., FastAPI]) -> FastAPI:
    """A gateway on SQLite, then one on PostgreSQL; a module takes it as its `app`."""
    return make_app(request.getfixturevalue("migrated_postgres_url") if request.param == "postgresql" else None)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """A client of the gateway, its loops running."""
    with TestClient(app) as client:
        yield client


@pytest.fixture
def alice(client: TestClient) -> dict[str, str]:
    """Alice's headers, in the portal."""
    return log_in(client, "alice")


@pytest.fixture
def cookie_of(app: FastAPI) -> Callable[[str], tuple[str, str]]:
    """Opens portal sessions; see `open_session`."""
    return partial(open_session, app)


@pytest.fixture
def worker(client: TestClient) -> Worker:
    """Plays a worker."""
    return Worker(client)


@pytest.fixture
def picture() -> Callable[..., bytes]:
    """Makes small pictures."""
    return png


@pytest.fixture
def headers_of(client: TestClient) -> Callable[[str], dict[str, str]]:
    """Logs a user in."""
    return lambda username: log_in(client, username)


@pytest.fixture
def upload(client: TestClient, alice: dict[str, str]) -> Callable[..., httpx.Response]:
    """Uploads an image, as Alice where no headers are given."""

    def send(content: bytes | None = None, headers: dict[str, str] | None = None, name: str = "field.png", **fields):
        data = {"modality": "histopathology"} | fields
        file = (name, png() if content is None else content)
        return client.post("/api/v1/images", headers=headers or alice, data=data, files={"file": file})

    return send


@pytest.fixture
def job(upload) -> str:
    """A job of Alice's that waits."""
    answer = upload()
    assert answer.status_code == 202, answer.text
    return answer.json()["job"]["id"]


@pytest.fixture
def root(headers_of):
    """Headers of an administrator."""
    return headers_of("root")


@pytest.fixture
def case(client, alice) -> str:
    """A case of Alice's without images."""
    return client.post("/api/v1/cases", json={"pseudonym": "P-1"}, headers=alice).json()["id"]


@pytest.fixture
def read(client, alice, case):
    """Reads that case."""
    return lambda **params: client.get(f"/api/v1/cases/{case}", headers=alice, params=params).json()


@pytest.fixture
def user_id(client, root):
    """The id of a user by name."""
    return lambda name: next(u["id"] for u in client.get("/api/v1/users", headers=root).json() if u["username"] == name)


@pytest.fixture
def colleague(client, alice, root, new_user, headers_of) -> Callable[[str], dict[str, str]]:
    """Shares a case of Alice's with Carol, and gives Carol's headers."""

    def share(case: str) -> dict[str, str]:
        new_user("carol")
        group = client.post("/api/v1/groups", headers=root, json={"name": "Unit C"}).json()["id"]
        for name in ("alice", "carol"):
            client.put(f"/api/v1/groups/{group}/members/{name}", headers=root)
        answer = client.put(f"/api/v1/cases/{case}/group", headers=alice, json={"group_id": group})
        assert answer.status_code == 200, answer.text
        return headers_of("carol")

    return share


@pytest.fixture
def known(client, alice, upload, worker, case, root) -> dict[str, str]:
    """Values of the parameters of paths: objects of Alice's."""
    sent = upload(case_id=case, modality="mammography", view="CC", laterality="R").json()
    worker.infer(sent["job"]["id"], findings=1)
    made = {
        "view_id": ("/api/v1/views", {"name": "mine", "query": "q=x"}),
        "token_id": ("/api/v1/tokens", {"name": "mine"}),
        "webhook_id": ("/api/v1/webhooks", {"url": "https://203.0.113.7/hook"}),
        "access_id": (f"/api/v1/cases/{case}/emergency-access", {"reason": "the walk needs one of these"}),
    }
    values = {"case_id": case, "image_id": sent["image"]["id"], "job_id": sent["job"]["id"], "version": "1"}
    for name, (path, body) in made.items():
        answer = client.post(path, json=body, headers=root if name == "access_id" else alice)
        assert answer.status_code == 201, answer.text
        values[name] = answer.json()["id"]
    values["session_id"] = client.get("/api/v1/sessions", headers=alice).json()[0]["id"]
    return values


@pytest.fixture
def audited(client, headers_of):
    """The details of an action in the audit log, newest first."""

    def read(action: str) -> list[dict]:
        answer = client.get("/api/v1/audit", params={"action": action}, headers=headers_of("root"))
        return [event["detail"] for event in answer.json()["items"]]

    return read
