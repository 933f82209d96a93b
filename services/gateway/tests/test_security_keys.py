"""Security keys as a second factor: added, asked for at the login and as a proof; what is refused."""

import copy
import html
import json
import re

import cbor2
import pyotp
import pytest
from soft_key import SoftKey

from gateway.auth.second_factor import repository, security_keys
from gateway.auth.second_factor.models import AuthenticatorApp, SecurityKeyChallenge

PASSWORD = "correct horse battery staple"
FACTOR = "/api/v1/users/me/second-factor"
KEYS = f"{FACTOR}/keys"
CHALLENGE = "/api/v1/sessions/current/challenge"
AGAIN = "/api/v1/sessions/current/authentication"


@pytest.fixture
def app(make_app):
    return make_app(public_url="https://lobule.example")


@pytest.fixture
def offer(client):
    """Offers a key as a user; gives the answer of the API."""

    def send(headers, key, name="Key ring"):
        asked = client.post(f"{KEYS}/challenge", headers=headers)
        assert asked.status_code == 200, asked.text
        body = {"name": name, "credential": key.register(asked.json()["public_key"])}
        return client.post(KEYS, json=body, headers=headers)

    return send


@pytest.fixture
def add(offer):
    """Adds a key as a user."""

    def send(headers, key=None, name="Key ring"):
        key = key or SoftKey()
        answer = offer(headers, key, name)
        assert answer.status_code == 201, answer.text
        return key, answer.json()

    return send


@pytest.fixture
def login(client):
    """Logs in by the form as Alice: `answer` makes of the page's options what the key says."""

    def enter(answer=None, **said):
        asked = client.post("/login", data={"username": "alice", "password": PASSWORD}, follow_redirects=False)
        if answer is None:
            return asked
        pending = re.search(r'name="pending" value="([^"]+)"', asked.text)[1]
        said = {"pending": pending, "credential": json.dumps(answer(options_of(asked))), **said}
        return client.post("/login", data=said, follow_redirects=False)

    return enter


def options_of(page) -> dict:
    return json.loads(html.unescape(re.search(r'data-options="([^"]+)"', page.text)[1]))


