"""The second factor: codes of an app, each once, recovery codes, and administrators who require or reset it."""

import re

import pyotp
import pytest
from pydantic import SecretStr

from gateway.auth.second_factor import service
from gateway.auth.second_factor.models import AuthenticatorApp, RecoveryCode

PASSWORD = "correct horse battery staple"
HERE = "/api/v1/users/me/second-factor"


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test moves on, by half minutes."""

    class Clock:
        step = 60_000_000

        def now(self):
            return type("At", (), {"timestamp": staticmethod(lambda: self.step * 30)})

    clock = Clock()
    monkeypatch.setattr(service, "now", clock.now)
    return clock


@pytest.fixture
def turn_on(client, clock):
    """Turns a user's second factor on, as their app does; gives the app and the recovery codes."""

    def with_app(headers):
        made = client.post(HERE, headers=headers)
        assert made.status_code == 201, made.text
        app = pyotp.TOTP(made.json()["secret"])
        assert pyotp.parse_uri(made.json()["address"]).secret == app.secret
        code = app.generate_otp(clock.step)
        done = client.post(f"{HERE}/confirmation", json={"code": code}, headers=headers)
        assert done.status_code == 200, done.text
        clock.step += 1
        return app, done.json()["codes"]

    return with_app


@pytest.fixture
def grant(client):
    """Asks for tokens as Alice."""
    return lambda **said: client.post("/api/v1/auth/token", json={"username": "alice", "password": PASSWORD, **said})


class TestApi:
    def test_the_password_alone_is_no_longer_enough(self, client, alice, turn_on, grant, clock):
        app, _ = turn_on(alice)
        refused = grant()
        assert (refused.status_code, refused.json()["code"]) == (401, "code_required")
        assert grant(code="000000").json()["code"] == "wrong_code"
        assert grant(code=app.generate_otp(clock.step)).status_code == 200
        form = {"username": "alice", "password": PASSWORD}
        diagnosed = client.post("/api/v1/diagnose", data=form, files={"file": ("a.png", b"x")})
        assert diagnosed.json()["code"] == "code_required"

    def test_a_code_works_once_and_no_earlier_one_after_it(self, alice, turn_on, grant, clock):
        app, _ = turn_on(alice)
        clock.step += 1
        present, before = app.generate_otp(clock.step), app.generate_otp(clock.step - 1)
        assert grant(code=present).status_code == 200
        assert [grant(code=code).json()["code"] for code in (present, before)] == ["wrong_code"] * 2
        clock.step += 1
        assert grant(code=app.generate_otp(clock.step)).status_code == 200

    def test_with_another_secret_of_the_server_recovery_codes_still_work(self, app, alice, turn_on, grant, clock):
        phone, codes = turn_on(alice)
        app.state.settings.secret_key = SecretStr("another secret of the server, since the first one leaked")
        assert grant(code=phone.generate_otp(clock.step)).json()["code"] == "wrong_code"
        assert grant(code=codes[0]).status_code == 200

    def test_a_clock_may_be_half_a_minute_off_and_no_more(self, alice, turn_on, grant, clock):
        app, _ = turn_on(alice)
        clock.step += 10
        assert grant(code=app.generate_otp(clock.step - 2)).json()["code"] == "wrong_code"
        assert grant(code=app.generate_otp(clock.step + 2)).json()["code"] == "wrong_code"
        assert grant(code=app.generate_otp(clock.step + 1)).status_code == 200

    def test_a_recovery_code_works_once(self, client, alice, turn_on, grant, audited):
        _, codes = turn_on(alice)
        assert len(set(codes)) == 10
        assert grant(code=codes[0].upper()).status_code == 200
        assert audited("auth.login")[0] == {"by": "recovery_code"}
        assert grant(code=codes[0]).json()["code"] == "wrong_code"
        told = client.get(HERE, headers=alice).json()
        assert told == {"on": True, "required": False, "recovery_codes_left": 9, "app": True, "keys": []}

    @pytest.mark.usefixtures("long_pauses")
    def test_guesses_are_limited_though_the_password_is_right(self, alice, turn_on, grant):
        turn_on(alice)
        codes = []
        for number in range(11):
            grant()  # the right password, which has failures of passwords forgotten
            codes.append(grant(code=f"{number:06}").json()["code"])
        assert (codes[0], codes[-1]) == ("wrong_code", "rate_limited")

    def test_secrets_are_not_kept_as_they_are(self, app, alice, turn_on):
        totp, codes = turn_on(alice)
        with app.state.sessions() as session:
            kept = session.query(AuthenticatorApp).one().secret
            hashes = {each.code_hash for each in session.query(RecoveryCode)}
        assert totp.secret not in kept
        assert not hashes & set(codes)

    def test_it_is_not_on_before_a_first_code_and_not_set_up_twice(self, client, alice, grant, turn_on):
        client.post(HERE, headers=alice)
        wrong = client.post(f"{HERE}/confirmation", json={"code": "000000"}, headers=alice)
        assert (wrong.status_code, wrong.json()["code"]) == (422, "wrong_first_code")
        assert grant().status_code == 200
        turn_on(alice)
        assert client.post(HERE, headers=alice).json()["code"] == "second_factor_on"

    def test_a_program_turns_nothing_on_or_off(self, client, bearer_of):
        for method in ("POST", "DELETE"):
            assert client.request(method, HERE, headers=bearer_of("alice")).json()["code"] == "portal_session_required"

    def test_a_code_proves_who_it_is_as_the_password_does(self, client, alice, turn_on, clock):
        app, _ = turn_on(alice)
        again = "/api/v1/sessions/current/authentication"
        assert client.post(again, json={"code": "000000"}, headers=alice).json()["code"] == "wrong_code"
        code = app.generate_otp(clock.step)
        assert client.post(again, json={"code": code}, headers=alice).status_code == 204
        assert client.post(again, json={}, headers=alice).json()["code"] == "code_required"


