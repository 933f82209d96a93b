"""When an open connection to a server counts as dead, such as after a power failure or behind a broken network.

Without these limits, the kernel sends unacknowledged packets again for 15 minutes, and a connection on which an answer
is awaited is probed for the first time after two hours.
"""

import socket

DEAD_AFTER_S = 15
PROBE_EVERY_S = 5
PROBES = DEAD_AFTER_S // PROBE_EVERY_S - 1

TCP_OPTIONS = {
    socket.TCP_KEEPIDLE: PROBE_EVERY_S,
    socket.TCP_KEEPINTVL: PROBE_EVERY_S,
    socket.TCP_KEEPCNT: PROBES,
    socket.TCP_USER_TIMEOUT: 1000 * DEAD_AFTER_S,
}
"""Options of a socket, besides SO_KEEPALIVE."""
