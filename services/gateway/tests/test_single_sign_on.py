"""Single sign-on against a real OpenID provider on loopback."""

import threading
import time
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi.testclient import TestClient
from oidc_provider import CLIENT, SECRET, OidcProvider, running_provider

from gateway.auth.models import AuthSession
from gateway.auth.sessions import is_fresh
from gateway.errors import ProblemError
from gateway.sso.provider import Provider, _Kept
from gateway.users.models import User

ROLES = "it=admin, radiology=clinician, students=reader"


@pytest.fixture(scope="module")
def server():
    with pytest.MonkeyPatch.context() as patch, running_provider() as provider:
        patch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
        yield provider


@pytest.fixture
def provider(server: OidcProvider):
    """The provider, as it was at first."""
    first = dict(server.person)
    server.logged_in_at = int(time.time())
    server.asked.clear()
    yield server
    server.person, server.spoil = first, {}


@pytest.fixture
def app(make_app, provider):
    return make_app(
        oidc_issuer=provider.issuer,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
        oidc_name="Hospital",
        oidc_roles=ROLES,
        oidc_groups="radiology=Unit B",
        public_url="http://testserver",
    )


def to_provider(client: TestClient, path: str = "/login/oidc") -> str:
    """Where the provider sends the browser back to."""
    sent = client.get(path, follow_redirects=False)
    assert sent.status_code == 303
    back = httpx.get(sent.headers["location"], follow_redirects=False)
    assert back.status_code == 302, back.text
    return back.headers["location"].removeprefix("http://testserver")


def enter(client: TestClient, path: str = "/login/oidc") -> str:
    """Log in through the provider; where the browser ends up."""
    return client.get(to_provider(client, path), follow_redirects=False).headers["location"]


def problem(location: str) -> str:
    return parse_qs(urlsplit(location).query).get("problem", [""])[0]


def me(client: TestClient) -> dict:
    return client.get("/api/v1/users/me").json()


class TestLogin:
    def test_an_account_is_made_with_role_name_and_groups(self, client, provider, root):
        assert enter(client, "/login/oidc?next=/new") == "/new"
        assert {name: me(client)[name] for name in ("username", "display_name", "role")} == {
            "username": "grace",
            "display_name": "Dr Grace",
            "role": "clinician",
        }
        [group] = client.get("/api/v1/groups").json()
        assert (group["name"], [member["username"] for member in group["members"]]) == ("Unit B", ["grace"])
        [asked] = provider.asked
        assert (asked["code_challenge_method"], asked["response_type"]) == ("S256", "code")
        actions = [event["action"] for event in client.get("/api/v1/audit", headers=root).json()["items"]]
        assert actions[:3] == ["auth.login", "group.add_member", "user.create"]

    def test_the_account_follows_the_claims(self, client, provider):
        enter(client)
        first = me(client)["id"]
        provider.person |= {"name": "Dr G. Hopper", "groups": ["students"], "preferred_username": "other"}
        enter(client)
        assert (me(client)["id"], me(client)["display_name"], me(client)["role"]) == (first, "Dr G. Hopper", "reader")
        assert me(client)["username"] == "grace", "a name that is known stays"
        assert client.get("/api/v1/groups").json() == []

    def test_who_has_no_role_any_more_is_logged_out_everywhere(self, client, provider):
        enter(client)
        provider.person["groups"] = ["staff"]
        assert problem(enter(client)) == "sso_no_role"
        assert client.get("/api/v1/users/me").status_code == 401

    def test_a_disabled_account_stays_so(self, app, client):
        enter(client)
        with app.state.sessions.begin() as session:
            session.query(User).filter_by(username="grace").one().active = False
        assert problem(enter(client)) == "sso_inactive"
        assert client.get("/api/v1/users/me").status_code == 401

    def test_a_local_account_is_not_taken_over_unless_it_is_set(self, app, client, provider):
        provider.person["preferred_username"] = "alice"
        assert problem(enter(client)) == "sso_name_taken"
        app.state.settings.oidc_adopt_accounts = True
        assert enter(client) == "/"
        assert me(client)["username"] == "alice"
        password = {"username": "alice", "password": "correct horse battery staple"}
        assert client.post("/api/v1/auth/token", json=password).status_code == 401

    def test_an_account_that_administers_is_never_taken_over(self, app, client, provider):
        app.state.settings.oidc_adopt_accounts = True
        provider.person["preferred_username"] = "root"
        assert problem(enter(client)) == "sso_name_taken"

    def test_what_the_former_holder_of_an_account_had_ends(self, app, client, provider, bearer_of):
        app.state.settings.oidc_adopt_accounts = True
        before = bearer_of("alice")
        made = client.post("/api/v1/tokens", json={"name": "x"}, headers=before)
        token = {"Authorization": f"Bearer {made.json()['secret']}"}
        provider.person["preferred_username"] = "alice"
        assert enter(client) == "/"
        with TestClient(app) as other:
            for headers in (before, token):
                assert other.get("/api/v1/users/me", headers=headers).status_code == 401

    def test_people_of_the_same_name_get_an_account_each(self, client, provider):
        names = set()
        for subject, name in (("1", "李明"), ("2", "王芳"), ("3", "Grace"), ("4", "Grace")):
            provider.person |= {"sub": subject, "preferred_username": name, "sid": f"session-{subject}"}
            assert enter(client) == "/"
            names.add(me(client)["username"])
        assert len(names) == 4
        assert "grace" in names

    def test_the_page_offers_it_and_keeps_local_accounts(self, client):
        page = client.get("/login?next=/new", headers={"Accept-Language": "zh"}).text
        assert 'href="/login/oidc?next=/new"' in page
        assert "使用Hospital登录" in page
        form = {"username": "root", "password": "correct horse battery staple"}
        assert client.post("/login", data=form, follow_redirects=False).headers["location"] == "/"

    @pytest.mark.parametrize("path", ["//evil.example", "/\\evil.example", "/\t/evil.example", "https://evil.example"])
    def test_it_leads_to_no_other_host(self, client, path):
        assert enter(client, f"/login/oidc?{httpx.QueryParams({'next': path})}") == "/"


