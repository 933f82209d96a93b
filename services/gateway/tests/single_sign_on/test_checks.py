"""What `lobule doctor` says of single sign-on and other settings, also where `lobule up` makes its own."""

import os
from collections.abc import Mapping
from typing import Any

import pytest

from gateway.operations import checks
from lobule.diagnosis.check import Installation


@pytest.fixture
def found(tmp_path, monkeypatch):
    """The code and the values of each check of the settings, with these variables."""

    def check(**variables: str) -> list[tuple[str, Mapping[str, Any]]]:
        for name, value in variables.items():
            monkeypatch.setenv(f"LOBULE_{name.upper()}", value)
        installation = Installation.at(tmp_path, None, "127.0.0.1", 8000)
        return [(each.code, each.values) for each in checks.settings(installation)]

    for name in [name for name in os.environ if name.startswith("LOBULE_")]:  # such as where the tests find kubectl
        monkeypatch.delenv(name)
    monkeypatch.setenv("LOBULE_OIDC_ROLES", "radiologists=clinician")
    return check


def test_settings_of_an_embedded_server(found):
    assert found() == [("settings", {})]
    [(code, values)] = found(names="keep")
    assert (code, "LOBULE_NAMES_KEY_FILE" in values["reason"]) == ("setting_wrong", True)


def test_proxies_that_are_none(found):
    [(code, values)] = found(trusted_proxies="10.0.0.1/8")
    assert (code, values["variable"]) == ("setting_wrong", "LOBULE_TRUSTED_PROXIES")


@pytest.mark.parametrize("name", ["oidc_issuer", "public_url", "gateway_url", "s3_endpoint_url", "otlp_endpoint"])
@pytest.mark.parametrize("address", ["lobule.example", "ftp://lobule.example", "https://", "https://a:b"])
def test_addresses_that_are_none(found, monkeypatch, name, address):
    monkeypatch.setenv("LOBULE_DATABASE_URL", "sqlite:////none")
    assert f"LOBULE_{name.upper()}" in [values["variable"] for _, values in found(**{name: address})]


def test_a_provider_that_answers(found, provider):
    assert found(oidc_issuer=provider.issuer)[1:] == [("sso", {"issuer": provider.issuer, "reason": None})]


def test_why_nobody_can_log_in(found, provider, monkeypatch):
    other = provider.issuer + "/other"
    [(code, values)] = found(oidc_issuer=other)[1:]
    assert (code, values["issuer"], "404" in values["reason"]) == ("sso_away", other, True)
    [(code, values)] = found(oidc_issuer=provider.issuer + "/")[1:]
    assert (code, f"the configuration is of {provider.issuer}" in values["reason"]) == ("sso_away", True)
    [(code, values)] = found(oidc_issuer="https" + provider.issuer.removeprefix("http"))[1:]
    assert (code, "SSL" in values["reason"]) == ("sso_away", True)


def test_a_provider_whose_users_have_no_role(found, provider):
    assert found(oidc_issuer=provider.issuer, oidc_roles="")[1:] == [
        ("sso_without_roles", {}),
        ("sso", {"issuer": provider.issuer, "reason": None}),
    ]
