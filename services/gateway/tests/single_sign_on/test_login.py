"""Logins at the provider: accounts, roles, groups."""

import httpx
import pytest
from fastapi.testclient import TestClient
from oidc_login import enter, me, problem
from oidc_provider import CLIENT, SECRET

from gateway.users.models import User

ROLES = "it=admin, radiology=clinician, students=reader"


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

    @pytest.mark.parametrize(
        ("claim", "person"),
        [
            ("preferred_username", {"preferred_username": "erin/smith"}),
            ("preferred_username", {"preferred_username": "", "email": "erin-smith"}),
            ("email", {"email": "erin-smith", "email_verified": False}),
            ("email", {"email": "erin-smith"}),
        ],
        ids=["another name", "an address instead of a name", "an unverified address", "one of which nothing is said"],
    )
    def test_a_local_account_is_not_taken_over_by_who_is_not_called_so(
        self, app, client, provider, new_user, claim, person
    ):
        new_user("erin-smith")
        app.state.settings.oidc_adopt_accounts, app.state.settings.oidc_username_claim = True, claim
        provider.person |= person
        assert problem(enter(client)) == "sso_name_taken"
        assert client.get("/api/v1/users/me").status_code == 401

    def test_one_is_taken_over_by_a_verified_address(self, app, client, provider, new_user):
        new_user("erin@hospital.example")
        app.state.settings.oidc_adopt_accounts, app.state.settings.oidc_username_claim = True, "email"
        provider.person |= {"email": "Erin@hospital.example", "email_verified": True}
        assert enter(client) == "/"
        assert me(client)["username"] == "erin@hospital.example"

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


class TestPrograms:
    @pytest.fixture
    def app(self, make_app, provider):
        return make_app(
            oidc_issuer=provider.issuer,
            oidc_client_id=CLIENT,
            oidc_client_secret=SECRET,
            oidc_roles="robots=service, radiology=clinician",
            oidc_groups="radiology=Unit B, robots=Unit C, surgery=Unit D",
            public_url="http://testserver",
        )

    def test_an_account_leaves_its_groups_before_it_becomes_a_program(self, client, provider):
        provider.person["groups"] = ["radiology", "surgery"]
        enter(client)
        assert [group["name"] for group in client.get("/api/v1/groups").json()] == ["Unit B", "Unit D"]
        provider.person["groups"] = ["robots"]
        assert enter(client) == "/"
        assert me(client)["role"] == "service"
        assert [group["name"] for group in client.get("/api/v1/groups").json()] == ["Unit C"]

    def test_one_that_the_claims_leave_in_two_groups_is_refused(self, client, provider):
        provider.person["groups"] = ["radiology", "surgery"]
        enter(client)
        provider.person["groups"] = ["robots", "surgery"]
        assert problem(enter(client)) == "one_group_only"
