"""Users, passwords, API tokens, the audit log, queues and parked work."""

import csv
import io
import secrets

import pytest

from gateway.auth.models import ApiToken
from gateway.jobs.models import Rendering

PASSWORD = "correct horse battery staple"
OTHER = "another long sentence of words"


@pytest.fixture
def root(headers_of):
    return headers_of("root")


@pytest.fixture
def user_id(client, root):
    return lambda name: next(u["id"] for u in client.get("/api/v1/users", headers=root).json() if u["username"] == name)


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

    def test_last_login_is_seen(self, client, alice, root):
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
    def test_changing_it_ends_the_other_logins(self, client, alice):
        refresh = login(client, "alice", PASSWORD).json()["refresh_token"]
        change = {"current": PASSWORD, "new": OTHER}
        assert client.post("/api/v1/users/me/password", json=change, headers=alice).status_code == 204
        assert client.get("/api/v1/users/me", headers=alice).status_code == 401
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

    def test_wrong_ones_are_refused_and_counted(self, client, alice):
        change = {"current": "wrong password", "new": OTHER}
        codes = [client.post("/api/v1/users/me/password", json=change, headers=alice).json()["code"] for _ in range(11)]
        assert (codes[0], codes[-1]) == ("wrong_password", "rate_limited")
        assert (
            client.post("/api/v1/users/me/password", json={"current": "a", "new": "short"}, headers=alice).status_code
            == 422
        )

    def test_an_administrator_resets_it(self, client, alice, root, user_id):
        token = client.post("/api/v1/tokens", json={"name": "x"}, headers=alice).json()["secret"]
        path = f"/api/v1/users/{user_id('alice')}/password"
        assert client.post(path, json={"password": OTHER}, headers=root).status_code == 204
        for bearer in (alice["Authorization"], f"Bearer {token}"):
            assert client.get("/api/v1/users/me", headers={"Authorization": bearer}).status_code == 401
        assert login(client, "alice", OTHER).status_code == 200


class TestApiTokens:
    @pytest.fixture
    def make(self, client, alice):
        def send(headers=None, **fields):
            answer = client.post("/api/v1/tokens", json={"name": "bridge"} | fields, headers=headers or alice)
            return answer.json(), {"Authorization": f"Bearer {answer.json().get('secret')}"}

        return send

    def test_the_secret_is_shown_once_and_kept_as_hash(self, client, alice, make):
        made, bearer = make()
        assert made["secret"].startswith(made["hint"])
        [listed] = client.get("/api/v1/tokens", headers=alice).json()
        assert "secret" not in listed
        with client.app.state.sessions() as session:
            stored = session.query(ApiToken).one()
            assert made["secret"] not in str(vars(stored))
        assert client.get("/api/v1/users/me", headers=bearer).json()["username"] == "alice"
        assert client.get("/api/v1/tokens", headers=alice).json()[0]["last_used_at"]

    def test_scopes(self, client, make, root):
        _, reader = make()
        answer = client.post("/api/v1/cases", json={"pseudonym": "P"}, headers=reader)
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
        _, writer = make(scopes=["read", "write"])
        assert client.post("/api/v1/cases", json={"pseudonym": "P"}, headers=writer).status_code == 201
        assert make(scopes=["admin"])[0]["code"] == "forbidden"
        _, of_root = make(root, scopes=["read", "write"])
        assert client.get("/api/v1/users", headers=of_root).json()["code"] == "scope_missing"
        _, admin = make(root, scopes=["read", "admin"])
        assert client.get("/api/v1/users", headers=admin).status_code == 200

    def test_an_upload_with_a_token(self, make, upload):
        _, writer = make(scopes=["write"])
        assert upload(headers=writer).status_code == 202

    def test_cannot_make_itself_stronger(self, client, make):
        made, writer = make(scopes=["read", "write"])
        for method, path, body in (
            ("POST", "/api/v1/tokens", {"name": "y", "scopes": ["write"]}),
            ("DELETE", f"/api/v1/tokens/{made['id']}", None),
            ("POST", "/api/v1/users/me/password", {"current": PASSWORD, "new": OTHER}),
        ):
            assert client.request(method, path, json=body, headers=writer).json()["code"] == "login_required", path

    def test_revoked_by_its_user_or_an_administrator(self, client, alice, root, make, headers_of):
        for who in (alice, root):
            made, bearer = make()
            assert client.delete(f"/api/v1/tokens/{made['id']}", headers=headers_of("bob")).status_code == 404
            assert client.delete(f"/api/v1/tokens/{made['id']}", headers=who).status_code == 204
            assert client.get("/api/v1/users/me", headers=bearer).json()["code"] == "token_invalid"

    def test_ends(self, client, make):
        from datetime import timedelta

        from gateway.clock import now

        made, bearer = make(expires_in_days=1)
        with client.app.state.sessions.begin() as session:
            session.get_one(ApiToken, made["id"]).expires_at = now() - timedelta(seconds=1)
        assert client.get("/api/v1/users/me", headers=bearer).status_code == 401
        assert make(expires_in_days=None)[0]["expires_at"] is None

    def test_ends_with_its_user(self, client, root, make, user_id):
        _, bearer = make()
        client.patch(f"/api/v1/users/{user_id('alice')}", json={"active": False}, headers=root)
        assert client.get("/api/v1/users/me", headers=bearer).status_code == 401

    def test_a_made_up_one(self, client):
        bearer = {"Authorization": f"Bearer lobule_{secrets.token_urlsafe(32)}"}
        assert client.get("/api/v1/users/me", headers=bearer).status_code == 401


