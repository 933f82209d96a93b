"""The gateway's settings; each is the environment variable `LOBULE_<NAME>`."""

import hmac
import re
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator

from gateway.cross_origin import parse_origins
from gateway.networks import parse_networks
from gateway.pdf_signing import PdfSigner
from gateway.roles import parse_mapping, parse_roles
from gateway.signing_keys import SigningKeys, parse_public_keys
from lobule.settings import Settings, read_settings

_TEN_YEARS_H = 24 * 3650


class GatewaySettings(Settings):
    """What the gateway needs beyond what every service needs."""

    database_url: str = Field(description="sqlite:////path or postgresql+psycopg://user:password@host/name")
    secret_key: SecretStr = Field(min_length=32, description="signs access tokens and CSRF tokens")
    audit_key: SecretStr | None = Field(
        default=None, min_length=32, description="links the audit log; unset: made from the secret key"
    )
    signing_key: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="signs reports, or a PKCS#11 URI of what does; unset: made from the secret key",
    )
    signing_keys_before: str = Field(
        "", description="public keys (comma) that signed reports before: of each PEM, the line in the middle"
    )
    pdf_certificate: str = Field(
        "", description="certificate that signs the PDF of signed reports, PEM, its chain after it; unset: not signed"
    )
    pdf_key: SecretStr | None = Field(
        default=None, description="private key of that certificate, PEM without a password, or its PKCS#11 URI"
    )
    pdf_certificates_before: str = Field("", description="certificates that signed PDF files before, PEM")
    audit_anchors: Path | None = Field(
        default=None, description="file that the ends of the audit log's chains are added to once a day; unset: none"
    )
    secure_cookies: bool = Field(True, description="send the session cookie over HTTPS alone; off for plain http")
    max_upload_bytes: int = Field(320 * 1024 * 1024, gt=0, description="a larger upload is refused")
    access_token_minutes: float = Field(15, gt=0, description="an access token ends after this")
    refresh_token_days: float = Field(14, gt=0, description="a refresh token ends after this")
    session_hours: float = Field(12, gt=0, description="a portal session ends after this")
    session_idle_minutes: float = Field(
        60, gt=0, description="a portal session ends where its user does nothing for this"
    )
    fresh_authentication_minutes: float = Field(
        5, gt=0, description="who signs, or changes how they log in, has proved who they are no longer ago than this"
    )
    login_attempts: int = Field(
        10, gt=0, description="failed logins of a name at an address before each further one has to wait"
    )
    oidc_issuer: str = Field("", description="address of the OpenID provider for single sign-on; unset: none")
    oidc_client_id: str = Field("lobule", description="what the provider calls this server")
    oidc_client_secret: SecretStr | None = Field(None, description="shared with the provider; unset: a public client")
    oidc_name: str = Field("single sign-on", description="what the button on the login page calls the provider")
    oidc_scopes: str = Field("openid profile email", description="what is asked of the provider")
    oidc_username_claim: str = Field("preferred_username", description="claim with the name of a new account")
    oidc_roles_claim: str = Field("groups", description="claim whose values give roles and groups, such as a.b.c")
    oidc_roles: str = Field("", description="what its values mean: VALUE=role (comma); the first that fits decides")
    oidc_groups: str = Field("", description="which groups its values mean: VALUE=group (comma)")
    oidc_adopt_accounts: bool = Field(
        False, description="a local account of the same name becomes the provider's at its first login"
    )
    names: Literal["strip", "pseudonymise", "keep"] = Field(
        "strip",
        description="names in DICOM files: `strip` removes them, `pseudonymise` gives patients keyed pseudonyms, "
        "`keep` encrypts them in the database for those who may see them",
    )
    names_key: SecretStr | None = Field(
        None, min_length=32, description="makes pseudonyms and encrypts what is kept; keep it apart from the database"
    )
    double_reading: Literal["off", "recall", "all"] = Field(
        "off",
        description="two people read each case with films apart; a third settles what they disagree on: `recall` of a "
        "breast, or `all` that they state",
    )
    waiting_per_user: int = Field(2000, gt=0, description="analyses of one user that may wait; more are refused")
    waiting_per_token: int = Field(1000, gt=0, description="analyses of one API token that may wait")
    lease_seconds: float = Field(30, gt=0, description="a worker that is silent for this long has lost its step")
    max_attempts: int = Field(3, gt=0, description="a step that loses its worker this often is parked as dead")
    deadline_hours: float = Field(
        12,
        gt=0,
        le=_TEN_YEARS_H,
        description="work that a person waits for at the portal ends unfinished this long after it was asked for",
    )
    batch_deadline_hours: float = Field(
        72, gt=0, le=_TEN_YEARS_H, description="the same for all other work, such as a program's uploads"
    )
    retry_pause_s: float = Field(
        2, ge=0, description="pause before a step is tried again whose cause was outside of it; doubles each time"
    )
    reserve_bytes: int = Field(
        512 * 1024 * 1024, ge=0, description="uploads are refused where the disk of the objects has less space left"
    )
    reap_every_s: float = Field(5, gt=0, description="how often silent workers are looked for")
    public_url: str = Field("http://127.0.0.1:8000", description="where people find this server; stands in webhooks")
    root_path: str = Field(
        "", description="path that every address has before it, such as /lobule; `LOBULE_PUBLIC_URL` ends with it"
    )
    certificate: Path | None = Field(
        default=None, description="the proxy's certificate, PEM: the metrics tell when it ends"
    )
    cors_origins: str = Field("", description="origins (comma) whose pages may call the API from a browser")
    webhook_networks: str = Field("", description="private networks (CIDR, comma) that webhooks may be sent to")
    webhook_every_s: float = Field(2, gt=0, description="how often due webhook messages are looked for")
    retention_days: float | None = Field(default=None, gt=0, description="images and jobs older than this are deleted")
    delete_signed_cases: bool = Field(
        False, description="a case with a signed report may be deleted by its owner and by administrators"
    )
    diagnose_wait_s: float = Field(60, gt=0, description="how long /diagnose waits where the client names no time")

    @property
    def reading_rule(self) -> Literal["recall", "all"] | None:
        """Which disagreements of two readers a third person settles; None if one person reads a case."""
        return None if self.double_reading == "off" else self.double_reading

    @property
    def audit_secret(self) -> bytes:
        """The key of the audit log's chains."""
        if self.audit_key is not None:
            return self.audit_key.get_secret_value().encode()
        return derived_audit_key(self.secret_key.get_secret_value())

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

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("it must begin with postgresql+psycopg:// or sqlite:///")
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

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, text: str) -> str:
        parse_origins(text)
        return text

    @field_validator("oidc_roles")
    @classmethod
    def _roles(cls, text: str) -> str:
        parse_roles(text)
        return text

    @field_validator("oidc_groups")
    @classmethod
    def _groups(cls, text: str) -> str:
        parse_mapping(text)
        return text

    @field_validator("signing_keys_before")
    @classmethod
    def _public_keys(cls, text: str) -> str:
        parse_public_keys(text)
        return text

    @field_validator("webhook_networks")
    @classmethod
    def _networks(cls, text: str) -> str:
        parse_networks(text)
        return text


def derived_audit_key(secret_key: str) -> bytes:
    """The key of the audit log's chains where none is set."""
    return hmac.digest(secret_key.encode(), b"lobule audit chain", "sha256")


@cache
def get_settings() -> GatewaySettings:
    """The process's settings, read once."""
    return read_settings(GatewaySettings)
