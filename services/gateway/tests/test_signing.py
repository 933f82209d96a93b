"""Who may sign: a person in the portal gives the password once more; an API client's token is enough."""

import pytest

PASSWORD = "correct horse battery staple"


@pytest.fixture
def case(client, alice, upload, picture, worker) -> str:
    """A case that can be signed."""
    case = client.post("/api/v1/cases", json={"pseudonym": "P-SIGN"}, headers=alice).json()["id"]
    worker.infer(upload(picture(3), case_id=case).json()["job"]["id"])
    return case


@pytest.fixture
def sign(client, case):
    """Signs as the portal does, with Alice's cookie and the page's CSRF token."""
    client.post("/login", data={"username": "alice", "password": PASSWORD})
    csrf = client.get("/").text.split('name="csrf-token" content="')[1].split('"')[0]

    def send(**said):
        return client.post(f"/api/v1/cases/{case}/reports", json=said, headers={"X-CSRF-Token": csrf})

    return send


@pytest.fixture
def audited(client, headers_of):
    """The details of an action in the audit log, newest first."""

    def read(action: str) -> list[dict]:
        answer = client.get("/api/v1/audit", params={"action": action}, headers=headers_of("root"))
        return [event["detail"] for event in answer.json()["items"]]

    return read


class TestInThePortal:
    def test_without_a_password_nothing_is_signed(self, client, alice, case, sign):
        refused = sign(conclusion="not_sure")
        assert (refused.status_code, refused.json()["code"]) == (403, "password_required")
        assert client.get(f"/api/v1/cases/{case}", headers=alice).json()["reports"] == []

    def test_a_wrong_password_signs_nothing_and_is_audited(self, client, alice, case, sign, audited):
        refused = sign(conclusion="not_sure", password="wrong password")
        assert (refused.status_code, refused.json()["code"]) == (403, "wrong_password")
        assert "wrong password" not in refused.text
        assert client.get(f"/api/v1/cases/{case}", headers=alice).json()["reports"] == []
        assert audited("auth.failed") == [{"for": "report.sign", "code": "wrong_password"}]

    def test_the_right_password_signs(self, sign, audited):
        signed = sign(conclusion="not_sure", password=PASSWORD, acknowledged=["unreviewed", "contradiction"])
        assert (signed.status_code, signed.json()["version"]) == (201, 1)
        [detail] = audited("report.sign")
        assert detail["acknowledged"] == ["contradiction", "unreviewed"]
        assert "password" not in detail

    def test_a_password_is_taken_as_typed(self, sign):
        assert sign(conclusion="not_sure", password=f" {PASSWORD} ").json()["code"] == "wrong_password"

    def test_guesses_are_counted_with_failed_logins(self, client, sign):
        codes = [sign(conclusion="not_sure", password=f"guess {number}").json()["code"] for number in range(11)]
        assert (codes[0], codes[-1]) == ("wrong_password", "rate_limited")
        right = sign(conclusion="not_sure", password=PASSWORD)
        assert (right.status_code, right.json()["code"]) == (429, "rate_limited")
        assert int(right.headers["Retry-After"]) > 0
        login = client.post("/api/v1/auth/token", json={"username": "alice", "password": PASSWORD})
        assert login.status_code == 429

    def test_a_case_of_somebody_else_is_not_there(self, client, sign, headers_of):
        other = client.post("/api/v1/cases", json={"pseudonym": "P-BOB"}, headers=headers_of("bob")).json()["id"]
        csrf = client.get("/").text.split('name="csrf-token" content="')[1].split('"')[0]
        said = {"conclusion": "not_sure", "password": PASSWORD}
        answer = client.post(f"/api/v1/cases/{other}/reports", json=said, headers={"X-CSRF-Token": csrf})
        assert answer.status_code == 404

    def test_a_hospital_can_switch_it_off(self, client, sign):
        client.app.state.settings.signing_requires_password = False
        assert sign(conclusion="not_sure").status_code == 201


class TestApiClients:
    def sign(self, client, headers, case, **said):
        return client.post(f"/api/v1/cases/{case}/reports", json=said, headers=headers)

    def test_their_token_is_enough_as_in_v1(self, client, alice, case):
        assert self.sign(client, alice, case).status_code == 201

    def test_a_password_that_they_give_is_checked(self, client, alice, case):
        assert self.sign(client, alice, case, password="wrong password").json()["code"] == "wrong_password"
        assert self.sign(client, alice, case, password=PASSWORD).status_code == 201


def test_signing_changes_the_etag(client, alice, case):
    """A change that was made looking at the unsigned case must not supersede the report unseen."""
    seen = client.get(f"/api/v1/cases/{case}", headers=alice)
    signed = client.post(f"/api/v1/cases/{case}/reports", json={}, headers=alice)
    assert signed.headers["ETag"] != seen.headers["ETag"]
    job = seen.json()["images"][0]["job"]["id"]
    headers = alice | {"If-Match": seen.headers["ETag"]}
    late = client.put(f"/api/v1/cases/{case}/reviews/{job}/image", json={"verdict": "confirmed"}, headers=headers)
    assert (late.status_code, late.json()["code"]) == (412, "case_changed")
    assert client.get(f"/api/v1/cases/{case}", headers=alice).json()["state"] == "signed"
