"""Checks the files of certificates that settings name, so that a wrong one is told at the start."""

import ssl
from pathlib import Path


def check_authorities(file: Path) -> None:
    """Check that a file holds certificates to trust.

    Raises:
        ValueError: It does not, or cannot be read.
    """
    try:
        ssl.create_default_context(cafile=str(file))
    except OSError as error:
        raise ValueError(f"{file} is no file of PEM certificates: {error.strerror}") from None


def check_chain(certificate: Path, key: Path) -> None:
    """Check that two files are a certificate and its private key.

    Raises:
        ValueError: They are not, or cannot be read.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(str(certificate), str(key), password=str)  # asks nobody for one
    except OSError as error:
        raise ValueError(f"{certificate} and {key} are no certificate and its key: {error.strerror}") from None
