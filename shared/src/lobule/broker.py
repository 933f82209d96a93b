"""Keeps a worker running if Redis misses an acknowledgement.

Kombu releases a message's prefetch slot only after Redis has removed the message. If Redis is unavailable at that
moment, the slot stays occupied: a worker that prefetches one message then fetches none, does not even read from its
connection, and so never notices that the connection is broken. This module releases the slot in any case. The message
may be delivered again, which is harmless, because the database decides which step is claimed.
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


def release_prefetch_slots() -> None:
    """Patch all Redis channels of this process, whichever transport (TCP, TLS, Unix socket) they use."""
    channel: Any = redis.Channel
    channel.QoS = _QoS
