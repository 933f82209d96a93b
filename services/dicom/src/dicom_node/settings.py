"""The settings of the DICOM node; each is the environment variable `LOBULE_<NAME>`."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator

from dicom_node.journal.outgoing import Kind
from dicom_node.peers import (
    ANY,
    KINDS,
    Destination,
    Place,
    ae_titles,
    networks,
    parse_destinations,
    parse_message_places,
    parse_prior_nodes,
    parse_quiet_times,
    parse_stow_places,
)
from dicom_node.routing import read_routing
from dicom_node.tls_files import check_authorities, check_chain
from lobule.settings import HttpAddress, ServiceSettings

GATEWAY = "gateway:"
"""The gateway's name as a recipient."""
FHIR = "fhir:"
"""The FHIR server's name as a recipient."""
WORK_ITEMS = "UPS-RS"
"""The calling AE title of what is fetched for a work item, as rules of the site see it."""

_LISTS: dict[str, Callable[[str], object]] = {
    "dicom_commitment_peers": parse_destinations,
    "dicom_destinations": parse_destinations,
    "dicom_hl7_destinations": parse_message_places,
    "dicom_hl7_networks": networks,
    "dicom_prior_nodes": parse_prior_nodes,
    "dicom_quiet_by_ae": parse_quiet_times,
    "dicom_stow_destinations": parse_stow_places,
}
"""Settings that are lists, with what parses them, or raises a `ValueError`."""


