"""The gateway's settings; each is the environment variable `LOBULE_<NAME>`."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from gateway.audit_keys import derived_key, parse_former_keys
from gateway.cross_origin import parse_origins
from gateway.networks import parse_networks, parse_proxies
from gateway.pdf_signing import PdfSigner
from gateway.roles import parse_mapping, parse_roles
from gateway.signing_keys import SigningKeys, parse_public_keys
from lobule.settings import HttpAddress, Settings, read_settings

_PARSERS: dict[str, Callable[[str], object]] = {
    "cors_origins": parse_origins,
    "oidc_roles": parse_roles,
    "oidc_groups": parse_mapping,
    "signing_keys_before": parse_public_keys,
    "trusted_proxies": parse_proxies,
    "webhook_networks": parse_networks,
}


class GatewaySettings(Settings):
    """What the gateway needs beyond what every service needs."""

    database_url: str = Field(description="database: sqlite:////path or postgresql+psycopg://user:password@host/name")
    secret_key: SecretStr = Field(min_length=32, description="key that signs access tokens and CSRF tokens")
    audit_key: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="key that links the rows of the audit log; unset: derived from the secret key",
    )
    audit_keys_before: SecretStr | None = Field(
        default=None,
        description="keys that linked the rows of the audit log before the present one, or secret keys from which they"
        " were derived (comma-separated, oldest first)",
    )
    signing_key: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="key that signs reports, or the PKCS#11 URI of a key in a token; unset: derived from the secret"
        " key",
    )
    signing_keys_before: str = Field(
        "",
        description="public keys that signed reports before the present one (comma-separated); of each PEM, the "
        "line in the middle",
    )
    pdf_certificate: str = Field(
        "",
        description="PEM certificate, followed by its chain, that signs the PDF of signed reports; unset: PDF files"
        " are not signed",
    )
    pdf_key: SecretStr | None = Field(
        default=None, description="private key of that certificate: PEM without a password, or a PKCS#11 URI"
    )
    pdf_certificates_before: str = Field(
        "", description="PEM certificates that signed PDF files before the present one"
    )
    audit_anchors: Path | None = Field(
        default=None,
        description="file to which the ends of the audit log's chains are appended once a day; unset: none",
    )
    secure_cookies: bool = Field(
        True, description="whether the session cookie is sent over HTTPS only; turn it off for plain HTTP"
    )
    max_upload_bytes: int = Field(
        320 * 1024 * 1024, gt=0, description="size of the largest upload, in bytes; a larger one is refused"
    )
    access_token_minutes: float = Field(15, gt=0, description="lifetime of an access token, in minutes")
    refresh_token_days: float = Field(14, gt=0, description="lifetime of a refresh token, in days")
    session_hours: float = Field(12, gt=0, description="hours after which a portal session ends")
    session_idle_minutes: float = Field(
        60, gt=0, description="minutes without activity after which a portal session ends"
    )
    fresh_authentication_minutes: float = Field(
        5,
        gt=0,
        description="minutes after a login, or a repeated password or security key, in which the user may sign "
        "reports or change how they log in",
    )
    login_attempts: int = Field(
        10, gt=0, description="failed logins with a name from one address after which each further attempt has to wait"
    )
    oidc_issuer: HttpAddress = Field(
        "", description="address of the OpenID provider for single sign-on; unset: no single sign-on"
    )
    oidc_client_id: str = Field("lobule", description="client ID of this server at the provider")
    oidc_client_secret: SecretStr | None = Field(
        None, description="client secret at the provider; unset: a public client"
    )
    oidc_name: str = Field("single sign-on", description="name of the provider on the button of the login page")
    oidc_scopes: str = Field("openid profile email", description="scopes requested from the provider")
    oidc_username_claim: str = Field(
        "preferred_username", description="claim that holds the user name of a new account"
    )
    oidc_roles_claim: str = Field(
        "groups",
        description="claim that holds the values for roles and groups; a dotted path such as a.b.c is possible",
    )
    oidc_roles: str = Field(
        "", description="role of each value of that claim: VALUE=role (comma-separated); the first match decides"
    )
    oidc_groups: str = Field("", description="group of each value of that claim: VALUE=group (comma-separated)")
    oidc_adopt_accounts: bool = Field(
        False, description="whether the provider's first login with the name of a local account takes over that account"
    )
    names: Literal["strip", "pseudonymise", "keep"] = Field(
        "strip",
        description="what happens to names in DICOM files: `strip` removes them, `pseudonymise` replaces patients' "
        "names by keyed pseudonyms, `keep` encrypts them in the database for users who may see them",
    )
    names_key: SecretStr | None = Field(
        None,
        min_length=32,
        description="key that makes pseudonyms and encrypts kept names; do not store it with the database",
    )
    double_reading: Literal["off", "recall", "all"] = Field(
        "off",
        description="whether two people read each case with films independently, and which disagreements a third "
        "person settles: `off`; `recall`, whether a breast is recalled; `all`, everything that they "
        "state",
    )
    waiting_per_user: int = Field(
        2000, gt=0, description="number of analyses of one user that may wait; more are refused"
    )
    waiting_per_token: int = Field(
        1000, gt=0, description="number of analyses of one API token that may wait; more are refused"
    )
    lease_seconds: float = Field(
        30, gt=0, description="seconds without a sign of life after which a worker loses its step"
    )
    max_attempts: int = Field(
        3,
        gt=0,
        description="number of times that a step is tried before its analysis ends: as failed, or as dead if the "
        "worker was lost",
    )
    deadline_hours: float = Field(
        12,
        gt=0,
        description="hours after which an analysis that a person waits for in the portal is ended unfinished",
    )
    batch_deadline_hours: float = Field(
        72,
        gt=0,
        description="hours after which any other analysis, such as one of a program's upload, is ended unfinished",
    )
    retry_pause_s: float = Field(
        2,
        ge=0,
        description="seconds before a step that failed for an outside reason is tried again; the pause doubles each"
        " time",
    )
    reserve_bytes: int = Field(
        512 * 1024 * 1024,
        ge=0,
        description="free bytes on the disk of the object store below which uploads are refused",
    )
    reap_every_s: float = Field(5, gt=0, description="seconds between searches for silent workers")
    public_url: HttpAddress = Field(
        "http://127.0.0.1:8000", description="address at which users reach this server; webhook messages contain it"
    )
    root_path: str = Field(
        "", description="path prefix of every address, such as /lobule; `LOBULE_PUBLIC_URL` must end with it"
    )
    trusted_proxies: str = Field(
        "",
        description="proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` count: their addresses and networks "
        "(comma-separated); or how many there are in a row, if no request can bypass them",
    )
    certificate: Path | None = Field(
        default=None, description="PEM certificate of the proxy; its expiry date is among the metrics"
    )
    cors_origins: str = Field("", description="origins whose pages may call the API from a browser (comma-separated)")
    webhook_networks: str = Field(
        "", description="private networks (CIDR) to which webhook messages may be sent (comma-separated)"
    )
    webhook_every_s: float = Field(2, gt=0, description="seconds between searches for due webhook messages")
    retention_days: float | None = Field(
        default=None, gt=0, description="age in days after which images and jobs are deleted; unset: they are kept"
    )
    delete_signed_cases: bool = Field(False, description="whether a case with a signed report may be deleted")
    diagnose_wait_s: float = Field(
        60, gt=0, description="seconds that /diagnose waits for the result if the client states no time"
    )

    @property
    def reading_rule(self) -> Literal["recall", "all"] | None:
        """Which disagreements of two readers a third person settles; None if one person reads a case."""
        return None if self.double_reading == "off" else self.double_reading

    @property
    def audit_secret(self) -> bytes:
        """The key of the audit log's chains."""
        if self.audit_key is not None:
            return self.audit_key.get_secret_value().encode()
        return derived_key(self.secret_key.get_secret_value())

    @property
    def former_audit_secrets(self) -> list[bytes]:
        """The keys of the audit log's chains before the present one, in their order."""
        return parse_former_keys(self.audit_keys_before.get_secret_value()) if self.audit_keys_before else []

    @property
    def signing_keys(self) -> SigningKeys:
        """The keys of signed reports."""
        own = self.signing_key.get_secret_value() if self.signing_key is not None else None
        return SigningKeys(self.secret_key.get_secret_value(), own, self.signing_keys_before)

    @property
    def pdf_signer(self) -> PdfSigner | None:
        """Signs the PDF of signed reports; None if no certificate is named."""
        if not self.pdf_certificate or self.pdf_key is None:
            return None
        return PdfSigner(self.pdf_certificate, self.pdf_key.get_secret_value(), self.pdf_certificates_before)

    @model_validator(mode="after")
    def _certificate_of_pdf(self) -> "GatewaySettings":
        if bool(self.pdf_certificate) != (self.pdf_key is not None):
            raise ValueError("LOBULE_PDF_CERTIFICATE_FILE and LOBULE_PDF_KEY_FILE are needed together")
        _ = self.pdf_signer
        return self

    @model_validator(mode="after")
    def _key_of_reports(self) -> "GatewaySettings":
        _ = self.signing_keys
        return self

    @model_validator(mode="after")
    def _key_of_names(self) -> "GatewaySettings":
        if self.names != "strip" and self.names_key is None:
            raise ValueError(f"LOBULE_NAMES={self.names} needs LOBULE_NAMES_KEY_FILE, a file with a secret key")
        return self

    @field_validator("audit_keys_before")
    @classmethod
    def _former_audit_keys(cls, keys: SecretStr | None) -> SecretStr | None:
        if keys is not None:
            parse_former_keys(keys.get_secret_value())
        return keys

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("it must begin with postgresql+psycopg:// or sqlite:///")
        try:
            named = make_url(url).database
        except (ArgumentError, ValueError):  # its words may contain the password
            named = None
        if not named:
            raise ValueError("it names no database; write / @ : # % of user and password as %2F %40 %3A %23 %25")
        return url

    @field_validator("public_url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        return url.rstrip("/")

    @field_validator("root_path")
    @classmethod
    def _path(cls, path: str, info: ValidationInfo) -> str:
        path = path.rstrip("/")
        if path and not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", path):
            raise ValueError("it must be a path such as /lobule")
        if not str(info.data.get("public_url", path)).endswith(path):
            raise ValueError("LOBULE_PUBLIC_URL must end with it")
        return path

    @field_validator(*_PARSERS)
    @classmethod
    def _parsed(cls, text: str, info: ValidationInfo) -> str:
        _PARSERS[str(info.field_name)](text)
        return text


@cache
def get_settings() -> GatewaySettings:
    """The process's settings, read once."""
    return read_settings(GatewaySettings)
