"""Signatures in PDF files (PAdES, baseline B) with a certificate of the hospital's.

pyHanko is imported where it is used: it takes two seconds, and servers without a certificate do not need it.
"""

import io
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from gateway.signing_keys import SignatureState
from gateway.token_keys import SCHEME, TokenError, TokenKey

_FIELD = "Report"
_LONGEST = 1024
"""Bytes of a signature at most: RSA of 8192 bits."""
_OF_ANOTHER = "the key is not that of the certificate"
_TO_SIGN = x509.KeyUsage(
    digital_signature=True,
    content_commitment=True,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


class CertificateEndedError(RuntimeError):
    """The certificate is not valid today: nothing is signed with it."""


@dataclass(frozen=True)
class Verified:
    """A signature that is genuine and covers the whole file.

    Attributes:
        states: Reason that the signature states.
        certificate: Certificate of the key that made it; anybody can make one.
        signed_at: Time of the signature by the signer's clock.
    """

    states: str
    certificate: x509.Certificate
    signed_at: datetime | None


def verified(pdf: bytes) -> Verified | None:
    """The signature of a PDF; None if it has none, or several, or was changed since."""
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import SignatureCoverageLevel
    from pyhanko.sign.validation.generic_cms import validate_sig_integrity

    try:
        [signature] = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
        signature.compute_integrity_info()
        if signature.evaluate_signature_coverage() != SignatureCoverageLevel.ENTIRE_FILE:
            return None
        digest, signer = signature.compute_digest(), signature.signer_cert
        judged = validate_sig_integrity(
            signature.signer_info, signer, expected_content_type="data", actual_digest=digest
        )
        certificate = x509.load_der_x509_certificate(signer.dump())
        states, signed_at = str(signature.sig_object["/Reason"]), signature.self_reported_timestamp
        return Verified(states, certificate, signed_at) if judged == (True, True) else None
    except Exception:  # noqa: BLE001 - whatever cannot be read as a signed PDF is none
        return None


def judge(pdf: bytes, states: str, certificates: Collection[x509.Certificate]) -> SignatureState:
    """Judge a PDF that should state this and be signed with one of the certificates.

    The dates of a certificate do not count: what was signed while it was valid stays signed.
    """
    found = verified(pdf)
    if found is None or found.states != states:
        return "broken"
    return "valid" if found.certificate in certificates else "key_unknown"


class PdfSigner:
    """Signs PDF files, and verifies what was signed.

    Args:
        certificate: Certificate that signs, PEM; its chain may follow.
        key: Private key of the certificate, of an elliptic curve or RSA: PEM without a password, or the URI of a key in
            a token.
        before: Former certificates, PEM.

    Raises:
        ValueError: The certificate or the key cannot be read, or they do not belong together.

    Attributes:
        certificate: Certificate that signs.
        known: Certificates that verify.
    """

    def __init__(self, certificate: str, key: str, before: str = "") -> None:
        self._chain = x509.load_pem_x509_certificates(certificate.encode())
        self.certificate = self._chain[0]
        self.known = [self.certificate, *(x509.load_pem_x509_certificates(before.encode()) if before else ())]
        if key.startswith(SCHEME):
            self._signer = _token_signer(_key_in_token(key, self.certificate), self._chain)
        else:
            self._signer = _signer(_key_in_file(key, self.certificate), self._chain)

    @property
    def name(self) -> str:
        """SHA-256 of the certificate that signs."""
        return self.certificate.fingerprint(SHA256()).hex()

    def sign(self, pdf: bytes, states: str) -> bytes:
        """A PDF with a signature over all of it, after which nothing may change.

        Args:
            pdf: Without a signature.
            states: What the signature states as its reason.

        Raises:
            CertificateEndedError: The certificate is not valid today.
            TokenError: The key is in a token that is away.
            ValueError: It is no PDF that can be signed.
        """
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
        from pyhanko.pdf_utils.misc import PdfError
        from pyhanko.sign import PdfSignatureMetadata, sign_pdf
        from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter

        if not self.certificate.not_valid_before_utc <= datetime.now(UTC) <= self.certificate.not_valid_after_utc:
            raise CertificateEndedError(self.certificate.subject.rfc4514_string())
        stated = PdfSignatureMetadata(
            field_name=_FIELD,
            reason=states,
            md_algorithm="sha256",
            subfilter=SigSeedSubFilter.PADES,
            certify=True,
            docmdp_permissions=MDPPerm.NO_CHANGES,
        )
        try:
            written = IncrementalPdfFileWriter(io.BytesIO(pdf))
            with ThreadPoolExecutor(1) as apart:  # pyHanko runs an event loop, and a thread can have only one
                return apart.submit(sign_pdf, written, stated, signer=self._signer).result().getvalue()
        except PdfError as error:
            raise ValueError(f"the PDF cannot be signed: {error}") from error


def draw_certificate(name: str, days: int) -> tuple[bytes, bytes]:
    """A new certificate that is signed by itself, and its key, both PEM.

    Args:
        name: Name of the hospital, as readers of a PDF show it.
        days: Days for which it is valid.
    """
    private = generate_private_key(SECP256R1())
    drawn = _certificate_of(private.public_key(), name, days).sign(private, SHA256())
    return drawn.public_bytes(Encoding.PEM), private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def draw_certificate_in_token(key: TokenKey, name: str, days: int) -> bytes:
    """A new certificate, PEM, that is signed by itself with a new key in a token.

    Args:
        key: Label of the new key.
        name: Name of the hospital, as readers of a PDF show it.
        days: Days for which it is valid.

    Raises:
        TokenError: There is a key of this name, or the token is away.
    """
    from asn1crypto.x509 import Certificate

    key.draw("p256")
    # The builder signs with keys that it can read alone; all that differs is the signature.
    pattern = _certificate_of(key.public_key(), name, days).sign(generate_private_key(SECP256R1()), SHA256())
    drawn = Certificate.load(pattern.public_bytes(Encoding.DER))
    drawn["signature_value"] = key.sign(pattern.tbs_certificate_bytes)
    return x509.load_der_x509_certificate(drawn.dump()).public_bytes(Encoding.PEM)


def _certificate_of(public: Any, name: str, days: int) -> x509.CertificateBuilder:
    now, subject = datetime.now(UTC), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder(subject, subject, public, x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_TO_SIGN, critical=True)
    )


