"""Users: roles, passwords, and what ends a login."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from gateway.accounts.schemas import UserUpdate
from gateway.accounts.service import update_user
from gateway.users.models import User
from gateway.users.repository import by_username
from gateway.webhooks.models import Delivery, Webhook

PASSWORD = "correct horse battery staple"


OTHER = "another long sentence of words"


def login(client, username, password):
    return client.post("/api/v1/auth/token", json={"username": username, "password": password})


class TestUsers:
    def test_disabling_ends_every_login_at_once(self, client, alice, root, user_id):
        refresh = login(client, "alice", PASSWORD).json()["refresh_token"]
        path = f"/api/v1/users/{user_id('alice')}"
        assert client.patch(path, json={"active": False}, headers=root).json()["active"] is False
        assert client.get("/api/v1/users/me", headers=alice).status_code == 401
        grant = {"grant_type": "refresh_token", "refresh_token": refresh}
        assert client.post("/api/v1/auth/token", json=grant).status_code == 401
        assert login(client, "alice", PASSWORD).status_code == 401
        client.patch(path, json={"active": True}, headers=root)
        assert client.get("/api/v1/users/me", headers=alice).status_code == 401, "old tokens stay void"
        assert login(client, "alice", PASSWORD).status_code == 200

    def test_deactivation_ends_tokens_and_webhooks_for_good(self, app, client, alice, root, user_id):
        token = client.post("/api/v1/tokens", json={"name": "x"}, headers=alice).json()["secret"]
        hook = client.post("/api/v1/webhooks", json={"url": "https://93.184.216.34/hook"}, headers=alice).json()
        client.post(f"/api/v1/webhooks/{hook['id']}/test", headers=alice)
        path = f"/api/v1/users/{user_id('alice')}"
        for active in (False, True):
            client.patch(path, json={"active": active}, headers=root)
            if not active:
                app.state.deliverer.send_due()
        assert client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401
        with app.state.sessions() as session:
            assert (session.query(Webhook).count(), session.query(Delivery).count()) == (0, 0)

    def test_another_role_ends_logins_too(self, client, alice, root, user_id):
        changed = client.patch(f"/api/v1/users/{user_id('alice')}", json={"role": "admin"}, headers=root).json()
        assert changed["role"] == "admin"
        assert client.get("/api/v1/users/me", headers=alice).status_code == 401

    def test_a_name_ends_nothing(self, client, alice, root, user_id):
        client.patch(f"/api/v1/users/{user_id('alice')}", json={"display_name": "Dr Alice"}, headers=root)
        assert client.get("/api/v1/users/me", headers=alice).json()["display_name"] == "Dr Alice"

    def test_nobody_locks_everybody_out(self, client, root, user_id):
        for change in ({"active": False}, {"role": "clinician"}):
            answer = client.patch(f"/api/v1/users/{user_id('root')}", json=change, headers=root)
            assert answer.json()["code"] == "not_yourself"

    def test_only_administrators(self, client, alice, user_id):
        other = user_id("bob")
        assert client.patch(f"/api/v1/users/{other}", json={"active": False}, headers=alice).status_code == 403
        assert (
            client.post(f"/api/v1/users/{other}/password", json={"password": OTHER}, headers=alice).status_code == 403
        )
        for path in ("users", "audit", "audit.csv", "admin/queues", "admin/jobs", "tokens?everyone=true"):
            assert client.get(f"/api/v1/{path}", headers=alice).status_code == 403, path

    def test_last_login_is_seen(self, client, bearer_of, root):
        bearer_of("alice")
        [seen] = [u for u in client.get("/api/v1/users", headers=root).json() if u["username"] == "alice"]
        assert seen["last_login_at"]


class TestForeignPasswords:
    """Who got a password from somebody else chooses another one before all else."""

    @pytest.fixture
    def carol(self, client, root):
        new = {"username": "carol", "password": PASSWORD}
        assert client.post("/api/v1/users", json=new, headers=root).json()["must_change_password"] is True
        return new

    def test_a_program_may_do_nothing_else(self, client, carol):
        headers = {"Authorization": f"Bearer {login(client, 'carol', PASSWORD).json()['access_token']}"}
        for refused in (client.get("/api/v1/cases", headers=headers), client.post("/api/v1/tokens", headers=headers)):
            assert (refused.status_code, refused.json()["code"]) == (403, "password_change_required")
        form = {"username": "carol", "password": PASSWORD}
        refused = client.post("/api/v1/diagnose", data=form, files={"file": ("a.png", b"x")})
        assert refused.json()["code"] == "password_change_required"
        assert client.get("/api/v1/users/me", headers=headers).json()["must_change_password"] is True
        change = {"current": PASSWORD, "new": PASSWORD}
        assert client.post("/api/v1/users/me/password", json=change, headers=headers).json()["code"] == "same_password"
        assert (
            client.post("/api/v1/users/me/password", json=change | {"new": OTHER}, headers=headers).status_code == 204
        )
        headers = {"Authorization": f"Bearer {login(client, 'carol', OTHER).json()['access_token']}"}
        assert client.get("/api/v1/cases", headers=headers).status_code == 200

    @pytest.mark.parametrize("path", ["/", "/new", "/account", "/cases/x"])
    def test_every_page_leads_to_the_choice(self, client, carol, path):
        client.post("/login", data=carol)
        assert client.get(path, follow_redirects=False).headers["location"] == f"/password?next={path}"
        assert "Choose your password" in client.get(path).text

    def test_a_reset_asks_for_it_too(self, client, alice, root, user_id):
        path = f"/api/v1/users/{user_id('alice')}/password"
        client.post(path, json={"password": OTHER}, headers=root)
        headers = {"Authorization": f"Bearer {login(client, 'alice', OTHER).json()['access_token']}"}
        assert client.get("/api/v1/cases", headers=headers).json()["code"] == "password_change_required"

    def test_programs_have_nobody_to_choose(self, client, root):
        new = {"username": "pacs", "password": PASSWORD, "role": "service"}
        assert client.post("/api/v1/users", json=new, headers=root).json()["must_change_password"] is False

    def test_whoever_chose_it_needs_no_page(self, client, alice):
        client.post("/login", data={"username": "alice", "password": PASSWORD})
        assert client.get("/password?next=/new", follow_redirects=False).headers["location"] == "/new"
        assert client.get("/password?next=//evil.example", follow_redirects=False).headers["location"] == "/"


class TestPasswords:
    def test_changing_it_ends_the_other_logins(self, client, alice, bearer_of):
        here, refresh = bearer_of("alice"), login(client, "alice", PASSWORD).json()["refresh_token"]
        change = {"current": PASSWORD, "new": OTHER}
        assert client.post("/api/v1/users/me/password", json=change, headers=here).status_code == 204
        for headers in (here, alice):
            assert client.get("/api/v1/users/me", headers=headers).status_code == 401
        grant = {"grant_type": "refresh_token", "refresh_token": refresh}
        assert client.post("/api/v1/auth/token", json=grant).status_code == 401
        assert login(client, "alice", PASSWORD).status_code == 401
        assert login(client, "alice", OTHER).status_code == 200

    def test_a_browser_that_changes_it_stays_logged_in(self, client):
        browsers = []
        for _ in range(2):
            client.cookies.clear()
            client.post("/login", data={"username": "bob", "password": PASSWORD})
            browsers.append(dict(client.cookies))
        page = client.get("/").text
        csrf = page.split('name="csrf-token" content="')[1].split('"')[0]
        change = {"current": PASSWORD, "new": OTHER}
        headers = {"X-CSRF-Token": csrf}
        assert client.post("/api/v1/users/me/password", json=change, headers=headers).status_code == 204
        assert client.get("/api/v1/users/me").status_code == 200
        client.cookies.clear()
        client.cookies.update(browsers[0])
        assert client.get("/api/v1/users/me").status_code == 401

    @pytest.mark.usefixtures("long_pauses")
    def test_wrong_ones_are_refused_and_counted(self, client, alice):
        change = {"current": "wrong password", "new": OTHER}
        codes = [client.post("/api/v1/users/me/password", json=change, headers=alice).json()["code"] for _ in range(11)]
        assert (codes[0], codes[-1]) == ("wrong_password", "rate_limited")
        assert (
            client.post("/api/v1/users/me/password", json={"current": "a", "new": "short"}, headers=alice).status_code
            == 422
        )

    def test_an_administrator_resets_it(self, client, alice, bearer_of, root, user_id):
        login_before = bearer_of("alice")["Authorization"]
        token = client.post("/api/v1/tokens", json={"name": "x"}, headers=alice).json()["secret"]
        path = f"/api/v1/users/{user_id('alice')}/password"
        assert client.post(path, json={"password": OTHER}, headers=root).status_code == 204
        for bearer in (login_before, f"Bearer {token}"):
            assert client.get("/api/v1/users/me", headers={"Authorization": bearer}).status_code == 401
        assert client.get("/api/v1/users/me", headers=alice).status_code == 401
        assert login(client, "alice", OTHER).status_code == 200


def test_an_account_of_single_sign_on_gets_no_password(app, client, alice, root, user_id):
    with app.state.sessions.begin() as session:
        session.get(User, user_id("alice")).identity = "https://login.example#7"
    change = {"current": "correct horse battery staple", "new": "another long sentence of words"}
    for answer in (
        client.post("/api/v1/users/me/password", json=change, headers=alice),
        client.post(f"/api/v1/users/{user_id('alice')}/password", json={"password": change["new"]}, headers=root),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "password_elsewhere")
    assert client.get("/api/v1/users/me", headers=alice).status_code == 200, "and nothing ended"


def test_an_auditor_begins_at_the_audit_log(client, new_user, headers_of):
    new_user("iris", role="auditor")
    first = client.get("/", headers=headers_of("iris"), follow_redirects=False)
    assert (first.status_code, first.headers["location"]) == (303, "/admin/audit")


@pytest.mark.postgres
def test_two_administrators_cannot_remove_each_other_at_once(make_app, migrated_postgres_url):
    app, change = make_app(migrated_postgres_url), UserUpdate(role="clinician")
    with app.state.sessions.begin() as session:
        session.add(User(username="eve", display_name="eve", password_hash="!", role="admin"))
    with app.state.sessions() as first, app.state.sessions() as second:
        update_user(first, by_username(first, "root"), change, by=by_username(first, "eve"))
        second.execute(text("SET LOCAL lock_timeout = '100ms'"))
        root, eve = (by_username(second, name) for name in ("root", "eve"))
        with pytest.raises(OperationalError, match="lock timeout"):
            update_user(second, eve, change, by=root)
