"""Associations that the node opens."""

from pynetdicom.ae import ApplicationEntity

from dicom_node.settings import NodeSettings

_LONGEST_PAUSE_S, _FIRST_PAUSE_S = 3600.0, 5.0


def our_entity(settings: NodeSettings) -> ApplicationEntity:
    """The application entity of the node for outgoing associations."""
    entity = ApplicationEntity(settings.dicom_ae_title)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = settings.dicom_timeout_s
    entity.connection_timeout = 10
    return entity


def pause_after(attempts: int) -> float:
    """The seconds until the next attempt: twice as long after each failure, up to an hour."""
    return min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(attempts, 16))
