"""Encrypts what the database keeps and the server has to read again, each purpose with a key of its own."""

import base64
import hmac

from cryptography.fernet import Fernet

from gateway.settings import GatewaySettings


def vault(settings: GatewaySettings, purpose: str) -> Fernet:
    """Encryption for one purpose; its key follows from the server's secret."""
    key = hmac.digest(settings.secret_key.get_secret_value().encode(), purpose.encode(), "sha256")
    return Fernet(base64.urlsafe_b64encode(key))
