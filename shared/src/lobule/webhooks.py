"""Signatures of webhooks, after the Standard Webhooks specification: what a receiver checks, and a sender makes."""

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping

PREFIX = "whsec_"
_TOLERANCE_S = 300


class WebhookSignatureError(Exception):
    """A message is not from the server that holds the secret, or is too old to be believed."""


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The signature of a message.

    Args:
        secret: `whsec_…`, as the server gave it when the webhook was made.
        message_id: The header `webhook-id`.
        timestamp: The header `webhook-timestamp`, seconds since 1970.
        body: What is sent, byte for byte.
    """
    key = base64.b64decode(secret.removeprefix(PREFIX))
    digest = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def verify(secret: str, headers: Mapping[str, str], body: bytes, now_s: float | None = None) -> None:
    """Check that a message came from the server.

    Args:
        secret: `whsec_…`, as the server gave it when the webhook was made.
        headers: The request's headers, by lower-case name or in any mapping that ignores case.
        body: The request's body, before anything parsed it.
        now_s: The present; the clock's without.

    Raises:
        WebhookSignatureError: Where it did not, or long ago.
    """
    try:
        message_id, signatures = headers["webhook-id"], headers["webhook-signature"]
        timestamp = int(headers["webhook-timestamp"])
    except (KeyError, ValueError):
        raise WebhookSignatureError("a header of the signature is missing") from None
    if abs((time.time() if now_s is None else now_s) - timestamp) > _TOLERANCE_S:
        raise WebhookSignatureError("the message is too old, or from the future")
    expected = sign(secret, message_id, timestamp, body)
    if not any(hmac.compare_digest(expected, given) for given in signatures.split(" ")):
        raise WebhookSignatureError("the signature is not the secret's")