class TestAdding:
    def test_the_first_key_turns_the_factor_on_and_brings_recovery_codes(self, client, alice, add, login):
        _, made = add(alice)
        assert (made["name"], len(set(made["recovery_codes"]))) == ("Key ring", 10)
        told = client.get(FACTOR, headers=alice).json()
        assert (told["on"], told["app"], [key["name"] for key in told["keys"]]) == (True, False, ["Key ring"])
        assert add(alice, name="Laptop")[1]["recovery_codes"] == []
        asked = login()
        assert "set-cookie" not in asked.headers
        assert len(options_of(asked)["allowCredentials"]) == 2
        grant = {"username": "alice", "password": PASSWORD}
        assert client.post("/api/v1/auth/token", json=grant).json()["code"] == "code_required"
        grant["code"] = made["recovery_codes"][0]
        assert client.post("/api/v1/auth/token", json=grant).status_code == 200

    def test_a_key_is_added_once_and_to_one_account(self, alice, headers_of, add, offer):
        key, _ = add(alice)
        assert offer(alice, key).json()["code"] == "security_key_refused"
        assert offer(headers_of("bob"), key).json()["code"] == "security_key_refused"

    @pytest.mark.parametrize("key", [SoftKey(origin="https://evil.example"), SoftKey(host="evil.example")])
    def test_the_answer_given_to_another_site_is_refused_and_ends_the_challenge(self, app, client, alice, offer, key):
        assert offer(alice, key).json()["code"] == "security_key_refused"
        assert client.get(FACTOR, headers=alice).json()["on"] is False
        with app.state.sessions() as session:
            assert session.query(SecurityKeyChallenge).count() == 0

    def test_a_challenge_is_of_one_user_for_one_purpose_once(self, client, alice, headers_of, add):
        bob, key = headers_of("bob"), SoftKey()
        options = client.post(f"{KEYS}/challenge", headers=bob).json()["public_key"]
        body = {"name": "Key", "credential": key.register(options)}
        assert client.post(KEYS, json=body, headers=alice).json()["code"] == "security_key_refused"
        assert client.post(KEYS, json=body, headers=bob).status_code == 201
        other = {"name": "Key", "credential": SoftKey().register(options)}
        assert client.post(KEYS, json=other, headers=bob).json()["code"] == "security_key_refused"
        add(alice)
        proof = client.post(CHALLENGE, headers=alice).json()["public_key"]
        wrong = {"name": "Key", "credential": SoftKey().register(proof)}
        assert client.post(KEYS, json=wrong, headers=alice).json()["code"] == "security_key_refused"

    def test_a_challenge_ends(self, app, client, alice, monkeypatch, add):
        options = client.post(f"{KEYS}/challenge", headers=alice).json()["public_key"]
        with app.state.sessions.begin() as session:
            kept = session.query(SecurityKeyChallenge).one()
            kept.expires_at -= security_keys._LIFETIME
        body = {"name": "Key", "credential": SoftKey().register(options)}
        assert client.post(KEYS, json=body, headers=alice).json()["code"] == "security_key_refused"
        client.post(f"{KEYS}/challenge", headers=alice)
        with app.state.sessions() as session:
            assert session.query(SecurityKeyChallenge).count() == 1, "the old one is deleted"

    @pytest.mark.parametrize(
        "credential",
        [{}, {"response": {}}, {"id": 3}, *({"response": {"clientDataJSON": said}} for said in ("!", "e30"))],
    )
    def test_what_is_no_answer_is_refused(self, client, alice, add, credential):
        add(alice)
        answer = client.post(KEYS, json={"name": "Key", "credential": credential}, headers=alice)
        assert (answer.status_code, answer.json()["code"]) == (422, "security_key_refused")
        proof = client.post(AGAIN, json={"credential": credential}, headers=alice)
        assert (proof.status_code, proof.json()["code"]) == (401, "wrong_security_key")

    @pytest.mark.parametrize("number", range(4))
    def test_changes_of_site_flags_and_public_key_are_refused(self, client, alice, number):
        def changed(facts: bytes) -> bytes:
            point = facts.index(b"\x21\x58\x20") + 3  # the label of a point's x, a string of 32 bytes
            places = (0, 32, len(facts) - 77, point)  # the hash of the site; flags; the kind of the key; the point
            return bytes(each ^ (place == places[number]) for place, each in enumerate(facts))

        options = client.post(f"{KEYS}/challenge", headers=alice).json()["public_key"]
        credential = SoftKey().register(options)
        attested = cbor2.loads(security_keys._decode(credential["response"]["attestationObject"]))
        attested["authData"] = changed(attested["authData"])
        credential["response"]["attestationObject"] = security_keys._encode(cbor2.dumps(attested))
        answer = client.post(KEYS, json={"name": "Key", "credential": credential}, headers=alice)
        assert (answer.status_code, answer.json()["code"]) == (422, "security_key_refused")

    def test_changed_answers_are_refused_without_an_error(self, client, alice):
        key = SoftKey()
        for place in range(0, 180, 7):
            options = client.post(f"{KEYS}/challenge", headers=alice).json()["public_key"]
            credential = copy.deepcopy(key.register(options))
            attested = credential["response"]["attestationObject"]
            credential["response"]["attestationObject"] = attested[:place] + "Z_" + attested[place + 2 :]
            answer = client.post(KEYS, json={"name": "Key", "credential": credential}, headers=alice)
            assert answer.status_code in (201, 422), "a changed bit of the id is another key"

    def test_there_are_so_many_keys_and_no_more(self, client, alice, add, monkeypatch):
        monkeypatch.setattr(security_keys, "MOST_KEYS", 1)
        drawn = client.post(f"{KEYS}/challenge", headers=alice).json()["public_key"]
        add(alice)
        assert client.post(f"{KEYS}/challenge", headers=alice).json()["code"] == "too_many_security_keys"
        late = {"name": "Key", "credential": SoftKey().register(drawn)}
        assert client.post(KEYS, json=late, headers=alice).json()["code"] == "too_many_security_keys"

    def test_there_are_so_many_challenges_and_the_oldest_go(self, client, alice, monkeypatch):
        monkeypatch.setattr(repository, "_MOST_CHALLENGES", 2)
        drawn = [client.post(f"{KEYS}/challenge", headers=alice).json()["public_key"] for _ in range(3)]
        bodies = [{"name": "Key", "credential": SoftKey().register(each)} for each in drawn]
        assert [client.post(KEYS, json=body, headers=alice).status_code for body in bodies] == [422, 201, 201]

    def test_programs_and_strangers_manage_none(self, client, alice, bearer_of, headers_of, add):
        for path in (f"{KEYS}/challenge", CHALLENGE):
            assert client.post(path, headers=bearer_of("alice")).json()["code"] == "portal_session_required"
        _, made = add(alice)
        for method in ("PATCH", "DELETE"):
            answer = client.request(method, f"{KEYS}/{made['id']}", json={"name": "x"}, headers=headers_of("bob"))
            assert answer.status_code == 404


