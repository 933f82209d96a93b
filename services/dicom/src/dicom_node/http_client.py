"""HTTP clients of systems that the node speaks DICOMweb with."""

from pathlib import Path

import httpx
from pydantic import SecretStr

from lobule.transfer import trusting


def http_client(token: SecretStr | None, ca: Path | None, timeout_s: float) -> httpx.Client:
    """A client of one system. It ignores the proxy variables of the environment.

    Args:
        token: Bearer token, if the system wants one.
        ca: Certificates to trust, PEM; by default those of the machine.
        timeout_s: Seconds to wait for a connection, and between the pieces of an answer.
    """
    headers = {"Authorization": f"Bearer {token.get_secret_value()}"} if token else {}
    return httpx.Client(headers=headers, timeout=timeout_s, trust_env=False, verify=trusting(ca))
