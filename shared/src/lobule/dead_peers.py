"""When an open connection to a server counts as dead, such as after a power failure or behind a broken network.

Without these limits, the kernel sends unacknowledged packets again for 15 minutes, and a connection on which an answer
is awaited is probed for the first time after two hours.
"""

import socket

DEAD_AFTER_S = 15
PROBE_EVERY_S = 5
PROBES = DEAD_AFTER_S // PROBE_EVERY_S - 1

_WANTED = {
    "TCP_KEEPIDLE": PROBE_EVERY_S,
    "TCP_KEEPINTVL": PROBE_EVERY_S,
    "TCP_KEEPCNT": PROBES,
    "TCP_USER_TIMEOUT": 1000 * DEAD_AFTER_S,
}
TCP_OPTIONS: dict[int, int] = {getattr(socket, name): value for name, value in _WANTED.items() if hasattr(socket, name)}
"""Options of a socket, besides SO_KEEPALIVE; those that this system has: some are Linux's alone."""
