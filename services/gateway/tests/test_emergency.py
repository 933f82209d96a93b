"""Emergency access: an administrator sees a case of somebody else for an hour, and its owner is told."""

from datetime import timedelta

import pytest

from gateway.auth.models import AuthSession
from gateway.clock import now
from gateway.emergency.models import EmergencyAccess

WHY = {"reason": "The reader is away and the clinic asks for the result"}


@pytest.fixture
def open_case(client, root, case):
    return lambda headers=root, **said: client.post(
        f"/api/v1/cases/{case}/emergency-access", json=WHY | said, headers=headers
    )


def seen_by(client, headers, case) -> int:
    return client.get(f"/api/v1/cases/{case}", headers=headers).status_code


def test_an_administrator_sees_it_for_an_hour_and_changes_nothing(app, client, root, case, upload, open_case):
    job = upload(case_id=case).json()["job"]["id"]
    assert seen_by(client, root, case) == 404
    assert client.get("/api/v1/cases", headers=root).json()["items"] == []
    assert open_case().status_code == 201
    assert seen_by(client, root, case) == 200
    assert client.get(f"/api/v1/jobs/{job}", headers=root).status_code == 200
    for method, path in (
        ("POST", f"/api/v1/cases/{case}/reports"),
        ("POST", f"/api/v1/cases/{case}/claim"),
        ("POST", f"/api/v1/jobs/{job}/cancel"),
    ):
        assert client.request(method, path, headers=root, json={}).json()["code"] == "forbidden", path
    with app.state.sessions.begin() as session:
        session.query(EmergencyAccess).one().ends_at = now() - timedelta(seconds=1)
    assert seen_by(client, root, case) == 404


def test_the_owner_and_the_audit_log_are_told(client, alice, root, case, open_case, headers_of):
    access = open_case().json()["id"]
    [told] = client.get("/api/v1/emergency-access", headers=alice).json()
    assert (told["opened_by"], told["reason"], told["seen_at"]) == ("root", WHY["reason"], None)
    assert client.get("/api/v1/emergency-access", headers=headers_of("bob")).json() == []
    page = client.get("/", headers=alice).text
    assert WHY["reason"] in page
    [event] = client.get("/api/v1/audit", params={"action": "case.emergency"}, headers=root).json()["items"]
    assert (event["target_id"], event["detail"]) == (case, WHY)
    here = f"/api/v1/emergency-access/{access}/seen"
    assert client.post(here, headers=headers_of("bob")).status_code == 404
    assert client.post(here, headers=alice).json()["seen_at"]
    assert WHY["reason"] not in client.get("/", headers=alice).text
    assert WHY["reason"] in client.get("/account", headers=alice).text


def test_the_owner_is_told_of_a_case_that_was_deleted(client, alice, root, case, open_case):
    access = open_case().json()["id"]
    assert client.delete(f"/api/v1/cases/{case}", headers=root).status_code == 200
    for headers in (alice, root):
        assert [each["id"] for each in client.get("/api/v1/emergency-access", headers=headers).json()] == [access]
    assert WHY["reason"] in client.get("/", headers=alice).text
    assert client.post(f"/api/v1/emergency-access/{access}/seen", headers=alice).status_code == 200


def test_the_owner_deletes_the_notice_with_the_case(client, alice, root, case, open_case):
    open_case()
    assert client.delete(f"/api/v1/cases/{case}", headers=alice).status_code == 200
    assert client.get("/api/v1/emergency-access", headers=root).json() == []


class TestCaseOfAProgram:
    """The group is told, whatever the administrator does afterwards."""

    @pytest.fixture
    def group(self, client, new_user, root) -> str:
        for name, role in (("pacs", "service"), ("carol", "clinician")):
            new_user(name, role=role)
        group = client.post("/api/v1/groups", headers=root, json={"name": "Unit B"}).json()["id"]
        for name in ("pacs", "bob"):
            client.put(f"/api/v1/groups/{group}/members/{name}", headers=root)
        return group

    @pytest.fixture
    def sent(self, client, group, root, headers_of) -> str:
        """A case of the program's that the administrator has opened."""
        sent = client.post("/api/v1/cases", headers=headers_of("pacs"), json={"pseudonym": "SENT"}).json()["id"]
        assert client.post(f"/api/v1/cases/{sent}/emergency-access", json=WHY, headers=root).status_code == 201
        return sent

    @pytest.mark.parametrize("act", ["unshare", "hand_over", "delete", "dissolve", "expel"])
    def test_who_was_around_is_told(self, client, root, group, sent, headers_of, act):
        if act == "unshare":
            done = client.put(f"/api/v1/cases/{sent}/group", json={"group_id": None}, headers=root)
        elif act == "hand_over":
            other = client.post("/api/v1/groups", headers=root, json={"name": "Unit C"}).json()["id"]
            client.put(f"/api/v1/groups/{other}/members/carol", headers=root)
            done = client.put(f"/api/v1/cases/{sent}/group", json={"group_id": other}, headers=root)
        elif act == "delete":
            done = client.delete(f"/api/v1/cases/{sent}", headers=root)
        elif act == "dissolve":
            done = client.delete(f"/api/v1/groups/{group}", headers=root)
        else:
            done = client.delete(f"/api/v1/groups/{group}/members/bob", headers=root)
        assert done.status_code in (200, 204), done.text
        assert WHY["reason"] in client.get("/", headers=headers_of("bob")).text
        assert client.get("/api/v1/emergency-access", headers=headers_of("carol")).json() == []

    def test_the_program_deletes_the_case_and_not_the_notice(self, client, sent, headers_of):
        assert client.delete(f"/api/v1/cases/{sent}", headers=headers_of("pacs")).status_code == 200
        assert WHY["reason"] in client.get("/", headers=headers_of("bob")).text

    def test_its_reader_is_told_too(self, client, root, group, headers_of):
        sent = client.post("/api/v1/cases", headers=headers_of("pacs"), json={"pseudonym": "SENT"}).json()["id"]
        client.put(f"/api/v1/groups/{group}/members/carol", headers=root)
        assert client.post(f"/api/v1/cases/{sent}/claim", headers=headers_of("carol")).status_code == 200
        client.delete(f"/api/v1/groups/{group}/members/carol", headers=root)
        client.post(f"/api/v1/cases/{sent}/emergency-access", json=WHY, headers=root)
        assert len(client.get("/api/v1/emergency-access", headers=headers_of("carol")).json()) == 1


