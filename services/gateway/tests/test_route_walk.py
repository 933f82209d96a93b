"""Every route refuses every caller that it is not for; the routes are those of the application, no list of the test."""

from datetime import timedelta
from pathlib import Path
from typing import NamedTuple, get_args

import jwt
import pytest
from fastapi.testclient import TestClient
from gateway_routes import every_route

from gateway.auth.models import ApiToken, AuthSession
from gateway.auth.repository import hash_secret
from gateway.clock import now
from gateway.users.models import Role, User
from gateway.users.permissions import ROLES, as_table, may_use, needed_permission

API_DOC = Path(__file__).parents[3] / "docs" / "api.md"

PUBLIC = {
    "GET /api/changelog",
    "GET /api/docs",
    "GET /api/v1/openapi.json",
    "POST /api/v1/auth/token",
    "GET /fhir/metadata",
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
    "GET /login",
    "POST /login",
    "GET /login/confirmed",
    "GET /login/oidc",
    "GET /login/oidc/callback",
    "GET /login/oidc/end",
    "POST /login/oidc/logout",
    "POST /logout",
    "POST /language",
    "POST /failed-logins/seen",
    "GET /words/{language}/{script:path}",
}
"""What answers without a login; whoever adds a route to it names it here."""
OWNED = ("case_id", "image_id", "job_id", "view_id", "webhook_id", "token_id", "session_id", "access_id")
"""Parameters that name what belongs to Alice; the id of a preview names nothing of hers for anybody else."""
DIAGNOSE = "POST /api/v1/diagnose"
"""It takes no cookie; its own test is below."""


class Route(NamedTuple):
    """A method of a path."""

    method: str
    path: str

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_page(self) -> bool:
        return not self.path.startswith(("/api/v1/", "/fhir", "/dicom-web", "/internal/"))

    @property
    def has_codes(self) -> bool:
        return not self.is_page and not self.path.startswith("/fhir")  # which has outcomes of its own


ROUTES = sorted({Route(m, r.path) for r in every_route() for m in r.methods})
GUARDED = [route for route in ROUTES if route.name not in PUBLIC | {DIAGNOSE} and needed_permission(*route) != "worker"]


@pytest.fixture
def app(make_app):
    """A gateway that logs little: the walk makes a thousand requests."""
    return make_app(log_level="ERROR", webhook_networks="203.0.113.0/24")


@pytest.fixture
def ask(client: TestClient, known):
    """Calls a route, with Alice's objects in its path, and gives status and code."""

    def send(route: Route, headers: dict[str, str]) -> tuple[int, str]:
        path = route.path.format_map(_Values(known))
        body = {} if route.method in ("POST", "PUT", "PATCH") else None
        answer = client.request(route.method, path, headers=headers, json=body, follow_redirects=False)
        is_problem = "problem+json" in answer.headers.get("content-type", "")
        return answer.status_code, answer.json()["code"] if is_problem else answer.headers.get("location", "")

    return send


class _Values(dict):
    def __missing__(self, name: str) -> str:
        return "none"


def test_the_walk_sees_the_application_and_public_is_what_is_named(client):
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    documented = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert documented <= {route.name for route in ROUTES}
    assert len(documented) > 90
    public = {route.name for route in ROUTES if needed_permission(*route) == "public"} | {"GET /api/v1/openapi.json"}
    assert public == PUBLIC


FOR_PERSONS = {
    "POST /api/v1/users",
    "PATCH /api/v1/users/{user_id}",
    "POST /api/v1/users/{user_id}/password",
    "DELETE /api/v1/users/{user_id}/second-factor",
    "POST /api/v1/patients/purge",
    "DELETE /api/v1/groups/{group_id}",
    "PUT /api/v1/groups/{group_id}/members/{username}",
    "DELETE /api/v1/groups/{group_id}/members/{username}",
}
"""What an administrator does as a person, and no API token."""


def test_the_table_in_the_docs_is_the_one_that_decides():
    assert as_table() in API_DOC.read_text("utf-8")


