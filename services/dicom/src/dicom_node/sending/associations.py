"""Associations that the node opens."""

from typing import Any

from pynetdicom import evt
from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association
from pynetdicom.events import Event

from dicom_node.receiving.bounds import MAX_PDU_BYTES, BoundedReader
from dicom_node.settings import NodeSettings, is_called_over_tls
from dicom_node.tls import noting_context

_LONGEST_PAUSE_S, _FIRST_PAUSE_S = 3600.0, 5.0


class _Caller(ApplicationEntity):
    """Opens associations, over TLS to those systems for which the settings say so.

    Args:
        settings: The node's settings.
    """

    def __init__(self, settings: NodeSettings) -> None:
        super().__init__(settings.dicom_ae_title)
        self._settings = settings
        self.tls_problems: list[str] = []

    def associate(self, addr: str, port: int, *arguments: Any, ae_title: str, **named: Any) -> Association:
        """See `ApplicationEntity`. A system whose certificate does not fit is not connected to."""
        if is_called_over_tls(self._settings, ae_title):
            named["tls_args"] = (noting_context(self._settings, self.tls_problems.append), addr)
        named["evt_handlers"] = [(evt.EVT_CONN_OPEN, self._bound), *named.get("evt_handlers", ())]
        return super().associate(addr, port, *arguments, ae_title=ae_title, **named)

    def _bound(self, event: Event) -> None:
        """Apply the limits that hold for callers, too: pynetdicom would wait for the rest of a PDU without end."""
        transport = event.assoc.dul.socket
        if transport is None or transport.socket is None:
            return
        transport.socket.settimeout(self._settings.dicom_timeout_s)
        reader = BoundedReader(
            transport.socket,
            max_pdu=MAX_PDU_BYTES,
            max_object=self._settings.dicom_max_object_bytes,
            timeout_s=self._settings.dicom_timeout_s,
            exceeded=lambda _what: None,
        )
        transport.recv = reader.recv  # pyright: ignore[reportAttributeAccessIssue]
        event.assoc.bind(evt.EVT_DIMSE_RECV, reader.next_message)


def our_entity(settings: NodeSettings) -> ApplicationEntity:
    """The application entity of the node for outgoing associations."""
    entity = _Caller(settings)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = settings.dicom_timeout_s
    entity.connection_timeout = 10
    return entity


def why_not_established(association: Association) -> str:
    """The code of why there is no association: it was `rejected`, TLS failed (`tls_…`), or it is `not_connected`."""
    if association.is_rejected:
        return "rejected"
    entity = association.ae
    return entity.tls_problems[-1] if isinstance(entity, _Caller) and entity.tls_problems else "not_connected"


def pause_after(attempts: int) -> float:
    """The seconds until the next attempt: twice as long after each failure, up to an hour."""
    return min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(attempts, 16))