class NodeSettings(ServiceSettings):
    """Settings of the DICOM node."""

    api_token: SecretStr = Field(
        description="API token with the scopes `read` and `write` of the user who owns the cases"
    )
    gateway_ca: Path | None = Field(
        default=None, description="PEM certificates to trust for the gateway, if its address begins with https://"
    )
    dicom_folder: Path = Field(description="folder of the journal and of waiting objects; it must outlive the process")
    dicom_ae_title: str = Field("LOBULE", min_length=1, max_length=16, description="AE title of the node")
    dicom_calling_ae_titles: str = Field(
        min_length=1, description="AE titles that may call the node (comma-separated), or * for any"
    )
    dicom_host: str = Field("127.0.0.1", description="address on which the node listens")
    dicom_port: int = Field(11112, ge=0, le=65535, description="port on which the node listens")
    dicom_tls_certificate: Path | None = Field(
        default=None, description="PEM certificate chain of the node; unset: no TLS"
    )
    dicom_tls_key: Path | None = Field(default=None, description="PEM private key of that certificate")
    dicom_tls_ca: Path | None = Field(
        default=None, description="PEM certificates of the authorities that sign callers' certificates"
    )
    dicom_tls_peers: str = Field(
        "", description="AE titles that the node calls over TLS (comma-separated), or * for all"
    )
    dicom_max_associations: int = Field(10, gt=0, description="number of associations that may be open at once")
    dicom_max_object_bytes: int = Field(
        200 * 1024 * 1024, gt=0, description="size of the largest object, in bytes; a larger one aborts its association"
    )
    dicom_reserve_bytes: int = Field(
        2 * 1024**3, ge=0, description="free bytes on the disk below which objects are refused (A700)"
    )
    dicom_timeout_s: float = Field(60, gt=0, description="seconds of silence after which an association is aborted")
    dicom_quiet_s: float = Field(
        60, ge=0, description="seconds that a study with fewer than four views waits for further films"
    )
    dicom_quiet_by_ae: str = Field(
        "",
        description="seconds that it waits instead after an object of these calling AE titles: AE=seconds "
        "(comma-separated)",
    )
    dicom_destinations: str = Field(
        "",
        description="systems that receive results by C-STORE: AE@host:port or AE@host:port/kind+kind (comma-separated)",
    )
    dicom_stow_destinations: str = Field(
        "",
        description="systems that receive results by STOW-RS: https://host/root or kind+kind@https://host/root "
        "(comma-separated)",
    )
    dicom_stow_token: SecretStr | None = Field(
        default=None, description="bearer token for systems that receive results by STOW-RS"
    )
    dicom_stow_ca: Path | None = Field(
        default=None, description="PEM certificates to trust for systems that receive results by STOW-RS"
    )
    dicom_keep_in_gateway: bool = Field(
        default=True, description="whether the gateway keeps a copy of the results and serves it by QIDO-RS and WADO-RS"
    )
    dicom_commitment_peers: str = Field(
        "", description="systems that may request storage commitment: AE@host:port (comma-separated)"
    )
    dicom_prior_nodes: str = Field(
        "", description="systems that hold prior examinations: AE@host:port or a DICOMweb root (comma-separated)"
    )
    dicom_prior_token: SecretStr | None = Field(
        default=None, description="bearer token for DICOMweb systems with prior examinations"
    )
    dicom_prior_ca: Path | None = Field(
        default=None, description="PEM certificates to trust for DICOMweb systems with prior examinations"
    )
    dicom_priors: int = Field(2, ge=1, le=10, description="number of prior examinations fetched from each system")
    dicom_prior_years: float = Field(
        6, gt=0, le=100, description="age in years of the oldest prior examination that is fetched"
    )
    dicom_ups_url: HttpAddress = Field("", description="UPS-RS server whose work items the node carries out")
    dicom_ups_station: str = Field(
        "", max_length=64, description="code of the station for which work items are scheduled"
    )
    dicom_ups_procedure: str = Field("", max_length=64, description="code of the procedure that work items request")
    dicom_ups_retrieve_url: HttpAddress = Field(
        "",
        description="DICOMweb root from which the films of work items are retrieved; unset: the UPS-RS server",
    )
    dicom_ups_token: SecretStr | None = Field(
        default=None, description="bearer token for the UPS-RS server and the films of its work items"
    )
    dicom_ups_ca: Path | None = Field(
        default=None, description="PEM certificates to trust for the UPS-RS server and the films of its work items"
    )
    dicom_ups_every_s: float = Field(15, gt=0, description="seconds between searches for new work items")
    dicom_hl7_destinations: str = Field(
        "", description="systems that receive signed reports by MLLP: NAME@host:port[/tls] (comma-separated)"
    )
    dicom_hl7_ca: Path | None = Field(default=None, description="PEM certificates to trust for destinations with /tls")
    dicom_hl7_port: int | None = Field(
        default=None, ge=0, le=65535, description="port on which orders arrive by MLLP; unset: none are accepted"
    )
    dicom_hl7_networks: str = Field(
        "127.0.0.0/8,::1/128", description="networks from which orders are accepted (comma-separated)"
    )
    dicom_hl7_authority: str = Field(
        "",
        max_length=200,
        description="assigning authority of the PatientID of films, as PID-3.4 and (0010,0021) name it: merges "
        "of its identifiers reach cases; unset: none do",
    )
    dicom_case_names: Literal["pseudonym", "order"] = Field(
        "pseudonym",
        description="name of a new case: a random `pseudonym`, or the number of the study's `order` if it is known",
    )
    dicom_fhir_url: HttpAddress = Field("", description="FHIR server that receives signed reports")
    dicom_fhir_token: SecretStr | None = Field(default=None, description="bearer token for the FHIR server")
    dicom_fhir_ca: Path | None = Field(default=None, description="PEM certificates to trust for the FHIR server")
    dicom_fhir_patient_system: str = Field(
        "", description="system of patient identifiers at the FHIR server, such as urn:oid:1.2"
    )
    dicom_portal_url: HttpAddress = Field("", description="address of the portal, for links in results")
    dicom_rules: Path | None = Field(
        default=None, description="TOML file with the rules for which objects are accepted"
    )
    dicom_results_days: float = Field(90, gt=0, description="days during which the node asks for new results of a case")
    dicom_retention_days: float = Field(0, ge=0, description="days after which delivered objects are deleted; 0: never")
    dicom_give_up_hours: float = Field(
        72, gt=0, description="hours after which a result that its destination does not accept is given up as dead"
    )

    @field_validator("dicom_calling_ae_titles")
    @classmethod
    def _titles(cls, text: str) -> str:
        if not ae_titles(text) or any(len(title) > 16 for title in ae_titles(text)):
            raise ValueError("name AE titles of at most 16 characters, separated by commas")
        return text

    @field_validator(*_LISTS)
    @classmethod
    def _lists(cls, text: str, field: ValidationInfo) -> str:
        _LISTS[str(field.field_name)](text)
        return text

    @field_validator("gateway_ca", *(f"dicom_{name}_ca" for name in ("fhir", "hl7", "prior", "stow", "tls", "ups")))
    @classmethod
    def _authorities(cls, file: Path | None) -> Path | None:
        if file is not None:
            check_authorities(file)
        return file

    @field_validator("dicom_rules")
    @classmethod
    def _rules(cls, file: Path | None) -> Path | None:
        read_routing(file)
        return file

    @model_validator(mode="after")
    def _quiet_times_of_callers(self) -> "NodeSettings":
        callers = {*ae_titles(self.dicom_calling_ae_titles), WORK_ITEMS}
        unknown = parse_quiet_times(self.dicom_quiet_by_ae).keys() - callers
        if unknown and ANY not in callers:
            named = ", ".join(sorted(unknown))
            raise ValueError(f"LOBULE_DICOM_QUIET_BY_AE names AE titles that may not call: {named}")
        return self

    @model_validator(mode="after")
    def _kept_long_enough(self) -> "NodeSettings":
        if 0 < self.dicom_retention_days < self.dicom_results_days:
            raise ValueError("set LOBULE_DICOM_RETENTION_DAYS to 0 or to LOBULE_DICOM_RESULTS_DAYS at least")
        return self

    @model_validator(mode="after")
    def _whole_worklist(self) -> "NodeSettings":
        if self.dicom_ups_url and not (self.dicom_ups_station or self.dicom_ups_procedure):
            raise ValueError("LOBULE_DICOM_UPS_URL needs LOBULE_DICOM_UPS_STATION, LOBULE_DICOM_UPS_PROCEDURE or both")
        return self

    @model_validator(mode="after")
    def _told_once(self) -> "NodeSettings":
        names = [each.name for each in recipients(self)]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"name each destination once, by an AE title of its own: {', '.join(repeated)}")
        return self

    @model_validator(mode="after")
    def _whole_tls(self) -> "NodeSettings":
        given = (self.dicom_tls_certificate, self.dicom_tls_key, self.dicom_tls_ca)
        if any(given) and not all(given):
            raise ValueError("TLS needs LOBULE_DICOM_TLS_CERTIFICATE, LOBULE_DICOM_TLS_KEY and LOBULE_DICOM_TLS_CA")
        if self.dicom_tls_certificate and self.dicom_tls_key:
            check_chain(self.dicom_tls_certificate, self.dicom_tls_key)
        if self.dicom_tls_peers and not any(given):
            raise ValueError("LOBULE_DICOM_TLS_PEERS needs LOBULE_DICOM_TLS_CERTIFICATE, _TLS_KEY and _TLS_CA")
        return self

    @model_validator(mode="after")
    def _tls_of_known_peers(self) -> "NodeSettings":
        """Refuse an unknown title: if it is misspelt, its system would silently be called without TLS."""
        if unknown := set(ae_titles(self.dicom_tls_peers)).difference(called_titles(self), {ANY}):
            named = ", ".join(sorted(unknown))
            raise ValueError(f"LOBULE_DICOM_TLS_PEERS names AE titles that no other setting gives an address: {named}")
        messages = parse_message_places(self.dicom_hl7_destinations)
        if self.dicom_hl7_ca and not any(each.is_tls for each in messages):
            raise ValueError("LOBULE_DICOM_HL7_CA needs a destination with /tls in LOBULE_DICOM_HL7_DESTINATIONS")
        return self


