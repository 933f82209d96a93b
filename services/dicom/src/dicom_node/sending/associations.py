"""Associations that the node opens."""

import ssl
from typing import Any

from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association

from dicom_node.peers import ANY, ae_titles
from dicom_node.settings import NodeSettings

_LONGEST_PAUSE_S, _FIRST_PAUSE_S = 3600.0, 5.0


class _Caller(ApplicationEntity):
    """Opens associations, over TLS to those systems for which the settings say so.

    Args:
        settings: Of the node.
    """

    def __init__(self, settings: NodeSettings) -> None:
        super().__init__(settings.dicom_ae_title)
        self._settings = settings

    def associate(self, addr: str, port: int, *arguments: Any, ae_title: str, **named: Any) -> Association:
        """See `ApplicationEntity`. A system whose certificate does not fit is not connected to."""
        titles = ae_titles(self._settings.dicom_tls_peers)
        if ANY in titles or ae_title in titles:
            named["tls_args"] = (_client_context(self._settings), addr)
        return super().associate(addr, port, *arguments, ae_title=ae_title, **named)


def _client_context(settings: NodeSettings) -> ssl.SSLContext:
    """TLS 1.2 or newer, with our certificate, and with the name of the host checked."""
    context = ssl.create_default_context(cafile=str(settings.dicom_tls_ca))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(str(settings.dicom_tls_certificate), str(settings.dicom_tls_key))
    return context


def our_entity(settings: NodeSettings) -> ApplicationEntity:
    """The application entity of the node for outgoing associations."""
    entity = _Caller(settings)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = settings.dicom_timeout_s
    entity.connection_timeout = 10
    return entity


def why_not_established(association: Association) -> str:
    """The code of why there is no association: the other system `rejected` it, or is `not_connected`."""
    return "rejected" if association.is_rejected else "not_connected"


def pause_after(attempts: int) -> float:
    """The seconds until the next attempt: twice as long after each failure, up to an hour."""
    return min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(attempts, 16))