class TestLogin:
    def test_the_password_and_the_key_log_in(self, client, alice, add, login, audited):
        key, _ = add(alice)
        done = login(key.sign)
        assert (done.status_code, done.headers["location"]) == (303, "/")
        assert client.get("/api/v1/users/me").json()["username"] == "alice"
        [used] = client.get(FACTOR).json()["keys"]
        assert used["last_used_at"] is not None
        assert audited("auth.login")[0] == {"by": "security_key", "key": used["id"]}

    def test_an_answer_works_once(self, client, alice, add, login):
        key, _ = add(alice)
        said = []
        assert login(lambda options: said.append(key.sign(options)) or said[0]).status_code == 303
        client.cookies.clear()
        again = login(lambda _: said[0])
        assert (again.status_code, "not a security key of yours" in again.text) == (401, True)

    def test_a_copied_key_is_noticed_by_its_count(self, client, alice, add, login):
        key, _ = add(alice)
        assert login(key.sign).status_code == 303
        client.cookies.clear()
        key.uses -= 2
        assert login(key.sign).status_code == 401

    def test_other_keys_other_sites_and_nonsense_do_not(self, alice, headers_of, add, login):
        add(alice)
        bobs, _ = add(headers_of("bob"))
        assert login(bobs.sign).status_code == 401
        assert login(SoftKey().sign).status_code == 401
        assert login(lambda _: []).status_code == 401
        assert login(lambda _: {}, credential="{").status_code == 401
        assert login(lambda options: {**SoftKey().sign(options), "id": "\0"}).status_code == 401

    def test_a_page_of_another_origin_does_not(self, alice, add, login):
        key, _ = add(alice)
        key.origin = "https://evil.lobule.example"
        assert login(key.sign).status_code == 401

    def test_a_key_of_the_login_need_not_know_its_owner_but_a_proof_must(self, client, alice, add, login):
        key, _ = add(alice, SoftKey(verifies=False))
        assert login(key.sign).status_code == 303
        options = client.post(CHALLENGE, headers=alice).json()["public_key"]
        assert options["userVerification"] == "required"
        refused = client.post(AGAIN, json={"credential": key.sign(options)}, headers=alice)
        assert refused.json()["code"] == "wrong_security_key"

    @pytest.mark.usefixtures("long_pauses")
    def test_guesses_are_limited_with_those_of_codes(self, alice, add, login):
        add(alice)
        codes = [login(lambda _: {}).status_code for _ in range(11)]
        assert (codes[0], codes[-1]) == (401, 429)


