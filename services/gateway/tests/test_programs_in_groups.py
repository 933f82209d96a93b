"""A program belongs to one group, also an account that becomes a program's."""

import threading

import pytest

from gateway.accounts import service
from gateway.accounts.schemas import UserUpdate
from gateway.database import read
from gateway.errors import ProblemError
from gateway.groups import repository
from gateway.groups import service as groups
from gateway.users import repository as users


@pytest.fixture
def root(headers_of):
    return headers_of("root")


@pytest.fixture
def two_groups(client, root):
    """The ids of two groups of Bob."""
    made = [client.post("/api/v1/groups", headers=root, json={"name": name}).json()["id"] for name in ("B", "C")]
    for group in made:
        assert client.put(f"/api/v1/groups/{group}/members/bob", headers=root).status_code == 200
    return made


@pytest.fixture
def bob_becomes(client, root, user_id):
    def change(**changes):
        answer = client.patch(f"/api/v1/users/{user_id('bob')}", headers=root, json=changes)
        return answer.status_code, answer.json().get("code", answer.json().get("role"))

    return change


def test_who_is_in_two_groups_becomes_no_program(client, root, two_groups, bob_becomes, headers_of):
    headers_of("bob")
    assert bob_becomes(role="service") == (409, "one_group_only")
    assert bob_becomes(role="reader") == (200, "reader")
    client.delete(f"/api/v1/groups/{two_groups[1]}/members/bob", headers=root)
    assert bob_becomes(role="service") == (200, "service")
    assert client.post("/api/v1/cases", headers=headers_of("bob"), json={"pseudonym": "SENT"}).status_code == 201
    found = client.get(f"/api/v1/cases?group={two_groups[0]}", headers=headers_of("bob")).json()["items"]
    assert len(found) == 1


def test_a_program_that_an_earlier_version_let_into_two_groups_can_be_changed(app, user_id, two_groups, bob_becomes):
    with app.state.sessions.begin() as session:
        users.by_id(session, user_id("bob")).role = "service"
    assert bob_becomes(display_name="PACS", role="service") == (200, "service")
    assert bob_becomes(role="clinician") == (200, "clinician")


def test_neither_when_both_happen_at_once(app, client, root, two_groups, user_id):
    """A second group and the role: whoever comes second is refused."""
    client.delete(f"/api/v1/groups/{two_groups[1]}/members/bob", headers=root)
    start, refused, bob = threading.Barrier(2), list[str](), user_id("bob")

    def join(session, user):
        groups.add_member(session, repository.by_id(session, two_groups[1]), user)

    def become(session, user):
        service.update_user(session, user, UserUpdate(role="service"), by=None)

    def run(change):
        start.wait()
        try:
            with app.state.sessions.begin() as session:
                change(session, users.by_id(session, bob))
        except ProblemError as error:
            refused.append(error.code)

    threads = [threading.Thread(target=run, args=(change,)) for change in (join, become)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["one_group_only"]
    role, count = read(
        app.state.sessions,
        lambda session: (users.by_id(session, bob).role, len(repository.of_members(session, bob))),
    )
    assert (role, count) in (("service", 1), ("clinician", 2))


def test_a_role_that_changes_before_the_account_is_locked(app, client, root, two_groups, user_id):
    client.delete(f"/api/v1/groups/{two_groups[1]}/members/bob", headers=root)
    if app.state.engine.dialect.name == "sqlite":
        pytest.skip("a transaction that writes begins alone")
    with app.state.sessions() as session:
        bob, group = users.by_id(session, user_id("bob")), repository.by_id(session, two_groups[1])
        with app.state.sessions.begin() as other:
            service.update_user(other, users.by_id(other, bob.id), UserUpdate(role="service"), by=None)
        with pytest.raises(ProblemError):
            groups.add_member(session, group, bob)
