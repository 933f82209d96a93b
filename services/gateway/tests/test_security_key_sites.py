"""At which addresses browsers offer security keys."""

import pytest

from gateway.auth.second_factor import security_keys

KEYS = "/api/v1/users/me/second-factor/keys"


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Lobule.Example/", "https://lobule.example"),
        ("https://hospital.example:8443/lobule", "https://hospital.example:8443"),
        ("https://hospital.example:443", "https://hospital.example"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.1:8000", None),
        ("https://[::1]:8443", None),
        ("http://hospital.example", None),
    ],
)
def test_browsers_offer_keys_by_name_and_https(make_app, url, origin):
    site = security_keys.site_of(make_app(public_url=url).state.settings)
    assert (site and site.origin) == origin


def test_elsewhere_the_page_says_so(client, alice, app):
    app.state.settings.public_url = "http://127.0.0.1:8000"
    assert client.post(f"{KEYS}/challenge", headers=alice).json()["code"] == "security_keys_unavailable"
    page = client.get("/account", headers=alice).text
    assert "need an address with a host name" in page
    assert 'name="key"' not in page
