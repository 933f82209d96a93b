"""Encrypts kept identities: AES-256-GCM (NIST SP 800-38D) under a key that lies apart from the database."""

import base64
import hashlib
import hmac
import json
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lobule.imaging.dicom.deidentify import Replaced

_NONCE_BYTES = 12


class IdentityCipher:
    """Encrypts and decrypts identities.

    Args:
        names_key: The secret, from which the key follows.
    """

    def __init__(self, names_key: str) -> None:
        self._cipher = AESGCM(hmac.digest(names_key.encode(), b"kept identities", "sha256"))

    def encrypt(self, replaced: Replaced, object_key: str) -> str:
        """Encrypt what was replaced in a file; it can be decrypted only for that file."""
        said = {
            "values": {f"{tag:08X}": value.decode("latin-1") for tag, value in replaced.values.items()},
            "uids": replaced.uids,
            "days": replaced.days,
        }
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, json.dumps(said).encode(), object_key.encode())
        return base64.b64encode(nonce + sealed).decode()

    def decrypt(self, sealed: str, object_key: str) -> Replaced | None:
        """What was replaced in a file; None if it was encrypted under another key, or was changed."""
        content = base64.b64decode(sealed)
        try:
            said = json.loads(self._cipher.decrypt(content[:_NONCE_BYTES], content[_NONCE_BYTES:], object_key.encode()))
        except InvalidTag:
            return None
        values = {int(tag, 16): value.encode("latin-1") for tag, value in said["values"].items()}
        return Replaced(values, said["uids"], said["days"])


def pseudonym_of(names_key: str, identifier: str) -> str:
    """A patient's pseudonym: 50 bits of a keyed hash (HMAC-SHA256) of the identifier.

    Args:
        names_key: Secret key; only who has it can compute the pseudonym of an identifier.
        identifier: Identifier of the patient.
    """
    digest = hmac.new(names_key.encode(), b"pseudonym\0" + identifier.encode(), hashlib.sha256).digest()
    return f"LB-{base64.b32encode(digest)[:10].decode()}"
