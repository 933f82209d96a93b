"""The gateway's settings; each is the environment variable `LOBULE_<NAME>`."""

from functools import cache

from pydantic import Field, SecretStr

from lobule.settings import Settings, read_settings


class GatewaySettings(Settings):
    """What the gateway needs beyond what every service needs."""

    database_url: str = Field(description="sqlite:////path or postgresql+psycopg://user:password@host/name")
    secret_key: SecretStr = Field(min_length=32, description="signs access tokens and CSRF tokens")
    secure_cookies: bool = Field(True, description="send the session cookie over HTTPS alone; off for plain http")
    max_upload_bytes: int = Field(200 * 1024 * 1024, gt=0)
    access_token_minutes: float = Field(15, gt=0)
    refresh_token_days: float = Field(14, gt=0)
    session_hours: float = Field(12, gt=0, description="a portal session ends after this")
    login_attempts: int = Field(
        10, gt=0, description="failed logins of a name or an address in 15 minutes before a pause"
    )
    lease_seconds: float = Field(30, gt=0, description="a worker that is silent for this long has lost its step")
    max_attempts: int = Field(3, gt=0, description="a step that loses its worker this often is parked as dead")
    reap_every_s: float = Field(5, gt=0)
    diagnose_wait_s: float = Field(60, gt=0, description="how long /diagnose waits where the client names no time")


@cache
def get_settings() -> GatewaySettings:
    """The process's settings, read once."""
    return read_settings(GatewaySettings)
