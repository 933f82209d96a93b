"""Checks of a running server: whether it is ready, its clock, its certificate and its workers."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from socket import create_connection
from urllib.parse import urlsplit

import httpx

from lobule.diagnosis.check import Check, Checker, Installation

_CLOCK_WARNING_S, _CLOCK_PROBLEM_S = 5.0, 60.0  # tokens and leases are compared between machines
_CERTIFICATE_DAYS = 21
_TIMEOUT_S = 10.0


def server(installation: Installation) -> Iterator[Check]:
    """Check that the server is ready, and that its clock agrees with this machine's."""
    if installation.server is None:
        return
    url = installation.server.rstrip("/")
    try:
        answer = httpx.get(f"{url}/readyz", timeout=_TIMEOUT_S, verify=False)  # noqa: S501 - see `certificate`
        parts = answer.json()
        works = {name: parts[name] for name in ("database", "migrated", "object_store", "redis")}
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
        yield Check("server", "problem", "server_away", {"url": url, "reason": str(error) or type(error).__name__})
        return
    broken = ", ".join(name for name, working in works.items() if not working)
    if broken:
        yield Check("server", "problem", "server_not_ready", {"url": url, "parts": broken})
    elif not parts.get("space", True):  # servers of older versions do not say
        yield Check("server", "problem", "server_full", {"url": url})
    else:
        yield Check("server", "ok", "server", {"url": url})
    if "date" in answer.headers:
        yield _clock(parsedate_to_datetime(answer.headers["date"]))


def _clock(theirs: datetime) -> Check:
    difference = abs((datetime.now(UTC) - theirs).total_seconds())
    values = {"seconds": f"{difference:.0f}"}
    if difference > _CLOCK_WARNING_S:
        return Check("clock", "problem" if difference > _CLOCK_PROBLEM_S else "warning", "clock_differs", values)
    return Check("clock", "ok", "clock", values)


def certificate(installation: Installation) -> Iterator[Check]:
    """Check that this machine trusts the server's certificate, which names the server and is valid for some weeks."""
    parts = urlsplit(installation.server or "")
    if parts.scheme != "https" or parts.hostname is None:
        return
    try:
        with (
            create_connection((parts.hostname, parts.port or 443), timeout=_TIMEOUT_S) as raw,
            ssl.create_default_context().wrap_socket(raw, server_hostname=parts.hostname) as secured,
        ):
            ends = str((secured.getpeercert() or {})["notAfter"])
    except ssl.SSLCertVerificationError as error:
        yield Check("certificate", "problem", "certificate_refused", {"reason": error.verify_message})
        return
    except OSError as error:
        yield Check("certificate", "problem", "server_away", {"url": installation.server, "reason": str(error)})
        return
    days = int((ssl.cert_time_to_seconds(ends) - datetime.now(UTC).timestamp()) // 86400)
    if days < _CERTIFICATE_DAYS:
        yield Check("certificate", "warning", "certificate_ends", {"count": days})
    else:
        yield Check("certificate", "ok", "certificate", {"count": days})


CHECKERS: tuple[Checker, ...] = (server, certificate)
