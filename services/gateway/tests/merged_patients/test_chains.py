"""Chains of merged identifiers are resolved by one query and in steps that grow with their length."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from gateway.images.merging import KnownPatients, patients_of
from gateway.images.models import PatientMerge
from gateway.users import repository as users

START = datetime(2026, 1, 1, tzinfo=UTC)


class Hashed(str):
    """A mark that counts how often a dictionary or a set looks at it."""

    __slots__ = ()
    times = 0

    def __hash__(self) -> int:
        Hashed.times += 1
        return super().__hash__()


def chain(length: int, owner: str = "pacs", mark: type[str] = str) -> list[PatientMerge]:
    return [
        PatientMerge(
            owner_id=owner,
            message_id=f"M{number}",
            former_mark=mark(f"m{number}"),
            present_mark=mark(f"m{number + 1}"),
            undone=False,
            told_at=START + timedelta(minutes=number),
        )
        for number in range(length)
    ]


@pytest.fixture
def queries(app):
    """The statements that the gateway sends from now on."""
    sent: list[str] = []
    event.listen(app.state.engine, "before_cursor_execute", lambda *told: sent.append(told[2]))
    return sent


@pytest.mark.parametrize("length", [1, 2, 40])
def test_one_query_finds_a_chain_from_either_end(app, pacs, queries, length):
    with app.state.sessions.begin() as session:
        session.add_all(chain(length, users.by_username(session, "pacs").id))
    for end in ("m0", f"m{length}"):
        with app.state.sessions() as session:
            session.connection()
            queries.clear()
            known = KnownPatients(session, [end])
            assert known.marks == {f"m{number}" for number in range(length + 1)}
            assert len(queries) == 1


def test_files_without_identifiers_need_none(app, queries):
    with app.state.sessions() as session:
        session.connection()
        queries.clear()
        assert KnownPatients(session, [None, ""]).marks == set()
        assert queries == []


@pytest.mark.parametrize("order", [lambda merges: merges, lambda merges: merges[::-1], lambda merges: merges[::2]])
def test_a_longer_chain_takes_proportionally_more_steps(order):
    def steps(length: int) -> int:
        merges, Hashed.times = order(chain(length, mark=Hashed)), 0
        assert patients_of(merges)
        return Hashed.times

    assert steps(800) < 9 * steps(100)


def test_the_newest_merge_counts_for_all():
    merges = chain(3)
    first, last = merges[0], merges[2]
    apart = patients_of([first, last])
    assert apart["pacs", "m0"].newest is first
    assert apart["pacs", "m3"].newest is last
    joined = patients_of([first, last, merges[1]])
    assert {id(patient) for patient in joined.values()} == {id(joined["pacs", "m0"])}
    assert joined["pacs", "m0"].newest is merges[1]
