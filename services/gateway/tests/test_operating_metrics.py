"""Metrics that tell an operator of the backup, the certificate, the database, and memory."""

import subprocess
import time
from datetime import UTC, datetime, timedelta
from unittest.mock import Mock

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from redis.exceptions import RedisError
from sqlalchemy import update
from typer.testing import CliRunner

from gateway.auth.models import ApiToken
from gateway.main import create_app
from gateway.operations import backup_commands
from gateway.pdf_signing import draw_certificate
from lobule import memory
from lobule.storage import StoreUnavailableError


def metrics(client) -> dict[str, float]:
    text = client.get("/metrics").text
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return {sample.name: sample.value for sample in samples if not sample.labels}


@pytest.fixture
def app(app_on_each_database):
    """A gateway on each kind of database."""
    return app_on_each_database


@pytest.fixture
def command(app, monkeypatch):
    """`lobule backup` beside this gateway."""
    monkeypatch.setattr(backup_commands, "settings_at", lambda _home: app.state.settings)
    return lambda *arguments: CliRunner().invoke(backup_commands.app, list(map(str, arguments)))


def test_a_backup_is_noted_and_its_time_told(client, root, job, command, tmp_path):
    before = metrics(client)
    assert "lobule_backup_timestamp_seconds" not in before
    assert before["lobule_database_up"] == 1
    assert before["lobule_database_size_bytes"] > 100_000
    done = command("create", tmp_path / "backup")
    assert done.exit_code == 0, done.output
    assert abs(metrics(client)["lobule_backup_timestamp_seconds"] - time.time()) < 60
    [event] = client.get("/api/v1/audit", headers=root, params={"action": "backup.create"}).json()["items"]
    assert event["actor_name"] == "command line"
    assert event["detail"]["objects"] == 1


def test_a_scheduled_backup_goes_on_after_one_that_failed(client, command, tmp_path, monkeypatch):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "other").touch()
    pauses = []

    def sleep(seconds):
        pauses.append(seconds)
        (tmp_path / "taken" / "other").unlink(missing_ok=True)
        if len(pauses) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(backup_commands.time, "sleep", sleep)
    command("create", tmp_path / "taken", "--every-hours", 24)
    assert pauses == [3600, 24 * 3600], "the failed one is tried again after an hour"
    assert (tmp_path / "taken" / "backup.json").exists()
    assert "lobule_backup_timestamp_seconds" in metrics(client)


def test_whether_redis_answers(app, client, monkeypatch):
    assert metrics(client)["lobule_redis_up"] == 1
    monkeypatch.setattr(app.state.progress_cache, "workers", Mock(side_effect=RedisError))
    assert metrics(client)["lobule_redis_up"] == 0
    assert "lobule_workers{" not in client.get("/metrics").text


def test_the_end_of_the_first_api_token_in_use(app, client, new_user, headers_of):
    """Until it is replaced: also after it has ended."""
    name = "lobule_token_end_timestamp_seconds"

    def made(days: int | None) -> dict:
        said = {"name": "node", "scopes": ["read"], "expires_in_days": days}
        token = client.post("/api/v1/tokens", headers=headers_of("pacs"), json=said).json()
        client.cookies.clear()
        used = client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {token['secret']}"})
        assert used.status_code == 200
        return token

    def change(token: dict, **values) -> None:
        with app.state.sessions.begin() as session:
            session.execute(update(ApiToken).where(ApiToken.id == token["id"]).values(**values))

    new_user("pacs", role="service")
    made(None)
    assert name not in metrics(client)
    long, short = made(90), made(10)
    assert metrics(client)[name] == pytest.approx(time.time() + 10 * 86400, abs=60)
    past = datetime.now(UTC) - timedelta(days=1)
    change(short, expires_at=past)
    assert metrics(client)[name] == pytest.approx(past.timestamp(), abs=1)
    change(long, last_used_at=past - timedelta(days=7))
    change(short, revoked_at=past)
    assert name not in metrics(client)


def test_the_end_of_the_certificate_that_signs_reports(make_app):
    certificate, key = (part.decode() for part in draw_certificate("Hospital", 30))
    client = TestClient(make_app(pdf_certificate=certificate, pdf_key=key))
    days = (metrics(client)["lobule_pdf_certificate_end_timestamp_seconds"] - time.time()) / 86400
    assert 29 <= days <= 30


def test_the_end_of_the_certificate(make_app, tmp_path):
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "10", "-subj", "/CN=x"]
    path = tmp_path / "certificate.pem"
    subprocess.run([*command, "-keyout", tmp_path / "key.pem", "-out", path], check=True, capture_output=True)
    client = TestClient(make_app(certificate=path))
    days = (metrics(client)["lobule_certificate_end_timestamp_seconds"] - time.time()) / 86400
    assert days == pytest.approx(10, abs=0.1)
    path.write_text("no certificate")
    assert "lobule_certificate_end_timestamp_seconds" not in metrics(client)


def test_a_certificate_that_cannot_be_read_does_not_end_the_other_metrics(make_app, tmp_path):
    path = tmp_path / ("x" * 300)  # longer than the system allows
    assert "lobule_certificate_end_timestamp_seconds" not in metrics(TestClient(make_app(certificate=path)))


def test_without_a_database_the_rest_is_told(app):
    away = app.state.settings.model_copy(update={"database_url": "postgresql+psycopg://x:x@127.0.0.1:1/x"})
    told = metrics(TestClient(create_app(away)))
    assert told["lobule_database_up"] == 0
    assert told["lobule_store_free_bytes"] > 0


def test_without_the_object_store_the_rest_is_told(app, client, monkeypatch):
    monkeypatch.setattr(app.state.store, "space", Mock(side_effect=StoreUnavailableError))
    told = metrics(client)
    assert told["lobule_database_up"] == 1
    assert "lobule_store_free_bytes" not in told


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {"memory.max": "1000\n", "memory.current": "600\n", "memory.stat": "anon 1\ninactive_file 100\n"},
            (500, 1000),
        ),
        ({"memory.max": "max\n", "memory.current": "600\n", "memory.stat": "inactive_file 100\n"}, None),
        (
            {
                "memory/memory.limit_in_bytes": "1000",
                "memory/memory.usage_in_bytes": "700",
                "memory/memory.stat": "total_inactive_file 50",
            },
            (650, 1000),
        ),
        (
            {
                "memory/memory.limit_in_bytes": str(2**63 - 4096),
                "memory/memory.usage_in_bytes": "700",
                "memory/memory.stat": "total_inactive_file 50",
            },
            None,
        ),
        ({}, None),
    ],
)
def test_the_memory_of_the_container(files, expected, tmp_path):
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    assert memory.container_memory(tmp_path) == expected
