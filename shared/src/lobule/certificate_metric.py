"""The Prometheus metric of when a certificate ends."""

from collections.abc import Iterator
from pathlib import Path

import structlog
from cryptography import x509
from prometheus_client.core import GaugeMetricFamily

_log = structlog.get_logger()


def certificate_end(path: Path | None, name: str, documentation: str) -> Iterator[GaugeMetricFamily]:
    """When the first certificate of a PEM file ends, in seconds since 1970; nothing if there is no such file.

    Args:
        path: The file; the first certificate of a chain is the server's own.
        name: Name of the metric.
        documentation: Of the metric.
    """
    if path is None:
        return
    try:
        ends = end_of(path.read_bytes())
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        _log.warning("certificate_unreadable", path=str(path), error=repr(error))
        return
    yield GaugeMetricFamily(name, documentation, value=ends)


def end_of(pem: bytes) -> float:
    """When the first certificate of a PEM text ends, in seconds since 1970.

    Raises:
        ValueError: There is none.
    """
    return x509.load_pem_x509_certificate(pem).not_valid_after_utc.timestamp()