class TestAttacks:
    def test_an_answer_of_another_login_is_refused(self, client):
        other = to_provider(client)
        to_provider(client)
        assert problem(client.get(other, follow_redirects=False).headers["location"]) == "sso_refused"

    def test_an_answer_in_another_browser_is_refused(self, app, client):
        there = to_provider(client)
        with TestClient(app, cookies={}) as other:
            answer = other.get(there, follow_redirects=False)
        assert problem(answer.headers["location"]) == "sso_refused"

    def test_a_code_is_used_once_and_not_without_its_verifier(self, client, provider):
        there = to_provider(client)
        code = parse_qs(urlsplit(there).query)["code"][0]
        stolen = {"grant_type": "authorization_code", "code": code, "code_verifier": "x" * 43}
        stolen["redirect_uri"] = "http://testserver/login/oidc/callback"
        assert httpx.post(f"{provider.issuer}/token", data=stolen, auth=(CLIENT, SECRET)).status_code == 400
        assert client.get(there, follow_redirects=False).headers["location"] == "/"
        assert problem(client.get(there, follow_redirects=False).headers["location"]) == "sso_refused"

    @pytest.mark.parametrize(
        "spoilt",
        [{"nonce": "other"}, {"iss": "http://evil.example"}, {"aud": ["other"]}, {"exp": 1}, {"sub": "another"}],
        ids=lambda spoilt: next(iter(spoilt)),
    )
    def test_a_token_that_is_not_of_this_login_is_refused(self, client, provider, spoilt):
        provider.spoil = spoilt
        assert problem(enter(client)) == "sso_refused"
        assert client.get("/api/v1/users/me").status_code == 401

    def test_a_new_key_is_fetched_and_a_foreign_one_refused(self, client, provider, monkeypatch):
        monkeypatch.setattr("gateway.sso.provider._KEYS_AT_MOST_EVERY_S", -1)
        enter(client)
        provider.rotate()
        assert enter(client) == "/"
        there, published = to_provider(client), provider.key
        provider.rotate()
        foreign, provider.key = provider.key, published
        claims = {"iss": provider.issuer, "aud": CLIENT, "exp": int(time.time()) + 60, "iat": int(time.time())}
        monkeypatch.setattr(
            "gateway.sso.provider.Provider._exchange",
            lambda *_: {"id_token": _signed(foreign, published.kid, claims | {"sub": "4711"}), "access_token": "x"},
        )
        assert problem(client.get(there, follow_redirects=False).headers["location"]) == "sso_refused"

    def test_a_provider_that_is_away_leaves_local_accounts(self, make_app):
        app = make_app(oidc_issuer="http://127.0.0.1:9", oidc_roles=ROLES)
        with TestClient(app) as client:
            location = client.get("/login/oidc", follow_redirects=False).headers["location"]
            assert problem(location) == "sso_unavailable"
            assert "local accounts still work" in client.get(location).text


def _signed(key, kid: str, claims: dict) -> str:
    from joserfc import jwt

    return jwt.encode({"alg": "RS256", "kid": kid}, claims, key)