@pytest.fixture
def token_of(client, headers_of):
    """Headers of a program with every scope that a user may give it."""

    def make(name: str, *scopes: str) -> dict[str, str]:
        body = {"name": "t", "scopes": ["read", "write", *scopes]}
        made = client.post("/api/v1/tokens", json=body, headers=headers_of(name))
        return {"Authorization": f"Bearer {made.json()['secret']}"}

    return make


def test_no_program_notes_the_notice_for_a_person(client, alice, open_case, token_of):
    seen = f"/api/v1/emergency-access/{open_case().json()['id']}/seen"
    refused = client.post(seen, headers=token_of("alice"))
    assert (refused.status_code, refused.json()["code"]) == (403, "login_required")
    assert client.post(seen, headers=alice).json()["seen_at"]


def test_an_administrator_shares_and_deletes_as_a_person(app, client, root, case, open_case, token_of):
    open_case()
    token, path = token_of("root", "admin"), f"/api/v1/cases/{case}"
    for refused in (
        client.put(f"{path}/group", json={"group_id": None}, headers=token),
        client.delete(path, headers=token),
    ):
        assert (refused.status_code, refused.json()["code"]) == (403, "login_required")
    with app.state.sessions.begin() as session:
        for login in session.query(AuthSession):
            login.authenticated_at = now() - timedelta(minutes=6)
    for refused in (
        client.put(f"{path}/group", json={"group_id": None}, headers=root),
        client.delete(path, headers=root),
    ):
        assert (refused.status_code, refused.json()["code"]) == (403, "authentication_too_old")


@pytest.mark.parametrize("minutes", [6, -6])
def test_a_reason_and_the_person_are_needed(app, client, alice, root, bearer_of, open_case, minutes):
    """A login of the future is none: the clock was ahead then, and was set back."""
    assert open_case(reason="test").status_code == 422
    assert open_case(bearer_of("root")).json()["code"] == "portal_session_required"
    assert open_case(alice).json()["code"] == "forbidden"
    with app.state.sessions.begin() as session:
        for login in session.query(AuthSession):
            login.authenticated_at = now() - timedelta(minutes=minutes)
    assert open_case().json()["code"] == "authentication_too_old"
    nothing = client.post("/api/v1/cases/none/emergency-access", json=WHY, headers=root)
    assert nothing.json()["code"] == "authentication_too_old", "who may not open it learns nothing of it"


def test_the_page_of_a_case_asks_an_administrator_for_the_reason(client, root, case, open_case):
    asked = client.get(f"/cases/{case}", headers=root)
    assert asked.status_code == 403
    assert f'data-url="/api/v1/cases/{case}/emergency-access"' in asked.text
    assert client.get("/cases/none", headers=root).status_code == 403, "as for a case that there is"
    open_case()
    assert client.get(f"/cases/{case}", headers=root).status_code == 200


def test_a_case_whose_owner_has_left_is_handed_to_a_group(client, root, case, open_case, headers_of):
    group = client.post("/api/v1/groups", headers=root, json={"name": "Unit B"}).json()["id"]
    client.put(f"/api/v1/groups/{group}/members/bob", headers=root)
    share = {"group_id": group}
    assert client.put(f"/api/v1/cases/{case}/group", json=share, headers=root).status_code == 404
    open_case()
    assert client.put(f"/api/v1/cases/{case}/group", json=share, headers=root).status_code == 200
    assert seen_by(client, headers_of("bob"), case) == 200


def test_the_group_is_told_of_the_case_of_a_program(client, new_user, headers_of, root):
    new_user("pacs", role="service")
    new_user("carol")
    group = client.post("/api/v1/groups", headers=root, json={"name": "Unit B"}).json()["id"]
    for name in ("pacs", "bob"):
        client.put(f"/api/v1/groups/{group}/members/{name}", headers=root)
    sent = client.post("/api/v1/cases", headers=headers_of("pacs"), json={"pseudonym": "SENT"}).json()["id"]
    access = client.post(f"/api/v1/cases/{sent}/emergency-access", json=WHY, headers=root).json()["id"]
    bob, carol = headers_of("bob"), headers_of("carol")
    assert WHY["reason"] in client.get("/", headers=bob).text
    assert WHY["reason"] not in client.get("/", headers=carol).text
    here = f"/api/v1/emergency-access/{access}/seen"
    assert client.post(here, headers=carol).status_code == 404
    assert client.post(here, headers=bob).json()["seen_at"]
    assert WHY["reason"] not in client.get("/", headers=bob).text
