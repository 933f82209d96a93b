"""The folder of an embedded deployment: secrets, database, objects, logs, reports."""

import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from lobule.launcher.errors import StartError
from lobule.settings import variable

_DATABASE = "lobule.sqlite"
_SECRETS_FILE = "secrets.json"
_SECRETS = ("internal_token", "secret_key", "admin_password", "demo_password")


@dataclass(frozen=True)
class Home:
    """An embedded deployment's folder. Secrets are generated at the first start, and only the owner can read them."""

    folder: Path
    secrets: dict[str, str]

    @classmethod
    def database_in(cls, folder: Path) -> str | None:
        """The address of the database in a folder of `lobule up`; None if there is none."""
        file = folder.resolve() / _DATABASE
        return f"sqlite:///{file}" if file.exists() else None

    @classmethod
    def is_at(cls, folder: Path) -> bool:
        """Whether `lobule up` has made the folder, wherever its database is."""
        return (folder.resolve() / _SECRETS_FILE).exists()

    @classmethod
    def open(cls, folder: Path) -> "Home":
        """Open the folder, and create missing parts. Only the owner can read folder, database and logs.

        Raises:
            StartError: The folder cannot be created, or something in it belongs to another user, or is damaged.
        """
        folder = folder.resolve()
        with _usable(folder):
            return cls._open(folder)

    @classmethod
    def _open(cls, folder: Path) -> "Home":
        for part in ("objects", "logs", "reports"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        for file in (*folder.glob(f"{_DATABASE}*"), *folder.glob("logs/*.log")):
            with contextlib.suppress(FileNotFoundError):  # SQLite deletes its files beside the database when it is left
                file.chmod(0o600)  # an older version may have created them with the user's umask
        file = folder / _SECRETS_FILE
        with _alone(folder):
            known = _secrets_in(file) if file.exists() else {}
            missing = [name for name in _SECRETS if name not in known]
            if missing:
                lengths = {name: 32 if name.endswith(("token", "key")) else 12 for name in missing}
                known |= {name: secrets.token_urlsafe(length) for name, length in lengths.items()}
                _write_secrets(file, known)
        return cls(folder, known)

    @contextlib.contextmanager
    def in_use(self) -> Iterator[None]:
        """Lock the folder for this process, because two systems must not share a database and a store.

        Raises:
            StartError: Another process has locked the folder.
        """
        with _usable(self.folder):
            file = (self.folder / "lock").open("w")
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StartError("home_in_use", folder=self.folder) from None
            yield

    def settings(self) -> dict[str, str]:
        """The settings from this folder by name: those that neither a variable nor its file sets."""
        own = {
            "database_url": f"sqlite:///{self.folder / _DATABASE}",
            "object_store_url": (self.folder / "objects").as_uri(),
            "internal_token": self.secrets["internal_token"],
            "secret_key": self.secrets["secret_key"],
            "audit_anchors": str(self.folder / "audit-anchors"),
        }
        return {name: value for name, value in own.items() if not variable(name.upper())}

    def environment(self, redis_url: str, url: str, log_format: str) -> dict[str, str]:
        """The environment of the services. Variables that are already set take precedence, for external servers."""
        embedded = {f"LOBULE_{name.upper()}": value for name, value in self.settings().items()} | {
            "LOBULE_REDIS_URL": redis_url,
            "LOBULE_SECURE_COOKIES": "false",
            "LOBULE_PUBLIC_URL": url,
            "LOBULE_LOG_FORMAT": log_format,
            "TF_CPP_MIN_LOG_LEVEL": "2",
            "PYTHONUNBUFFERED": "1",
        }
        # Always use our own gateway, because two deployments on one machine must not work for each other, and directly,
        # because a proxy does not reach this machine.
        given = {name: value for name, value in os.environ.items() if value or not name.startswith("LOBULE_")}
        own = {"LOBULE_GATEWAY_URL": url}
        no_proxy = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
        own |= dict.fromkeys(("NO_PROXY", "no_proxy"), ",".join(filter(None, (no_proxy, urlsplit(url).hostname))))
        return embedded | given | own


@contextlib.contextmanager
def _usable(folder: Path) -> Iterator[None]:
    """Raise `StartError` for what cannot be read or written in the folder, with the name of the file."""
    try:
        yield
    except OSError as error:
        place = f" ({error.filename})" if error.filename not in (None, str(folder)) else ""
        raise StartError("home_unusable", folder=folder, reason=f"{error.strerror}{place}") from None


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other process is in the block for this folder, so that two first starts draw the same secrets."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _secrets_in(file: Path) -> dict[str, str]:
    try:
        known = json.loads(file.read_text("utf-8"))
    except ValueError:
        known = None
    if not isinstance(known, dict) or not all(isinstance(each, str) and each for each in known.values()):
        raise StartError("secrets_damaged", file=file)
    return known


def _write_secrets(file: Path, known: dict[str, str]) -> None:
    """Replace the file as a whole, so that a full disk or a crash leaves the one before."""
    new = file.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        json.dump(known, stream, indent=2)
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(file)