class TestProof:
    def test_a_key_proves_who_it_is_as_the_password_does(self, client, alice, add, audited):
        assert client.post(CHALLENGE, headers=alice).json()["code"] == "no_security_key"
        key, made = add(alice)
        answer = key.sign(client.post(CHALLENGE, headers=alice).json()["public_key"])
        assert client.post(AGAIN, json={"credential": answer}, headers=alice).status_code == 204
        assert audited("auth.confirm") == [{"by": "security_key", "key": made["id"]}]
        assert client.post(AGAIN, json={"credential": answer}, headers=alice).json()["code"] == "wrong_security_key"

    def test_the_challenge_of_a_login_proves_nothing(self, client, alice, add, login):
        key, _ = add(alice)
        answer = key.sign(options_of(login()))
        assert client.post(AGAIN, json={"credential": answer}, headers=alice).json()["code"] == "wrong_security_key"


class TestManaging:
    def test_keys_are_renamed_and_removed_and_the_log_tells(self, client, alice, add, root):
        _, made = add(alice)
        there = f"{KEYS}/{made['id']}"
        assert client.patch(there, json={"name": " Desk "}, headers=alice).json()["name"] == "Desk"
        assert client.patch(there, json={"name": " "}, headers=alice).status_code == 422
        assert client.patch(there, json={"name": "a\0"}, headers=alice).json()["errors"], "no name, not no text"
        assert client.delete(there, headers=alice).status_code == 204
        told = client.get(FACTOR, headers=alice).json()
        assert told == {"on": False, "required": False, "recovery_codes_left": 0, "app": False, "keys": []}
        events = client.get("/api/v1/audit", params={"action": "user."}, headers=root).json()["items"]
        changes = "security_key_added second_factor_on security_key_renamed security_key_removed second_factor_off"
        assert [event["action"].removeprefix("user.") for event in reversed(events)] == changes.split()

    def test_the_last_one_stays_where_a_factor_is_required(self, client, alice, add, root, user_id):
        must = {"second_factor_required": True}
        client.patch(f"/api/v1/users/{user_id('alice')}", json=must, headers=root)
        _, made = add(alice)
        assert client.get("/api/v1/cases", headers=alice).status_code == 200
        assert client.delete(f"{KEYS}/{made['id']}", headers=alice).json()["code"] == "second_factor_required"
        add(alice)
        assert client.delete(f"{KEYS}/{made['id']}", headers=alice).status_code == 204
        assert client.get(FACTOR, headers=alice).json()["on"] is True

    def test_an_app_that_waits_for_its_first_code_counts_for_nothing(self, client, alice, add):
        add(alice)
        client.post(FACTOR, headers=alice)
        assert client.get(FACTOR, headers=alice).json()["app"] is False
        page = client.get("/account", headers=alice).text
        assert "Set up an app" in page
        assert 'value="Key ring"' in page

    def test_an_app_that_an_earlier_version_left_unconfirmed_is_ignored(self, app, client, alice, add):
        secret = client.post(FACTOR, headers=alice).json()["secret"]
        with app.state.sessions.begin() as session:
            session.query(AuthenticatorApp).one().unconfirmed = False
        add(alice)
        assert client.get(FACTOR, headers=alice).json()["app"] is False
        grant = {"username": "alice", "password": PASSWORD, "code": pyotp.TOTP(secret).now()}
        assert client.post("/api/v1/auth/token", json=grant).json()["code"] == "wrong_code"
        confirmed = client.post(f"{FACTOR}/confirmation", json={"code": grant["code"]}, headers=alice)
        assert (confirmed.status_code, client.get(FACTOR, headers=alice).json()["app"]) == (200, True)

    def test_a_reset_removes_them(self, app, client, alice, add, root, user_id):
        add(alice)
        assert client.delete(f"/api/v1/users/{user_id('alice')}/second-factor", headers=root).status_code == 204
        with app.state.sessions() as session:
            assert repository.keys_of(session, user_id("alice")) == []
