"""The queue of webhooks' messages, however many wait."""

from datetime import timedelta

from sqlalchemy import event

from gateway.clock import shared_now
from gateway.users.models import User
from gateway.webhooks import repository
from gateway.webhooks.models import Delivery, Webhook


def fill(session, waiting: dict[str, int]) -> None:
    owner = session.query(User.id).first()[0]
    at = shared_now(session) - timedelta(hours=1)
    for place, (webhook, count) in enumerate(waiting.items()):
        session.add(Webhook(id=webhook, owner_id=owner, url="https://a.example", events="job.done"))
        session.flush()
        for number in range(count):
            moment = at + timedelta(seconds=place + 10 * number)
            session.add(Delivery(id=f"{webhook}{number}", webhook_id=webhook, job_id="j", payload={}, next_at=moment))


def test_those_that_waited_longest_come_first_and_none_takes_all_places(app):
    with app.state.sessions.begin() as session:
        fill(session, {"b": 5, "a": 3, "c": 1})
    with app.state.sessions.begin() as session:
        taken = repository.take_due(session, timedelta(minutes=1), 2, 2, 9)
    assert [delivery.id for delivery in taken] == ["b0", "a0", "b1", "a1"]
    with app.state.sessions.begin() as session:
        taken = repository.take_due(session, timedelta(minutes=1), 2, 2, 9, ["b"])
    assert [delivery.id for delivery in taken] == ["c0", "a2"]


def test_one_user_s_webhooks_leave_room_for_another_s(app, headers_of):
    headers_of("bob")
    with app.state.sessions.begin() as session:
        fill(session, {"a": 5, "b": 5, "c": 5, "z": 1})
        of_all = session.get_one(Webhook, "a").owner_id
        session.get_one(Webhook, "z").owner_id = next(user.id for user in session.query(User) if user.id != of_all)
    with app.state.sessions.begin() as session:
        taken = repository.take_due(session, timedelta(minutes=1), 1, 3, 2)
    assert [delivery.webhook_id for delivery in taken] == ["a", "b", "z"]
    with app.state.sessions.begin() as session:
        taken = repository.take_due(session, timedelta(minutes=1), 1, 3, 2, ["a"])
    assert [delivery.webhook_id for delivery in taken] == ["c"], "the place of one that is busy counts"


def test_no_query_reads_all_that_wait(app):
    seen = []
    with app.state.sessions.begin() as session:
        fill(session, {"a": 3})
        engine = session.get_bind()
        event.listen(engine, "before_cursor_execute", lambda *given: seen.append((given[2], given[3])))
        repository.take_due(session, timedelta(minutes=1), 2, 2, 9)
        queries = [each for each in seen if each[0].startswith("SELECT") and "webhook_deliveries" in each[0]]
        plans = [session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", of).all() for sql, of in queries]
        steps = [row[3] for plan in plans for row in plan]
    assert len(queries) == 2
    reads = [step for step in steps if "webhook_deliveries" in step]
    assert reads
    assert [
        step for step in reads if "USING INDEX ix_webhook_deliveries_of_webhook" not in step.replace("COVERING ", "")
    ] == []