class TestSlowProvider:
    def test_others_do_not_wait_for_the_thread_that_asks_it(self, monkeypatch):
        monkeypatch.setattr("gateway.sso.provider._WAIT_S", 0.01)
        kept, begun, go_on, asked = _Kept(), threading.Event(), threading.Event(), []

        def slow():
            asked.append(1)
            begun.set()
            go_on.wait(30)
            raise ProblemError(503, "sso_unavailable")

        def ask():
            with pytest.raises(ProblemError):
                kept.value(60, slow)

        first = threading.Thread(target=ask)
        first.start()
        assert begun.wait(30)
        ask()
        assert first.is_alive(), "the other is answered while the first still waits"
        go_on.set()
        first.join(30)
        ask()
        assert asked == [1], "a failure is remembered"
        monkeypatch.setattr("gateway.sso.provider._AWAY_S", -1)
        assert kept.value(60, lambda: {"issuer": "x"}) == {"issuer": "x"}

    def test_no_more_codes_are_exchanged_at_once_than_allowed(self, app, client, monkeypatch):
        monkeypatch.setattr("gateway.sso.provider._WAIT_S", 0.01)
        there = to_provider(client)
        monkeypatch.setattr(app.state.sso, "_exchanges", threading.BoundedSemaphore(1))
        with app.state.sso._exchanges:
            location = client.get(there, follow_redirects=False).headers["location"]
        assert problem(location) == "sso_unavailable"

    def test_a_configuration_that_lacks_an_address_is_no_crash(self, app, client, monkeypatch):
        monkeypatch.setattr(Provider, "_fetch", lambda self, _: {"issuer": self._settings.oidc_issuer})
        for path in ("/login/oidc", "/login/oidc/end"):
            assert problem(client.get(path, follow_redirects=False).headers["location"]) == "sso_unavailable"


class TestLogout:
    def say(self, client, token: str) -> httpx.Response:
        return client.post("/login/oidc/logout", data={"logout_token": token})

    def test_the_provider_ends_the_session_that_it_began(self, client, provider, alice):
        enter(client)
        assert self.say(client, provider.logout_token(sid="session-2")).status_code == 200
        assert client.get("/api/v1/users/me").status_code == 200, "another session"
        answer = self.say(client, provider.logout_token())
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        assert client.get("/api/v1/users/me").status_code == 401
        assert client.get("/api/v1/users/me", headers=alice).status_code == 200

    def test_all_sessions_of_a_person_where_it_names_none(self, client, provider):
        enter(client)
        assert self.say(client, provider.logout_token(sid=None, sub="4711")).status_code == 200
        assert client.get("/api/v1/users/me").status_code == 401

    @pytest.mark.parametrize(
        "changes",
        [
            {"events": {}},
            {"nonce": "x"},
            {"aud": "other"},
            {"iss": "http://evil.example"},
            {"iat": 1},
            {"sid": None},
            {"jti": None},
        ],
        ids=lambda changes: next(iter(changes)),
    )
    def test_what_is_no_logout_token_ends_nothing(self, client, provider, changes):
        enter(client)
        assert self.say(client, provider.logout_token(**changes)).status_code == 400
        assert self.say(client, "nonsense").status_code == 400
        assert client.get("/api/v1/users/me").status_code == 200

    def test_who_logs_out_here_may_do_so_there_too(self, client, provider):
        enter(client)
        csrf = client.get("/help").text.split('name="csrf-token" content="')[1].split('"')[0]
        page = client.post("/logout", data={"csrf": csrf})
        assert 'href="/login/oidc/end"' in page.text
        there = client.get("/login/oidc/end", follow_redirects=False).headers["location"]
        assert there.startswith(f"{provider.issuer}/logout?")


class TestSigning:
    def test_a_login_at_the_provider_of_an_hour_ago_is_not_fresh(self, app, client, provider):
        provider.logged_in_at -= 3600
        enter(client)
        with app.state.sessions() as session:
            login = session.query(AuthSession).filter_by(provider_session="session-1").one()
            assert time.time() - login.authenticated_at.timestamp() > 3500
        assert enter(client, "/login/oidc?confirm=1") == "/login/confirmed"
        assert provider.asked[-1]["prompt"] == "login"
        with app.state.sessions() as session:
            login = session.query(AuthSession).filter_by(provider_session="session-1").one()
            assert time.time() - login.authenticated_at.timestamp() < 100

    def test_a_provider_that_does_not_say_when_confirms_nothing(self, app, client, provider, monkeypatch):
        claims = Provider.claims

        def without(*args):
            return {name: value for name, value in claims(*args).items() if name != "auth_time"}

        monkeypatch.setattr(Provider, "claims", without)
        assert enter(client) == "/"
        with app.state.sessions() as session:
            login = session.query(AuthSession).filter_by(provider_session="session-1").one()
            assert not is_fresh(login, app.state.settings), "a silent login is no proof"
        assert problem(enter(client, "/login/oidc?confirm=1")) == "authentication_too_old"

    def test_another_person_confirms_nothing(self, client, provider):
        enter(client)
        provider.person = provider.person | {"sub": "4712"}
        assert problem(enter(client, "/login/oidc?confirm=1")) == "sso_other_person"

    def test_the_page_offers_the_provider_and_no_password(self, client):
        enter(client)
        page = client.get("/account").text
        assert 'href="/login/oidc?confirm=1"' in page
        assert 'name="password"' not in page.split('id="confirm"')[1]


def test_without_a_provider_there_is_none(make_app):
    with TestClient(make_app()) as client:
        assert problem(client.get("/login/oidc", follow_redirects=False).headers["location"]) == "not_found"
        assert client.post("/login/oidc/logout", data={"logout_token": "x"}).status_code == 404
        assert "/login/oidc" not in client.get("/login").text
