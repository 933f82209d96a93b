"""A security key in software: answers WebAuthn's challenges as a browser with a key would."""

import base64
import hashlib
import json
import struct

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def encode(data: bytes) -> str:
    """Bytes as base64url."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class SoftKey:
    """A security key for one site.

    Args:
        origin: Origin of the requesting page.
        host: Host of the site.
        verifies: Whether it verifies its owner, by a PIN or a fingerprint.
    """

    def __init__(self, origin: str = "https://lobule.example", host: str = "lobule.example", verifies: bool = True):
        self.origin, self.host, self.verifies = origin, host, verifies
        self.uses = 0
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.id = hashlib.sha256(str(id(self)).encode() + self._public()).digest()

    def _public(self) -> bytes:
        point = self._key.public_key().public_numbers()
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")})

    def _facts(self, attested: bytes = b"") -> bytes:
        self.uses += 1
        flags = PRESENT | (VERIFIED if self.verifies else 0) | (ATTESTED if attested else 0)
        return hashlib.sha256(self.host.encode()).digest() + struct.pack(">BI", flags, self.uses) + attested

    def _said(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": f"webauthn.{kind}", "challenge": challenge, "origin": self.origin}).encode()

    def _answer(self, response: dict) -> dict:
        return {"id": encode(self.id), "rawId": encode(self.id), "type": "public-key", "response": response}

    def register(self, options: dict) -> dict:
        """The response when a page registers a new key."""
        attested = bytes(16) + struct.pack(">H", len(self.id)) + self.id + self._public()
        attestation = {"fmt": "none", "attStmt": {}, "authData": self._facts(attested)}
        said = encode(self._said("create", options["challenge"]))
        return self._answer(
            {"clientDataJSON": said, "attestationObject": encode(cbor2.dumps(attestation)), "transports": ["usb"]}
        )

    def sign(self, options: dict) -> dict:
        """The response when a page requests a signature of a challenge."""
        facts, said = self._facts(), self._said("get", options["challenge"])
        signature = self._key.sign(facts + hashlib.sha256(said).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(
            {"clientDataJSON": encode(said), "authenticatorData": encode(facts), "signature": encode(signature)}
        )
