"""IP addresses and networks, as settings and headers name them."""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def parse_networks(text: str) -> list[Network]:
    """Networks in CIDR notation, separated by commas.

    Raises:
        ValueError: If one is not.
    """
    return [ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip()]


def parse_proxies(text: str) -> int | list[Network]:
    """The trusted proxies: networks, or how many there are in a row.

    Raises:
        ValueError: If it is neither.
    """
    return int(text) if text.isdecimal() else parse_networks(text)


def parse_address(text: str) -> Address | None:
    """An address, perhaps with a port, such as `192.0.2.7:4711` or `[2001:db8::7]:4711`; None if it is none."""
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        return None if "%" in host else ipaddress.ip_address(host)  # a zone can be any text
    except ValueError:
        return None
