"""The address of Redis: one server, or several behind Sentinel.

Sentinel watches a Redis and its replicas, and promotes a replica if the master fails. Its address is
`sentinel://user:password@host:26379,host:26379/0?master=NAME`, with the hosts of the sentinels and the name of the
master; add `&sentinel_password=` if the sentinels have a separate password. The same works for Valkey.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

if TYPE_CHECKING:
    from redis import Redis

_SCHEME = "sentinel://"
_PORT = 26379
_LIMITS = {"socket_timeout": 2, "socket_connect_timeout": 2}


@dataclass(frozen=True)
class _SentinelAddress:
    """The parts of an address with Sentinel.

    Attributes:
        sentinels: Host and port of each.
        master: Name of the master.
        login: `user:password@` as in the address, or empty.
        options: User, password and database of the Redis.
        sentinel_options: Password of the sentinels, if they have one.
    """

    sentinels: list[tuple[str, int]]
    master: str
    login: str
    options: dict[str, Any]
    sentinel_options: dict[str, Any]


def checked(url: str) -> str:
    """Check an address of Redis and return it.

    Raises:
        ValueError: The address is invalid. The message does not repeat it, because any part may be a password.
    """
    if not url.startswith((_SCHEME, "redis://", "rediss://", "unix://")):
        raise ValueError("it must begin with redis://, rediss://, unix:// or sentinel://")
    try:
        _ = _sentinel_address(url) if url.startswith(_SCHEME) else urlsplit(url).port
    except ValueError:
        form = "sentinel://host:26379,host:26379/0?master=NAME" if url.startswith(_SCHEME) else "redis://host:6379/0"
        raise ValueError(f"it must be like {form}, a password before host and @, with %2F for / in it") from None
    return url


def connect(url: str) -> "Redis":
    """A Redis client with short timeouts, because every caller can do without Redis."""
    from redis import Redis  # imported here, because settings are also read without Redis installed
    from redis.sentinel import Sentinel

    if not url.startswith(_SCHEME):
        return Redis.from_url(url, **_LIMITS, decode_responses=True)
    at = _sentinel_address(url)
    sentinel = Sentinel(at.sentinels, sentinel_kwargs={**_LIMITS, **at.sentinel_options})
    return sentinel.master_for(at.master, **_LIMITS, **at.options, decode_responses=True)


def broker(url: str) -> tuple[str, dict[str, Any]]:
    """The address in Celery's form, and the transport options that belong to it."""
    if url.startswith("unix://"):
        return url.replace("unix://", "redis+socket://", 1), {}
    if not url.startswith(_SCHEME):
        return url, {}
    at = _sentinel_address(url)
    hosts = [(f"[{host}]" if ":" in host else host, port) for host, port in at.sentinels]
    urls = [f"{_SCHEME}{at.login}{host}:{port}/{at.options['db']}" for host, port in hosts]
    return ";".join(urls), {"master_name": at.master, "sentinel_kwargs": {**_LIMITS, **at.sentinel_options}}


def _sentinel_address(url: str) -> _SentinelAddress:
    """Read an address with Sentinel.

    Raises:
        ValueError: It has no hosts or no name, a wrong port or database, or an unknown parameter.
    """
    parts = urlsplit(url)
    login, _, hosts = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    given = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    master, own = given.pop("master", ""), given.pop("sentinel_password", "")
    if not hosts or not master or given:
        raise ValueError("no hosts, no name of the Redis, or an unknown parameter")
    options: dict[str, Any] = {"db": int(parts.path.strip("/") or 0)}
    options |= {"username": unquote(user)} if user else {}
    options |= {"password": unquote(password)} if password else {}
    return _SentinelAddress(
        sentinels=[_host_and_port(each) for each in hosts.split(",")],
        master=master,
        login=f"{quote(unquote(user), safe='')}:{quote(unquote(password), safe='')}@" if login else "",
        options=options,
        sentinel_options={"password": own} if own else {},
    )


def _host_and_port(text: str) -> tuple[str, int]:
    at = urlsplit(f"//{text}")
    if not at.hostname:
        raise ValueError("an empty name of a host")
    return at.hostname, at.port or _PORT