@pytest.fixture
def void(app, client, alice, bearer_of, headers_of) -> dict[str, dict[str, str]]:
    """Headers that have no effect any more, each for one reason."""

    def token(name: str) -> dict[str, str]:
        made = client.post("/api/v1/tokens", json={"name": name, "scopes": ["read", "write"]}, headers=alice).json()
        if name == "revoked":
            client.delete(f"/api/v1/tokens/{made['id']}", headers=alice)
        return {"Authorization": f"Bearer {made['secret']}"}

    found = {"anonymous": {}, "made up": {"Authorization": "Bearer lobule_none"}}
    found |= {name: token(name) for name in ("expired", "revoked")}
    found |= {"idle": headers_of("alice"), "logged out": headers_of("alice"), "deactivated": headers_of("bob")}
    assert client.post("/api/v1/auth/logout", headers=found["logged out"]).status_code == 204
    key = app.state.settings.secret_key.get_secret_value()
    access = bearer_of("alice")["Authorization"].removeprefix("Bearer ")
    claims = jwt.decode(access, key, algorithms=["HS256"], options={"verify_iss": False})
    found["expired access"] = {"Authorization": f"Bearer {jwt.encode(claims | {'exp': 1}, key, algorithm='HS256')}"}
    cookie = found["idle"]["Cookie"].partition("=")[2]
    with app.state.sessions.begin() as session:
        session.query(ApiToken).filter_by(name="expired").one().expires_at = now() - timedelta(seconds=1)
        idle = session.query(AuthSession).filter_by(secret_hash=hash_secret(cookie)).one()
        idle.active_at = now() - timedelta(hours=2)
        session.query(User).filter_by(username="bob").one().active = False
    return found


def test_without_a_valid_login_nothing_is_answered(void, ask):
    for route in GUARDED:
        for who, headers in void.items():
            status, said = ask(route, headers)
            to_login = route.is_page and status == 303 and said.startswith("/login")
            assert to_login or status == 401, (route.name, who, status, said)


def test_every_role_but_those_with_the_permission_is_refused(ask, new_user, headers_of):
    refused = 0
    for role in get_args(Role):
        new_user(f"a-{role}", role=role)
        headers = headers_of(f"a-{role}")
        for route in GUARDED:
            if not may_use(role, *route):
                status, said = ask(route, headers)
                refusal = (403, "forbidden" if route.has_codes else "")
                if (role, *route) == ("auditor", "GET", "/"):
                    refusal = (303, "/admin/audit")  # where an auditor begins
                assert (status, said) == refusal, (route.name, role)
                refused += 1
    assert refused > 200
    assert set(ROLES) == set(get_args(Role))


def test_a_token_does_no_more_than_its_scopes(client, alice, root, ask):
    def bearer(headers: dict[str, str], *scopes: str) -> dict[str, str]:
        body = {"name": " ".join(scopes), "scopes": scopes}
        return {"Authorization": f"Bearer {client.post('/api/v1/tokens', json=body, headers=headers).json()['secret']}"}

    reads, writes, of_root = bearer(alice, "read"), bearer(alice, "write"), bearer(root, "read", "write")
    administers, checked = bearer(root, "read", "write", "admin"), set[str]()
    for route in GUARDED:
        if route.is_page:
            continue
        missing = 403, "scope_missing" if route.has_codes else ""
        assert ask(route, reads if route.method != "GET" else writes) == missing, route.name
        if needed_permission(*route) in ("administer", "audit"):
            refused = "login_required" if route.name in FOR_PERSONS else "scope_missing"
            assert ask(route, of_root) == (403, refused), route.name
        if route.name in FOR_PERSONS:
            assert ask(route, administers) == (403, "login_required"), route.name
            checked.add(route.name)
    assert checked == FOR_PERSONS


def test_what_belongs_to_another_user_is_not_there(headers_of, ask):
    bob, asked = headers_of("bob"), 0
    for route in GUARDED:
        if any(f"{{{name}}}" in route.path for name in OWNED) and may_use("clinician", *route):
            status, said = ask(route, bob)
            assert status == 404 or said == "unsupported_media_type", (route.name, status, said)
            asked += 1
    assert asked > 50


def test_who_diagnoses_in_one_request(client, alice, new_user):
    def diagnose(headers=None, **said) -> tuple[int, str]:
        files = {"file": ("a.png", b"x")}
        answer = client.post("/api/v1/diagnose", data=said, files=files, headers=headers)
        return answer.status_code, answer.json()["code"]

    assert diagnose() == (401, "wrong_credentials")
    assert diagnose(alice) == (401, "wrong_credentials")
    secret = client.post("/api/v1/tokens", json={"name": "reads"}, headers=alice).json()["secret"]
    assert diagnose({"Authorization": f"Bearer {secret}"}) == (403, "scope_missing")
    for role in get_args(Role):
        new_user(f"a-{role}", role=role)
        refused = diagnose(username=f"a-{role}", password="correct horse battery staple")
        assert (refused == (403, "forbidden")) == (role not in ("clinician", "technologist", "service")), role


def test_workers_routes_admit_no_user(alice, bearer_of, ask):
    workers = [route for route in ROUTES if needed_permission(*route) == "worker"]
    assert len(workers) >= 5
    for route in workers:
        for headers in ({}, alice, bearer_of("alice")):
            assert ask(route, headers)[0] == 401, route.name
