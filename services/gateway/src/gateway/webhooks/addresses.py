"""Checks the addresses of webhooks against server-side request forgery."""

import ipaddress
import socket
from collections.abc import Sequence
from urllib.parse import urlsplit

from gateway.networks import Network


class ForbiddenAddressError(Exception):
    """A webhook's address is not one that this server may connect to; the message is for its owner."""


def resolve(url: str, allowed: Sequence[Network]) -> str:
    """The IP address to send to, looked up once, so that what was checked is what is spoken to.

    Args:
        url: The webhook's.
        allowed: Networks that are not public and may be spoken to all the same.

    Raises:
        ForbiddenAddressError: Where the name cannot be found, or leads to where it must not.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        raise ForbiddenAddressError(f"The host {host!r} cannot be found.") from None
    for address in sorted(found):
        if not _may_be_spoken_to(ipaddress.ip_address(address.split("%")[0]), allowed):
            raise ForbiddenAddressError(
                f"The host {host!r} is at a private address. Your IT can allow its network in LOBULE_WEBHOOK_NETWORKS."
            )
    return sorted(found)[0]


def _may_be_spoken_to(address: ipaddress.IPv4Address | ipaddress.IPv6Address, allowed: Sequence[Network]) -> bool:
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        return _may_be_spoken_to(mapped, allowed)
    if any(address.version == network.version and address in network for network in allowed):
        return True
    return address.is_global and not address.is_multicast
