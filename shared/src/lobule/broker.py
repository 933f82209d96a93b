"""Lets a worker go on after an acknowledgement that Redis did not get.

Kombu frees the place of a message once Redis has forgotten it. Where Redis is away at that moment, the place stays
taken: a worker that fetches one message at a time then fetches none, does not even read from its connection, and so
never notices that it is broken. Here the place is freed in any case. The message may be delivered again, which is
harmless, because the database decides which step is claimed.
"""

from typing import Any

from kombu.transport import redis, virtual


class _QoS(redis.QoS):
    def ack(self, delivery_tag: str) -> None:
        try:
            super().ack(delivery_tag)
        except Exception:
            virtual.QoS.ack(self, delivery_tag)
            raise

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        try:
            super().reject(delivery_tag, requeue)
        except Exception:
            virtual.QoS.ack(self, delivery_tag)
            raise


def free_places_in_any_case() -> None:
    """Have all Redis channels of this process do so, whichever transport (TCP, TLS, socket) they are of."""
    channel: Any = redis.Channel
    channel.QoS = _QoS