class Recipient(NamedTuple):
    """A system that receives results, by any protocol.

    Attributes:
        name: Name of the system in the journal.
        kinds: The kinds of results that it receives.
    """

    name: str
    kinds: frozenset[Kind]


def recipients(settings: NodeSettings) -> list[Recipient]:
    """All systems that receive results."""
    found = [Recipient(each.ae_title, each.kinds) for each in parse_destinations(settings.dicom_destinations)]
    found += [Recipient(each.recipient, each.kinds) for each in parse_stow_places(settings.dicom_stow_destinations)]
    if settings.dicom_keep_in_gateway:
        found.append(Recipient(GATEWAY, frozenset(KINDS)))
    messages = parse_message_places(settings.dicom_hl7_destinations)
    found += [Recipient(each.recipient, frozenset({"message"})) for each in messages]
    if settings.dicom_fhir_url:
        found.append(Recipient(FHIR, frozenset({"bundle"})))
    return found


def called_titles(settings: NodeSettings) -> set[str]:
    """The AE titles of all systems that the node calls."""
    priors = parse_prior_nodes(settings.dicom_prior_nodes)
    return {*commitment_peers(settings), *(each.ae_title for each in priors if isinstance(each, Place))}


def is_called_over_tls(settings: NodeSettings, ae_title: str) -> bool:
    """Whether the node calls the system with this AE title over TLS."""
    titles = ae_titles(settings.dicom_tls_peers)
    return ANY in titles or ae_title in titles


def commitment_peers(settings: NodeSettings) -> dict[str, Destination]:
    """The addresses for answers to storage commitment by AE title: the configured peers and the destinations."""
    named = [*parse_destinations(settings.dicom_destinations), *parse_destinations(settings.dicom_commitment_peers)]
    return {each.ae_title: each for each in named}
