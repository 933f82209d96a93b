"""Encryption of values that the database stores and the server reads again, with one key for each purpose."""

import base64
import hmac

from cryptography.fernet import Fernet

from gateway.settings import GatewaySettings


def cipher_for(settings: GatewaySettings, purpose: str) -> Fernet:
    """Make the cipher of a purpose; its key is derived from the server's secret."""
    key = hmac.digest(settings.secret_key.get_secret_value().encode(), purpose.encode(), "sha256")
    return Fernet(base64.urlsafe_b64encode(key))
