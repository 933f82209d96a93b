"""Times in filters of the audit log are in UTC unless they name a zone, whatever the machine's zone."""

import time
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from gateway.audit.commands import app as audit_commands
from gateway.audit.service import record
from gateway.clock import now


@pytest.fixture(autouse=True, params=["Asia/Tokyo", "America/New_York"])
def zone(request, monkeypatch):
    """The zone of this machine."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(autouse=True)
def event(app):
    """Something that happened just now."""
    with app.state.sessions.begin() as session:
        record(session, None, "lobule", "test.happened")


def test_of_the_api(client, headers_of):
    root = headers_of("root")
    for minutes, found in ((-1, True), (1, False)):
        since = (now() + timedelta(minutes=minutes)).replace(tzinfo=None).isoformat()
        wanted = {"since": since, "action": "test.happened"}
        page = client.get("/api/v1/audit", params=wanted, headers=root).json()
        assert bool(page["items"]) is found


@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S+00:00"])
def test_of_the_command(app, monkeypatch, form):
    monkeypatch.setattr("gateway.audit.commands.sessions_at", lambda _home: app.state.sessions)
    for minutes, found in ((-1, True), (1, False)):
        since = f"{now() + timedelta(minutes=minutes):{form}}"
        done = CliRunner().invoke(audit_commands, ["export", "--since", since])
        assert done.exit_code == 0, done.output
        assert ("test.happened" in done.output) is found