class TestAudit:
    def test_filter_and_pages(self, client, alice, root, job):
        client.post("/api/v1/cases", json={"pseudonym": "P"}, headers=alice)
        found = client.get("/api/v1/audit?actor=ALI&action=case", headers=root).json()["items"]
        assert [event["action"] for event in found] == ["case.create"]
        assert (
            client.get("/api/v1/audit", params={"target_id": found[0]["target_id"]}, headers=root).json()["items"]
            == found
        )
        assert client.get("/api/v1/audit?since=2100-01-01T00:00:00Z", headers=root).json()["items"] == []
        first = client.get("/api/v1/audit?limit=2", headers=root).json()
        second = client.get(f"/api/v1/audit?limit=2&cursor={first['next_cursor']}", headers=root).json()
        ids = [event["id"] for event in first["items"] + second["items"]]
        assert ids == sorted(ids, reverse=True)
        assert len(set(ids)) == 4

    def test_everything_an_administrator_does_is_in_it(self, client, alice, root, user_id):
        target = user_id("alice")
        client.patch(f"/api/v1/users/{target}", json={"role": "service"}, headers=root)
        client.post(f"/api/v1/users/{target}/password", json={"password": OTHER}, headers=root)
        client.post("/api/v1/tokens", json={"name": "x"}, headers=root)
        client.get("/api/v1/audit.csv", headers=root)
        events = client.get("/api/v1/audit?actor=root", headers=root).json()["items"]
        assert [event["action"] for event in events[:4]] == [
            "audit.export",
            "token.create",
            "user.password_reset",
            "user.update",
        ]
        assert OTHER not in str(events)

    def test_export(self, client, root):
        client.post("/api/v1/auth/token", json={"username": "=cmd()", "password": "wrong password"})
        answer = client.get("/api/v1/audit.csv?action=auth.failed", headers=root)
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert [row["actor_name"] for row in rows] == ["'=cmd()"], "no formula for a spreadsheet"


class TestWork:
    def kill(self, client, worker, job, step="inference"):
        for _ in range(3):
            worker.claim(job, step)
            worker.expire(job)
            client.app.state.reaper.take_back()

    def test_queues(self, client, root, job):
        queues = {row["queue"]: row for row in client.get("/api/v1/admin/queues", headers=root).json()}
        assert (queues["histo"]["waiting"], queues["histo"]["workers"]) == (1, 0)
        assert queues["histo"]["oldest_s"] >= 0
        assert queues["report"]["oldest_s"] is None

    def test_dead_work_is_started_again(self, client, root, worker, job):
        self.kill(client, worker, job)
        [dead] = client.get("/api/v1/admin/jobs?state=dead", headers=root).json()["items"]
        assert (dead["id"], dead["owner"], dead["error"]["code"]) == (job, "alice", "worker_lost")
        assert (dead["step"], dead["tries"], dead["subject"]) == ("inference", 3, "field.png")
        assert client.post(f"/api/v1/admin/jobs/{job}/retry", headers=root).json()["state"] == "queued"
        self.kill(client, worker, job)
        assert client.post("/api/v1/admin/jobs/retry-dead", headers=root).json() == {"count": 1}
        worker.infer(job)

    def test_renderings_too(self, client, alice, root, worker, upload):
        case = client.post("/api/v1/cases", json={"pseudonym": "P"}, headers=alice).json()["id"]
        worker.infer(upload(case_id=case).json()["job"]["id"])
        client.post(f"/api/v1/cases/{case}/reports", json={}, headers=alice)
        with client.app.state.sessions() as session:
            first = session.query(Rendering).order_by(Rendering.key).first()
            rendering, key = first.id, first.key
        self.kill(client, worker, rendering, "render")
        [dead] = client.get("/api/v1/admin/jobs?state=dead", headers=root).json()["items"]
        assert key.startswith(f"case:{case}:version:1")
        assert (dead["kind"], dead["subject"]) == ("rendering", key)
        client.post(f"/api/v1/admin/jobs/{rendering}/retry", headers=root)
        assert worker.claim(rendering, "render")["attempt"] == 4

    def test_cancel(self, client, root, job):
        assert client.post(f"/api/v1/admin/jobs/{job}/cancel", headers=root).json()["state"] == "cancelled"
        assert client.post(f"/api/v1/admin/jobs/{job}/cancel", headers=root).json()["code"] == "job_finished"
        assert client.post("/api/v1/admin/jobs/nothing/cancel", headers=root).status_code == 404
