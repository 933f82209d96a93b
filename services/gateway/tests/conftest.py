"""A gateway with a real Redis and a real database, and hands to play the worker with."""

import io
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
import postgres
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import select
from starlette.responses import Response

from gateway.auth import sessions
from gateway.clock import now
from gateway.jobs.models import Step
from gateway.main import create_app
from gateway.migrate import migrate
from gateway.settings import GatewaySettings
from gateway.users import passwords
from gateway.users.models import Role, User
from lobule.contracts.result import Box, DisplayImage, Finding, ImageInfo, ModelInfo, Result, Thresholds

PASSWORD = "correct horse battery staple"
INTERNAL = "internal-token-of-the-tests-0123456789"


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
        "reap_every_s": 0.2,
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


def log_in(client: TestClient, username: str) -> dict[str, str]:
    """The headers of a logged-in API client."""
    answer = client.post("/api/v1/auth/token", json={"username": username, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def png(colour: int = 200, size: tuple[int, int] = (80, 70)) -> bytes:
    """A small picture; each colour is another image."""
    buffer = io.BytesIO()
    Image.new("RGB", size, (colour, 20, 120)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="session", autouse=True)
def every_loop_ends() -> Iterator[None]:
    """A loop that outlives its gateway would go on after Redis and log into streams that are closed."""
    yield
    left = {thread.name for thread in threading.enumerate()} & {"relay", "reaper", "webhooks"}
    assert left == set()


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Passwords are hashed at argon2's least cost: the product's takes 0.2 s of CPU time for each login."""
    least = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    passwords._nobody.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", lambda: least)
        yield


@pytest.fixture
def real_passwords(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Passwords are hashed as in the product."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHash.recommended)
    passwords._nobody.cache_clear()
    yield
    passwords._nobody.cache_clear()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the present schema, to be copied: the migrations take longer than most tests."""
    path = tmp_path_factory.mktemp("migrated") / "lobule.sqlite"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """The name of a PostgreSQL database with the present schema, to be copied."""
    url = postgres.new_database(postgres_server)
    migrate(url)
    return url.rpartition("/")[2]


@pytest.fixture
def migrated_postgres_url(postgres_server: str, postgres_template: str) -> str:
    """A fresh PostgreSQL database with the present schema."""
    return postgres.new_database(postgres_server, postgres_template)


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


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """A client of the gateway, its loops running."""
    with TestClient(app) as client:
        yield client


@pytest.fixture
def alice(client: TestClient) -> dict[str, str]:
    """Alice's headers."""
    return log_in(client, "alice")


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


class Worker:
    """Plays a worker: speaks the internal API and leaves files in the object store."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.store = client.app.state.store

    def say(self, job: str, step: str, verb: str, token: str = INTERNAL, **body):
        """Post to the internal API."""
        return self.client.post(
            f"/internal/v1/jobs/{job}/steps/{step}/{verb}", json=body, headers={"Authorization": f"Bearer {token}"}
        )

    def claim(self, job: str, step: str = "inference") -> dict:
        """Claim a step that can be claimed."""
        answer = self.say(job, step, "claim", worker="test")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def expire(self, job: str) -> None:
        """Let the leases of a job's steps be over."""
        with self.client.app.state.sessions.begin() as session:
            for step in session.query(Step).filter_by(job_id=job, state="running"):
                step.lease_expires_at = now() - timedelta(seconds=1)

    def leave_result(self, claim: dict, probability: float = 0.9, findings: int = 0) -> None:
        """What the inference leaves."""
        thresholds = Thresholds(low=0.2, high=0.7)
        result = Result(
            image=ImageInfo.model_validate(claim["image"]),
            model=ModelInfo(name="m", version="1", weights_sha256="0" * 64, calibration="none", trained_on="nothing"),
            thresholds=thresholds,
            assessment=thresholds.assess(probability),
            probability_malignant=probability,
            findings=[
                Finding(
                    label="mass",
                    probability=0.5,
                    probability_malignant=min(0.5, probability),
                    box=Box(x=5, y=5, width=20, height=20),
                )
                for _ in range(findings)
            ],
            display=DisplayImage(file="display.png", width=80, height=70),
        )
        self.store.put(f"{claim['output_prefix']}/display.png", png())
        self.store.put(f"{claim['output_prefix']}/result.json", result.model_dump_json().encode())

    def infer(self, job: str, probability: float = 0.9, findings: int = 0) -> None:
        """Do the inference step."""
        claim = self.claim(job)
        self.leave_result(claim, probability, findings)
        assert self.say(job, "inference", "complete", attempt=claim["attempt"]).status_code == 204

    def claim_next(self, queue: str, version: str | None = "3") -> dict | None:
        """Claim the next step of a queue as a worker that understands this version of the claims; None for nothing."""
        headers = {"Authorization": f"Bearer {INTERNAL}"} | ({"Lobule-Claims": version} if version else {})
        answer = self.client.post(f"/internal/v1/queues/{queue}/claim", json={"worker": "test"}, headers=headers)
        assert answer.status_code in (200, 204), answer.text
        return answer.json() if answer.status_code == 200 else None

    def render(self, job: str) -> None:
        """Do the report step."""
        claim = self.claim(job, "report")
        for name, content in (
            ("report.en.html", b"<html>"),
            ("report.en.png", png()),
            ("report.en.json", b"{}"),
            ("thumbnail.jpg", png()),
        ):
            self.store.put(f"{claim['output_prefix']}/{name}", content)
        assert self.say(job, "report", "complete", attempt=claim["attempt"]).status_code == 204


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