def _key_in_file(pem: str, certificate: x509.Certificate) -> EllipticCurvePrivateKey | RSAPrivateKey:
    try:
        private = load_pem_private_key(pem.encode(), password=None)
    except TypeError as error:
        raise ValueError("the key must have no password") from error
    except UnsupportedAlgorithm:
        private = None
    if not isinstance(private, EllipticCurvePrivateKey | RSAPrivateKey):
        raise ValueError("the key must be of an elliptic curve or RSA")
    if _public(private.public_key()) != _public(certificate.public_key()):
        raise ValueError(_OF_ANOTHER)
    return private


def _key_in_token(uri: str, certificate: x509.Certificate) -> TokenKey:
    key, public, content = TokenKey.parse(uri), certificate.public_key(), b"a report"
    try:
        signature = key.sign(content)
        if isinstance(public, EllipticCurvePublicKey):
            public.verify(signature, content, ECDSA(SHA256()))
        elif isinstance(public, RSAPublicKey):
            public.verify(signature, content, PKCS1v15(), SHA256())
        else:
            raise ValueError("the certificate must be of an elliptic curve or RSA")
    except TokenError as error:
        raise ValueError(str(error)) from error
    except InvalidSignature as error:
        raise ValueError(_OF_ANOTHER) from error
    return key


def _signer(private: EllipticCurvePrivateKey | RSAPrivateKey, chain: list[x509.Certificate]) -> Any:
    from asn1crypto.keys import PrivateKeyInfo
    from pyhanko.sign import SimpleSigner

    key = PrivateKeyInfo.load(private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    return SimpleSigner(signing_key=key, **_shown(chain))


def _token_signer(key: TokenKey, chain: list[x509.Certificate]) -> Any:
    from pyhanko.sign.signers import Signer

    class TokenSigner(Signer):
        async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
            assert digest_algorithm == "sha256"
            return bytes(_LONGEST) if dry_run else key.sign(data)

    return TokenSigner(**_shown(chain))


def _shown(chain: list[x509.Certificate]) -> dict[str, Any]:
    """The certificates that a signature carries, the one that signs first."""
    from asn1crypto.x509 import Certificate
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    certificates = [Certificate.load(each.public_bytes(Encoding.DER)) for each in chain]
    return {"signing_cert": certificates[0], "cert_registry": SimpleCertificateStore.from_certs(certificates)}


def _public(key: Any) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
