"""Keys of signed reports: Ed25519, kept outside of the database, in a file or in a PKCS#11 token."""

import base64
import hashlib
import hmac
from typing import Literal, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from gateway.token_keys import SCHEME, TokenError, TokenKey

SignatureState = Literal["valid", "broken", "key_unknown"]


class SigningKeys:
    """The key that signs reports, and the public keys that verify them.

    Args:
        secret_key: The server's secret: signs where there is no key of its own, and verifies what it signed before.
        signing_key: The secret from which the key that signs follows, or the URI of one in a token.
        before: Public keys that were replaced; see `parse_public_keys`.

    Raises:
        ValueError: The URI names no key of Ed25519 that can be used now.

    Attributes:
        current: Name of the key that signs.
        known: Public keys that verify, by name; the current one first.
    """

    def __init__(self, secret_key: str, signing_key: str | None = None, before: str = "") -> None:
        derived = _private(secret_key)
        self._private = _own(signing_key) if signing_key else derived
        public = [self._private.public_key(), derived.public_key(), *parse_public_keys(before)]
        self.known = {_name(key): key for key in public}
        self.current = _name(public[0])

    def sign(self, content: bytes) -> str:
        """The signature of a content, base64.

        Raises:
            TokenError: The key is in a token that is away.
        """
        return base64.b64encode(self._private.sign(content)).decode()

    def judge(self, name: str, signature: str, content: bytes) -> SignatureState:
        """Judge a signature that is said to be by the key of this name."""
        key = self.known.get(name)
        if key is None:
            return "key_unknown"
        try:
            key.verify(base64.b64decode(signature), content)
        except (InvalidSignature, ValueError):
            return "broken"
        return "valid"

    def pem(self, name: str) -> str:
        """A public key, as openssl reads it."""
        return self.known[name].public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def parse_public_keys(text: str) -> list[Ed25519PublicKey]:
    """Public keys of Ed25519, separated by commas, each as the line between the first and last of its PEM.

    Raises:
        ValueError: One is none.
    """
    found: list[Ed25519PublicKey] = []
    for line in filter(None, (each.strip() for each in text.split(","))):
        try:
            key = load_der_public_key(base64.b64decode(line, validate=True))
        except UnsupportedAlgorithm:
            key = None
        if not isinstance(key, Ed25519PublicKey):
            raise ValueError(f"{line} is no public key of Ed25519")
        found.append(key)
    return found


class _PrivateKey(Protocol):
    """What signs; of the package cryptography, or in a token."""

    def sign(self, content: bytes, /) -> bytes: ...

    def public_key(self) -> Ed25519PublicKey: ...


class _InToken:
    """A key of Ed25519 in a token, whose public key is read once."""

    def __init__(self, uri: str) -> None:
        self._key = TokenKey.parse(uri)
        try:
            public = self._key.public_key()
            if not isinstance(public, Ed25519PublicKey):
                raise ValueError(f"{self._key} is no key of Ed25519")
            self._public = public
            self.sign(b"")
        except TokenError as error:
            raise ValueError(str(error)) from error

    def sign(self, content: bytes, /) -> bytes:
        """A signature that its public key verifies: the token may hold two keys of a label."""
        signature = self._key.sign(content)
        try:
            self._public.verify(signature, content)
        except InvalidSignature as error:
            raise TokenError(f"{self._key} signed what its public key does not verify") from error
        return signature

    def public_key(self) -> Ed25519PublicKey:
        return self._public


def _own(signing_key: str) -> _PrivateKey:
    return _InToken(signing_key) if signing_key.startswith(SCHEME) else _private(signing_key)


def _private(secret: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hmac.digest(secret.encode(), b"lobule report signatures", "sha256"))


def _name(key: Ed25519PublicKey) -> str:
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]
