"""Who may sign: a person in the portal who has just proved who they are, and never a program."""

from datetime import timedelta

import pytest
from signed_apart import APART

from gateway.auth.models import AuthSession
from gateway.clock import now

pytestmark = pytest.mark.usefixtures("store_read_without_connection")

PASSWORD = "correct horse battery staple"
AGAIN = "/api/v1/sessions/current/authentication"


@pytest.fixture
def case(client, alice, upload, picture, worker) -> str:
    """A case that can be signed."""
    case = client.post("/api/v1/cases", json={"pseudonym": "P-SIGN"}, headers=alice).json()["id"]
    worker.infer(upload(picture(3), case_id=case).json()["job"]["id"])
    return case


@pytest.fixture
def sign(client, alice, case):
    """Signs, as Alice in the portal where no headers are given."""

    def send(headers=None, **said):
        return client.post(f"/api/v1/cases/{case}/reports", json=said, headers=headers or alice)

    return send


@pytest.fixture
def time_passes(app):
    """Every session proved so many minutes ago who its person is."""

    def back(minutes: float) -> None:
        with app.state.sessions.begin() as session:
            for login in session.query(AuthSession):
                login.authenticated_at = now() - timedelta(minutes=minutes)

    return back


@pytest.fixture
def prove(client, alice):
    """Proves once more who Alice is."""
    return lambda password=PASSWORD: client.post(AGAIN, json={"password": password}, headers=alice)


class TestInThePortal:
    def test_who_has_just_logged_in_signs(self, sign, audited):
        signed = sign(conclusion="not_sure", acknowledged=["unreviewed", "contradiction"])
        assert (signed.status_code, signed.json()["version"]) == (201, 1)
        [detail] = audited("report.sign")
        assert detail["acknowledged"] == ["contradiction", "unreviewed"]

    def test_later_they_prove_once_more_who_they_are_and_it_goes_on(
        self, client, alice, case, sign, time_passes, prove
    ):
        time_passes(minutes=5.1)
        refused = sign(conclusion="not_sure")
        assert (refused.status_code, refused.json()["code"]) == (403, "authentication_too_old")
        assert client.get(f"/api/v1/cases/{case}", headers=alice).json()["reports"] == []
        assert prove().status_code == 204
        assert sign(conclusion="not_sure").status_code == 201

    def test_a_wrong_password_proves_nothing_and_is_audited(self, sign, time_passes, prove, audited):
        time_passes(minutes=6)
        refused = prove("wrong password")
        assert (refused.status_code, refused.json()["code"]) == (403, "wrong_password")
        assert "wrong password" not in refused.text
        assert sign(conclusion="not_sure").json()["code"] == "authentication_too_old"
        assert audited("auth.failed") == [{"for": "auth.confirm", "code": "wrong_password"}]

    def test_a_password_is_taken_as_typed(self, prove):
        assert prove(f" {PASSWORD} ").json()["code"] == "wrong_password"

    @pytest.mark.usefixtures("long_pauses")
    def test_guesses_are_counted_with_failed_logins(self, client, prove):
        codes = [prove(f"guess {number}").json()["code"] for number in range(11)]
        assert (codes[0], codes[-1]) == ("wrong_password", "rate_limited")
        right = prove()
        assert (right.status_code, right.json()["code"]) == (429, "rate_limited")
        assert int(right.headers["Retry-After"]) > 0
        login = client.post("/api/v1/auth/token", json={"username": "alice", "password": PASSWORD})
        assert login.status_code == 429

    def test_a_case_of_somebody_else_is_not_there(self, client, alice, headers_of):
        other = client.post("/api/v1/cases", json={"pseudonym": "P-BOB"}, headers=headers_of("bob")).json()["id"]
        answer = client.post(f"/api/v1/cases/{other}/reports", json={"conclusion": "not_sure"}, headers=alice)
        assert answer.status_code == 404

    def test_a_hospital_chooses_how_long_ago(self, client, sign, time_passes):
        client.app.state.settings.fresh_authentication_minutes = 60
        time_passes(minutes=59)
        assert sign(conclusion="not_sure").status_code == 201


class TestPrograms:
    def test_a_token_signs_nothing(self, client, alice, bearer_of, case, sign):
        scopes = {"name": "program", "scopes": ["read", "write"]}
        secret = client.post("/api/v1/tokens", json=scopes, headers=alice).json()["secret"]
        for headers in (bearer_of("alice"), {"Authorization": f"Bearer {secret}"}):
            refused = sign(headers)
            assert (refused.status_code, refused.json()["code"]) == (403, "portal_session_required")
        assert client.get(f"/api/v1/cases/{case}", headers=alice).json()["reports"] == []

    def test_a_token_beside_the_cookie_of_a_person_signs_nothing(self, alice, bearer_of, sign):
        assert sign(alice | bearer_of("alice")).json()["code"] == "portal_session_required"

    def test_a_token_proves_nothing(self, client, bearer_of):
        answer = client.post(AGAIN, json={"password": PASSWORD}, headers=bearer_of("alice"))
        assert (answer.status_code, answer.json()["code"]) == (403, "portal_session_required")

    @pytest.mark.parametrize("role", ["reader", "technologist", "admin", "auditor", "service"])
    def test_nobody_but_a_clinician_signs(self, client, case, sign, new_user, headers_of, role):
        new_user(role, role=role)
        refused = sign(headers_of(role))
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


def test_signing_changes_the_etag(client, alice, case):
    """A change that was made looking at the unsigned case must not supersede the report unseen."""
    seen = client.get(f"/api/v1/cases/{case}", headers=alice)
    signed = client.post(f"/api/v1/cases/{case}/reports", json=APART, headers=alice)
    assert signed.headers["ETag"] != seen.headers["ETag"]
    job = seen.json()["images"][0]["job"]["id"]
    headers = alice | {"If-Match": seen.headers["ETag"]}
    late = client.put(f"/api/v1/cases/{case}/reviews/{job}/image", json={"verdict": "confirmed"}, headers=headers)
    assert (late.status_code, late.json()["code"]) == (412, "case_changed")
    assert client.get(f"/api/v1/cases/{case}", headers=alice).json()["state"] == "signed"
