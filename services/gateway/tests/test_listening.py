"""How the gateway takes connections."""

import socket

from gateway.__main__ import _listen


def test_answers_do_not_wait_for_the_other_sides_acknowledgement():
    with _listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
