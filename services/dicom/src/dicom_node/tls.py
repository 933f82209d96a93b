"""TLS on both sides: contexts of files that may be renewed while the node runs, and codes of what went wrong."""

import ssl
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import structlog

from dicom_node.privacy import error_location
from dicom_node.settings import NodeSettings

_NOT_VALID_YET, _EXPIRED, _OTHER_HOST, _OTHER_ADDRESS = 9, 10, 62, 64
"""Codes of OpenSSL for what is wrong with a certificate (X509_V_ERR_…)."""
_BY_VERIFICATION = {
    _NOT_VALID_YET: "tls_expired",
    _EXPIRED: "tls_expired",
    _OTHER_HOST: "tls_host",
    _OTHER_ADDRESS: "tls_host",
}
_log = structlog.get_logger()


def tls_problem(error: OSError) -> str:
    """The code of why a TLS handshake failed.

    Returns:
        `tls_expired` or `tls_host` of the other system's certificate, `tls_untrusted` if it is of another authority,
        `tls_no_certificate` if a caller has none, `tls_refused` if the other system refused ours, else `tls_failed`.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return _BY_VERIFICATION.get(error.verify_code, "tls_untrusted")
    reason = (error.reason or "") if isinstance(error, ssl.SSLError) else ""
    if reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE":
        return "tls_no_certificate"
    return "tls_refused" if "ALERT" in reason else "tls_failed"


def connection_problem(error: BaseException) -> str:
    """The code of why there is no connection: that of TLS if an error of TLS is its cause, else `not_connected`."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return tls_problem(cause)
        cause = cause.__cause__ or cause.__context__
    return "not_connected"


class CurrentContext:
    """A TLS context that follows its files, so that a renewed certificate needs no restart.

    A file that cannot be used, such as a certificate whose key is not written yet, leaves the former context in use.

    Args:
        make: Makes the context.
        files: Files from which the context is made.

    Raises:
        OSError: The files cannot be used now.
    """

    def __init__(self, make: Callable[[], ssl.SSLContext], files: Sequence[Path]) -> None:
        self._make, self._files = make, files
        self._stamp, self._context = self._stamps(), make()

    def get(self) -> ssl.SSLContext:
        """The context of the files as they are now."""
        try:
            if (stamp := self._stamps()) != self._stamp:
                self._context, self._stamp = self._make(), stamp
                _log.info("the TLS certificates were read again")
        except OSError as error:
            _log.error("the renewed TLS certificates cannot be used", error=error_location(error))
        return self._context

    def _stamps(self) -> list[tuple[int, int, int]]:
        return [(each.st_mtime_ns, each.st_ino, each.st_size) for each in map(Path.stat, self._files)]


def own_files(settings: NodeSettings) -> list[Path]:
    """The files of our certificate, its key and the authority; none if the node has no TLS."""
    files = (settings.dicom_tls_certificate, settings.dicom_tls_key, settings.dicom_tls_ca)
    return [file for file in files if file is not None]


def server_context(settings: NodeSettings) -> CurrentContext | None:
    """The context for callers, each of whom needs a certificate of the authority; None if the node has no TLS."""
    files = own_files(settings)
    if not files:
        return None

    def make() -> ssl.SSLContext:
        certificate, key, authority = map(str, files)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_cert_chain(certificate, key)
        return context

    return CurrentContext(make, files)


def client_context(settings: NodeSettings, authority: Path | None) -> ssl.SSLContext:
    """TLS 1.2 or newer, with our certificate if the node has one, and with the name of the host checked.

    Args:
        settings: The node's settings.
        authority: Certificates to trust; None for those of the machine.
    """
    context = ssl.create_default_context(cafile=str(authority) if authority else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.dicom_tls_certificate is not None:
        context.load_cert_chain(str(settings.dicom_tls_certificate), str(settings.dicom_tls_key))
    return context


def message_context(settings: NodeSettings) -> CurrentContext:
    """The context for messages that we send."""
    files = own_files(settings) + ([settings.dicom_hl7_ca] if settings.dicom_hl7_ca else [])
    return CurrentContext(lambda: client_context(settings, settings.dicom_hl7_ca), files)


def noting_context(settings: NodeSettings, note: Callable[[str], None]) -> ssl.SSLContext:
    """A context for associations that the node opens; `note` gets the code of a failure, which pynetdicom hides.

    A system that refuses our certificate says so after the handshake, with TLS 1.3.
    """

    class NotingSocket(ssl.SSLSocket):
        def do_handshake(self, block: bool = False) -> None:
            try:
                super().do_handshake(block)
            except OSError as error:
                note(tls_problem(error))
                raise

        def read(self, len: int = 1024, buffer: Any = None) -> Any:
            try:
                return super().read(len, buffer)
            except ssl.SSLError as error:
                if (problem := tls_problem(error)) == "tls_refused":
                    note(problem)
                raise

    context = client_context(settings, settings.dicom_tls_ca)
    context.sslsocket_class = NotingSocket
    return context
