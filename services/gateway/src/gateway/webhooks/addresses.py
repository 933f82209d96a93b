"""Checks the addresses of webhooks against server-side request forgery."""

import ipaddress
import socket
from collections.abc import Sequence
from urllib.parse import urlsplit

from gateway.networks import Network
from lobule.words import Words

_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_OF_OPERATORS = [ipaddress.IPv4Network(each) for each in ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")]
"""Protocol assignments and relays (RFC 6890), and Azure's own address in every virtual machine.

Older versions of Python count some of them as public.
"""
_LAST_BITS_ARE_IPV4 = [ipaddress.IPv6Network(each) for each in ("64:ff9b::/96", "::/96")]


class ForbiddenAddressError(Exception):
    """A webhook's address is not one that this server may connect to.

    Args:
        reason: Reason of the problem `webhook_address_forbidden`: `unknown_host` or `private`.
        host: Host of the address.
    """

    def __init__(self, reason: str, host: str) -> None:
        super().__init__(Words("en")(f"errors.webhook_address_forbidden.{reason}", host=host))
        self.reason, self.host = reason, host


def resolve(url: str, allowed: Sequence[Network]) -> list[str]:
    """The IP addresses to send to, resolved once, so that an address that was checked is the one connected to.

    They keep the order of the resolver (RFC 6724), which puts those last to which this machine has no route: most
    containers have no IPv6.

    Args:
        url: The webhook's.
        allowed: Networks that are not public but allowed.

    Raises:
        ForbiddenAddressError: The name cannot be resolved, or one of its addresses is not allowed.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise ForbiddenAddressError("unknown_host", host) from None
    found = list(dict.fromkeys(str(entry[4][0]) for entry in entries))
    for address in found:
        if not _is_allowed(ipaddress.ip_address(address.split("%")[0]), allowed):
            raise ForbiddenAddressError("private", host)
    return found


def _is_allowed(address: ipaddress.IPv4Address | ipaddress.IPv6Address, allowed: Sequence[Network]) -> bool:
    if any(address.version == network.version and address in network for network in allowed):
        return True
    if isinstance(address, ipaddress.IPv6Address):
        inner = _ipv4_within(address)
        if inner is not None:
            return _is_allowed(inner, allowed)
        if address not in _GLOBAL_UNICAST:  # site-local addresses, and what nobody has been given
            return False
    elif any(address in network for network in _OF_OPERATORS):
        return False
    return address.is_global and not address.is_multicast


def _ipv4_within(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that a packet to an IPv6 address reaches: mapped, by 6to4, by NAT64, or IPv4-compatible."""
    if any(address in network for network in _LAST_BITS_ARE_IPV4):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
