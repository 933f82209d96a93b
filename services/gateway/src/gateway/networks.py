"""IP networks as settings name them."""

import ipaddress

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def parse_networks(text: str) -> list[Network]:
    """Networks in CIDR notation, separated by commas.

    Raises:
        ValueError: If one is not.
    """
    return [ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip()]
