"""A gateway with a real OpenID provider on loopback."""

import time

import pytest
from oidc_provider import CLIENT, SECRET, OidcProvider, running_provider

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