class TestPortal:
    def enter(self, client, **said):
        return client.post("/login", data={"next": "/new", **said}, follow_redirects=False)

    def pending(self, answer) -> str:
        return re.search(r'name="pending" value="([^"]+)"', answer.text)[1]

    def test_the_form_asks_for_the_code_after_the_password(self, client, alice, turn_on, clock):
        app, _ = turn_on(alice)
        asked = self.enter(client, username="alice", password=PASSWORD)
        assert asked.status_code == 200
        assert 'name="code"' in asked.text
        assert 'name="password"' not in asked.text
        assert "set-cookie" not in asked.headers
        wrong = self.enter(client, pending=self.pending(asked), code="000000")
        assert (wrong.status_code, "wrong or was used" in wrong.text) == (401, True)
        done = self.enter(client, pending=self.pending(wrong), code=app.generate_otp(clock.step))
        assert (done.status_code, done.headers["location"]) == (303, "/new")
        assert client.get("/api/v1/users/me").json()["username"] == "alice"

    def test_half_a_login_is_no_login_and_ends_with_the_password(self, client, alice, turn_on, root, user_id, clock):
        app, _ = turn_on(alice)
        pending = self.pending(self.enter(client, username="alice", password=PASSWORD))
        assert client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {pending}"}).status_code == 401
        assert self.enter(client, pending="nonsense", code="000000").status_code == 401
        body = {"password": "another long sentence of words"}
        client.post(f"/api/v1/users/{user_id('alice')}/password", json=body, headers=root)
        assert self.enter(client, pending=pending, code=app.generate_otp(clock.step)).status_code == 401

    def test_who_must_have_one_sets_it_up_before_all_else(self, client, alice, root, user_id, turn_on):
        must = {"second_factor_required": True}
        assert client.patch(f"/api/v1/users/{user_id('alice')}", json=must, headers=root).status_code == 200
        assert client.get("/api/v1/cases", headers=alice).json()["code"] == "second_factor_missing"
        page = client.get("/new", headers=alice, follow_redirects=False)
        assert page.headers["location"] == "/second-factor?next=/new"
        assert 'id="second-factor"' in client.get("/second-factor?next=/new", headers=alice).text
        turn_on(alice)
        assert client.get("/api/v1/cases", headers=alice).status_code == 200
        assert (
            client.get("/second-factor?next=/new", headers=alice, follow_redirects=False).headers["location"] == "/new"
        )
        assert client.delete(HERE, headers=alice).json()["code"] == "second_factor_required"
        client.patch(f"/api/v1/users/{user_id('alice')}", json={"second_factor_required": False}, headers=root)
        assert client.delete(HERE, headers=alice).status_code == 204

    def test_an_administrator_resets_it_and_the_log_tells(self, client, alice, root, user_id, turn_on, grant):
        turn_on(alice)
        there = f"/api/v1/users/{user_id('alice')}/second-factor"
        assert client.delete(there, headers=alice).status_code == 403
        assert client.delete(there, headers=root).status_code == 204
        assert client.get("/api/v1/users/me", headers=alice).status_code == 401
        assert grant().status_code == 200
        events = client.get("/api/v1/audit", params={"action": "user.second_factor"}, headers=root).json()["items"]
        assert [event["action"] for event in events] == ["user.second_factor_reset", "user.second_factor_on"]
