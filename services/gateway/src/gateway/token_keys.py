"""Private keys that stay in a PKCS#11 token, such as a hardware security module; a key is named by a URI of RFC 7512.

Each signature logs in, signs and logs out, so a token that was away for a while is used again without a restart.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import unquote

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

SCHEME = "pkcs11:"
CURVES = {"ed25519": b"\x13\x0cedwards25519", "p256": b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"}
"""Keys that can be drawn, as PKCS #11 3.0 names their curves, in DER."""
_ALONE = Lock()
"""A process is logged in to a token once, whichever of its threads asks."""
_PATIENCE_S = 15.0
"""How long a thread waits for those before it: a token that hangs must not take all threads of a gateway."""


class TokenError(RuntimeError):
    """The token is unavailable, has no such key, or does not sign with it."""


@dataclass(frozen=True)
class TokenKey:
    """A private key in a token.

    Attributes:
        module: The library of the token's vendor.
        token: The token's label.
        label: Label of the key and of its public key.
        pin: PIN of the token's user.
    """

    module: str
    token: str
    label: str
    pin: str

    def __repr__(self) -> str:
        """Without the PIN."""
        return f"{self.label} in the token {self.token} of {self.module}"

    @classmethod
    def parse(cls, uri: str) -> "TokenKey":
        """The key that a URI names: `pkcs11:token=T;object=K?module-path=FILE&pin-source=FILE`.

        Raises:
            ValueError: It lacks a part, or has one that is not known.
        """
        path, _, query = uri.removeprefix(SCHEME).partition("?")
        given = dict(_parts(path, ";")) | dict(_parts(query, "&"))
        pin, source = given.pop("pin-value", None), given.pop("pin-source", "")
        if pin is None and source:
            try:
                pin = Path(source.removeprefix("file://").removeprefix("file:")).read_text("utf-8").strip()
            except OSError as error:
                raise ValueError(f"pin-source cannot be read: {error}") from error
        if given.pop("type", "private") != "private" or set(given) != {"token", "object", "module-path"} or not pin:
            raise ValueError("a PKCS#11 URI needs token, object, module-path and pin-source or pin-value, and no more")
        return cls(given["module-path"], given["token"], given["object"], pin)

    def public_key(self) -> Ed25519PublicKey | EllipticCurvePublicKey:
        """Of a key on an elliptic curve: Ed25519, or one of NIST.

        Raises:
            TokenError: There is none, or the token is away.
        """
        with self._session() as session:
            from pkcs11 import Attribute, KeyType, ObjectClass
            from pkcs11.util.ec import encode_ec_public_key

            found = session.get_key(object_class=ObjectClass.PUBLIC_KEY, label=self.label)
            if found.key_type == KeyType.EC_EDWARDS:  # 32 bytes, which most tokens wrap in an octet string
                return Ed25519PublicKey.from_public_bytes(found[Attribute.EC_POINT][-32:])
            key = load_der_public_key(encode_ec_public_key(found))
        assert isinstance(key, EllipticCurvePublicKey)
        return key

    def sign(self, content: bytes) -> bytes:
        """A signature: Ed25519, ECDSA with SHA-256 as X.509 encodes it, or RSA PKCS #1 with SHA-256, by the key's type.

        Raises:
            TokenError: The token is away, or does not sign with it.
        """
        with self._session() as session:
            from pkcs11 import KeyType, Mechanism, ObjectClass
            from pkcs11.util.ec import encode_ecdsa_signature

            key = session.get_key(object_class=ObjectClass.PRIVATE_KEY, label=self.label)
            match key.key_type:
                case KeyType.EC_EDWARDS:
                    return key.sign(content, mechanism=Mechanism.EDDSA)
                case KeyType.EC:  # no token lacks the signature of a digest that is made outside
                    digest = hashlib.sha256(content).digest()
                    return encode_ecdsa_signature(key.sign(digest, mechanism=Mechanism.ECDSA))
                case KeyType.RSA:
                    return key.sign(content, mechanism=Mechanism.SHA256_RSA_PKCS)
                case other:
                    raise TokenError(f"{self} is a key of the type {other.name}, which does not sign here")

    def draw(self, curve: str) -> None:
        """Make the key pair in the token, whose private key cannot be read.

        Args:
            curve: One of `CURVES`.

        Raises:
            TokenError: There is one of this label, or the token is away.
        """
        with self._session(writes=True) as session:
            from pkcs11 import Attribute, KeyType

            kind = KeyType.EC_EDWARDS if curve == "ed25519" else KeyType.EC
            if any(True for _ in session.get_objects({Attribute.LABEL: self.label})):
                raise TokenError(f"there is already a key {self}")
            parameters = session.create_domain_parameters(kind, {Attribute.EC_PARAMS: CURVES[curve]}, local=True)
            kept = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}
            parameters.generate_keypair(label=self.label, store=True, private_template=kept)

    @contextmanager
    def _session(self, *, writes: bool = False) -> Iterator[Any]:
        try:
            import pkcs11
        except ImportError:
            raise TokenError("python-pkcs11 is not installed: it comes with lobule-gateway[pkcs11]") from None
        if not _ALONE.acquire(timeout=_PATIENCE_S):
            raise TokenError(f"{self}: others wait for the token")
        library = None
        try:
            library = pkcs11.lib(self.module)
            token = library.get_token(token_label=self.token)
            with token.open(rw=writes, user_pin=self.pin) as session:
                yield session
        except pkcs11.PKCS11Error as error:
            if library is not None:  # or it would never see a token again that was away
                with suppress(pkcs11.PKCS11Error):
                    library.reinitialize()
            raise TokenError(f"{self}: {type(error).__name__} {error}".rstrip()) from error
        finally:
            _ALONE.release()


def _parts(text: str, separator: str) -> Iterator[tuple[str, str]]:
    for part in filter(None, text.split(separator)):
        name, _, value = part.partition("=")
        yield name.strip(), unquote(value).strip()
