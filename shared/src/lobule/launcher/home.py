"""The folder in which an embedded deployment lives: secrets, database, objects, logs, reports."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

_DATABASE = "lobule.sqlite"
_SECRETS = ("internal_token", "secret_key", "admin_password", "demo_password")


@dataclass(frozen=True)
class Home:
    """An embedded deployment's folder. Secrets are drawn at the first start and kept, readable by the owner alone."""

    folder: Path
    secrets: dict[str, str]

    @classmethod
    def database_in(cls, folder: Path) -> str | None:
        """The address of the database of a folder that `lobule up` made; None where there is none."""
        file = folder.resolve() / _DATABASE
        return f"sqlite:///{file}" if file.exists() else None

    @classmethod
    def open(cls, folder: Path) -> "Home":
        """Open the folder, making what is missing."""
        folder = folder.resolve()
        for part in ("objects", "logs", "reports"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        file = folder / "secrets.json"
        known: dict[str, str] = json.loads(file.read_text("utf-8")) if file.exists() else {}
        missing = [name for name in _SECRETS if name not in known]
        if missing:
            known |= {name: secrets.token_urlsafe(32 if name.endswith(("token", "key")) else 12) for name in missing}
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
                json.dump(known, stream, indent=2)
        return cls(folder, known)

    def environment(self, redis_url: str, port: int, log_format: str) -> dict[str, str]:
        """The environment of the services. Variables that are set already win, to allow external servers."""
        embedded = {
            "LOBULE_REDIS_URL": redis_url,
            "LOBULE_DATABASE_URL": f"sqlite:///{self.folder / _DATABASE}",
            "LOBULE_OBJECT_STORE_URL": (self.folder / "objects").as_uri(),
            "LOBULE_INTERNAL_TOKEN": self.secrets["internal_token"],
            "LOBULE_SECRET_KEY": self.secrets["secret_key"],
            "LOBULE_SECURE_COOKIES": "false",
            "LOBULE_LOG_FORMAT": log_format,
            "TF_CPP_MIN_LOG_LEVEL": "2",
            "PYTHONUNBUFFERED": "1",
        }
        # Always our own gateway: two deployments on one machine must not work for each other.
        return embedded | os.environ | {"LOBULE_GATEWAY_URL": f"http://127.0.0.1:{port}"}
