"""Gateways share the database's clock: one whose own is wrong neither delays a message nor sends it twice."""

from datetime import datetime, timedelta

import pytest

from gateway.clock import shared_now
from gateway.database import make_engine, make_session_factory
from gateway.users.models import User
from gateway.webhooks import repository
from gateway.webhooks.models import Delivery, Webhook

pytestmark = pytest.mark.postgres


@pytest.fixture
def sessions(migrated_postgres_url, monkeypatch):
    """Sessions on PostgreSQL, a pending message's owner and webhook in it, and a switch of the local clock."""
    engine = make_engine(migrated_postgres_url)
    factory = make_session_factory(engine)
    with factory.begin() as session:
        session.add(User(id="u", username="alice", display_name="Alice", password_hash="x", role="service"))
        session.flush()
        session.add(Webhook(id="w", owner_id="u", url="http://127.0.0.1/"))

    def wrong_by(hours: float) -> None:
        class Clock(datetime):
            @classmethod
            def now(cls, tz=None):
                return datetime.now(tz) + timedelta(hours=hours)

        monkeypatch.setattr("gateway.clock.datetime", Clock)

    yield factory, wrong_by
    engine.dispose()


def test_a_message_of_a_gateway_that_is_ahead_is_due_at_once(sessions):
    factory, wrong_by = sessions
    wrong_by(hours=1)
    with factory.begin() as session:
        session.add(Delivery(webhook_id="w", job_id="j", payload={}, next_at=shared_now(session)))
    wrong_by(hours=0)
    with factory.begin() as session:
        assert len(repository.take_due(session, timedelta(seconds=60), 4, 10, 10)) == 1


def test_the_lease_of_a_gateway_that_is_behind_holds(sessions):
    factory, wrong_by = sessions
    with factory.begin() as session:
        session.add(Delivery(webhook_id="w", job_id="j", payload={}, next_at=shared_now(session)))
    wrong_by(hours=-1)
    with factory.begin() as session:
        assert len(repository.take_due(session, timedelta(seconds=60), 4, 10, 10)) == 1
    wrong_by(hours=0)
    with factory.begin() as session:
        assert repository.take_due(session, timedelta(seconds=60), 4, 10, 10) == [], "somebody else is sending it"
