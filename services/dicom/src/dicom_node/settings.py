"""The settings of the DICOM node; each is the environment variable `LOBULE_<NAME>`."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from pydantic import Field, SecretStr, field_validator, model_validator

from dicom_node.journal.made import DicomKind, Kind
from dicom_node.privacy import without_password
from dicom_node.routing import read_routing
from lobule.settings import ServiceSettings

KINDS: tuple[DicomKind, ...] = get_args(DicomKind)
GATEWAY = "gateway:"
"""The gateway's name as a recipient."""
FHIR = "fhir:"
"""That of the FHIR server."""
USUAL_KINDS = frozenset[DicomKind]({"findings", "outlines", "conclusion", "document", "marks", "verdicts"})
"""What a destination gets that names no kinds: all that viewers and archives read today."""
_DESTINATION = re.compile(r"([^@,:]{1,16})@([^@,/]+):(\d{1,5})(?:/([a-z+]+))?")
_STOW_PLACE = re.compile(r"(?:([a-z+]+)@)?(https?://[^/\s].*)")
_MESSAGE_PLACE = re.compile(r"([^@,:|^&~\\]{1,40})@([^@,/]+):(\d{1,5})(/tls)?")
_PLACE = re.compile(r"([^@,:]{1,16})@([^@,/]+):(\d{1,5})")
ANY = "*"
"""In a list of AE titles: every one."""


class NodeSettings(ServiceSettings):
    """What the DICOM node needs."""

    api_token: SecretStr = Field(description="API token with the scopes read and write, of the user who owns the cases")
    gateway_ca: Path | None = Field(default=None, description="certificates to trust for an https:// gateway, PEM")
    dicom_folder: Path = Field(description="folder of the journal and of the objects; it must outlive the process")
    dicom_ae_title: str = Field("LOBULE", min_length=1, max_length=16, description="our AE title")
    dicom_calling_ae_titles: str = Field(min_length=1, description="AE titles that may call (comma), or * for any")
    dicom_host: str = Field("127.0.0.1", description="address to listen on")
    dicom_port: int = Field(11112, ge=0, le=65535, description="port to listen on")
    dicom_tls_certificate: Path | None = Field(default=None, description="certificate chain, PEM; unset: no TLS")
    dicom_tls_key: Path | None = Field(default=None, description="its key, PEM")
    dicom_tls_ca: Path | None = Field(default=None, description="who signs the callers' certificates, PEM")
    dicom_tls_peers: str = Field("", description="AE titles that are called over TLS (comma), or * for all")
    dicom_max_associations: int = Field(10, gt=0, description="at the same time")
    dicom_max_object_bytes: int = Field(200 * 1024 * 1024, gt=0, description="a larger object is aborted")
    dicom_reserve_bytes: int = Field(2 * 1024**3, ge=0, description="with less free disk, objects are refused (A700)")
    dicom_timeout_s: float = Field(60, gt=0, description="a silent association is aborted after this")
    dicom_quiet_s: float = Field(60, ge=0, description="a study without four views waits this long for more")
    dicom_destinations: str = Field("", description="who gets results: AE@host:port or AE@host:port/kind+kind (comma)")
    dicom_stow_destinations: str = Field(
        "", description="who gets results by STOW-RS: https://host/root or kind+kind@https://host/root (comma)"
    )
    dicom_stow_token: SecretStr | None = Field(default=None, description="bearer token for them")
    dicom_stow_ca: Path | None = Field(default=None, description="certificates to trust of them, PEM")
    dicom_keep_in_gateway: bool = Field(default=True, description="the gateway keeps results, for QIDO-RS and WADO-RS")
    dicom_commitment_peers: str = Field("", description="who may ask for storage commitment: AE@host:port (comma)")
    dicom_prior_nodes: str = Field("", description="who has priors: AE@host:port or the root of DICOMweb (comma)")
    dicom_prior_token: SecretStr | None = Field(default=None, description="bearer token for nodes with DICOMweb")
    dicom_prior_ca: Path | None = Field(default=None, description="certificates to trust of nodes with DICOMweb, PEM")
    dicom_priors: int = Field(2, ge=1, le=10, description="earlier examinations that are fetched, of each node")
    dicom_prior_years: float = Field(6, gt=0, le=100, description="older examinations are not fetched")
    dicom_ups_url: str = Field("", pattern=r"^(https?://.+)?$", description="UPS-RS server with work items for us")
    dicom_ups_station: str = Field("", max_length=64, description="code of the station that items are scheduled for")
    dicom_ups_procedure: str = Field("", max_length=64, description="code of the work that items ask for")
    dicom_ups_retrieve_url: str = Field(
        "", pattern=r"^(https?://.+)?$", description="DICOMweb that has the films of items; unset: that server"
    )
    dicom_ups_token: SecretStr | None = Field(default=None, description="bearer token for both")
    dicom_ups_ca: Path | None = Field(default=None, description="certificates to trust of both, PEM")
    dicom_ups_every_s: float = Field(15, gt=0, description="how often new items are searched for")
    dicom_hl7_destinations: str = Field("", description="who gets signed reports by MLLP: NAME@host:port[/tls] (comma)")
    dicom_hl7_ca: Path | None = Field(default=None, description="certificates to trust of those with /tls, PEM")
    dicom_hl7_port: int | None = Field(default=None, ge=0, le=65535, description="port for orders by MLLP; unset: none")
    dicom_hl7_networks: str = Field("127.0.0.0/8,::1/128", description="networks that orders may come from (comma)")
    dicom_case_names: Literal["pseudonym", "order"] = Field("pseudonym", description="what a study's case is called by")
    dicom_fhir_url: str = Field("", pattern=r"^(https?://.+)?$", description="FHIR server that gets signed reports")
    dicom_fhir_token: SecretStr | None = Field(default=None, description="bearer token for it")
    dicom_fhir_ca: Path | None = Field(default=None, description="certificates to trust of it, PEM")
    dicom_fhir_patient_system: str = Field("", description="system of patients' identifiers there, such as urn:oid:1.2")
    dicom_portal_url: str = Field(
        "", pattern=r"^(https?://.+)?$", description="where people find the portal; for links"
    )
    dicom_rules: Path | None = Field(default=None, description="rules of what is taken, TOML")
    dicom_results_days: float = Field(90, gt=0, description="a case is looked at for new results for so long")
    dicom_retention_days: float = Field(0, ge=0, description="delivered objects are deleted after this; 0: never")
    dicom_give_up_hours: float = Field(72, gt=0, description="a result that a destination does not take is dead then")

    @field_validator("dicom_calling_ae_titles")
    @classmethod
    def _titles(cls, text: str) -> str:
        if not ae_titles(text) or any(len(title) > 16 for title in ae_titles(text)):
            raise ValueError("name AE titles of at most 16 characters, divided by commas")
        return text

    @field_validator("dicom_destinations", "dicom_commitment_peers")
    @classmethod
    def _destinations(cls, text: str) -> str:
        parse_destinations(text)
        return text

    @field_validator("dicom_stow_destinations")
    @classmethod
    def _stow_places(cls, text: str) -> str:
        parse_stow_places(text)
        return text

    @field_validator("dicom_prior_nodes")
    @classmethod
    def _prior_nodes(cls, text: str) -> str:
        parse_prior_nodes(text)
        return text

    @field_validator("dicom_hl7_destinations")
    @classmethod
    def _message_places(cls, text: str) -> str:
        parse_message_places(text)
        return text

    @field_validator("dicom_hl7_networks")
    @classmethod
    def _networks(cls, text: str) -> str:
        networks(text)
        return text

    @field_validator("dicom_rules")
    @classmethod
    def _rules(cls, file: Path | None) -> Path | None:
        read_routing(file)
        return file

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
    def _whole_tls(self) -> "NodeSettings":
        given = (self.dicom_tls_certificate, self.dicom_tls_key, self.dicom_tls_ca)
        if any(given) and not all(given):
            raise ValueError("TLS needs LOBULE_DICOM_TLS_CERTIFICATE, LOBULE_DICOM_TLS_KEY and LOBULE_DICOM_TLS_CA")
        if self.dicom_tls_peers and not any(given):
            raise ValueError("LOBULE_DICOM_TLS_PEERS needs LOBULE_DICOM_TLS_CERTIFICATE, _TLS_KEY and _TLS_CA")
        return self


class Place(NamedTuple):
    """Where a DICOM application listens."""

    ae_title: str
    host: str
    port: int


class Destination(NamedTuple):
    """A system that receives results, and the kinds of results that it receives."""

    ae_title: str
    host: str
    port: int
    kinds: frozenset[DicomKind] = USUAL_KINDS


class StowPlace(NamedTuple):
    """A system that receives results by STOW-RS, and the kinds of results that it receives."""

    root: str
    kinds: frozenset[DicomKind]

    @property
    def recipient(self) -> str:
        """Its name in the journal."""
        return f"stow:{without_password(self.root)}"


class Recipient(NamedTuple):
    """Who gets results, whatever way they go.

    Attributes:
        name: In the journal.
        kinds: That it gets.
    """

    name: str
    kinds: frozenset[Kind]


class MessagePlace(NamedTuple):
    """Who takes messages of HL7 v2."""

    application: str
    host: str
    port: int
    is_tls: bool

    @property
    def recipient(self) -> str:
        """Its name in the journal."""
        return f"hl7:{self.application}@{self.host}:{self.port}"


def parse_message_places(text: str) -> list[MessagePlace]:
    """Who takes messages, of a list.

    Raises:
        ValueError: Where one is not written as NAME@host:port or NAME@host:port/tls.
    """
    found = [_MESSAGE_PLACE.fullmatch(part) for part in ae_titles(text)]
    if not all(found):
        raise ValueError("write each as NAME@host:port or NAME@host:port/tls, divided by commas")
    return [MessagePlace(each[1], each[2], int(each[3]), bool(each[4])) for each in found if each]


def networks(text: str) -> list[IPv4Network | IPv6Network]:
    """The networks of a list.

    Raises:
        ValueError: Where one is none.
    """
    return [ip_network(part) for part in ae_titles(text)]


def recipients(settings: NodeSettings) -> list[Recipient]:
    """All that results go to."""
    found = [Recipient(each.ae_title, each.kinds) for each in parse_destinations(settings.dicom_destinations)]
    found += [Recipient(each.recipient, each.kinds) for each in parse_stow_places(settings.dicom_stow_destinations)]
    if settings.dicom_keep_in_gateway:
        found.append(Recipient(GATEWAY, frozenset(KINDS)))
    messages = parse_message_places(settings.dicom_hl7_destinations)
    found += [Recipient(each.recipient, frozenset({"message"})) for each in messages]
    if settings.dicom_fhir_url:
        found.append(Recipient(FHIR, frozenset({"bundle"})))
    return found


def parse_destinations(text: str) -> list[Destination]:
    """The destinations of a list.

    Raises:
        ValueError: Where one is not written as AE@host:port, or as AE@host:port/kind+kind.
    """
    found = [_DESTINATION.fullmatch(part) for part in ae_titles(text)]
    if not all(found):
        raise ValueError("write each destination as AE@host:port or AE@host:port/kind+kind, divided by commas")
    return [Destination(each[1], each[2], int(each[3]), _kinds(each[4])) for each in found if each]


def parse_stow_places(text: str) -> list[StowPlace]:
    """The systems of a list that receive results by STOW-RS.

    Raises:
        ValueError: Where one is not written as an address, or as kind+kind@address.
    """
    found = [_STOW_PLACE.fullmatch(part) for part in ae_titles(text)]
    if not all(found):
        raise ValueError("write each as http(s)://host/root or kind+kind@http(s)://host/root, divided by commas")
    return [StowPlace(each[2], _kinds(each[1])) for each in found if each]


def parse_prior_nodes(text: str) -> list[Place | str]:
    """The nodes of a list, each a place or the root of its DICOMweb.

    Raises:
        ValueError: Where one is neither.
    """
    nodes: list[Place | str] = []
    for part in ae_titles(text):
        found = _PLACE.fullmatch(part)
        if found is None and not re.match(r"https?://[^/]", part):
            raise ValueError("write each node as AE@host:port or as http(s)://host/root, divided by commas")
        nodes.append(part if found is None else Place(found[1], found[2], int(found[3])))
    return nodes


def commitment_peers(settings: NodeSettings) -> dict[str, Destination]:
    """The addresses for answers to storage commitment by AE title: the configured peers and the destinations."""
    named = [*parse_destinations(settings.dicom_destinations), *parse_destinations(settings.dicom_commitment_peers)]
    return {each.ae_title: each for each in named}


def _kinds(text: str | None) -> frozenset[DicomKind]:
    """The kinds of a destination; `usual` stands for those that every destination gets by default."""
    named = {"usual"} if text is None else set(text.split("+"))
    if unknown := named.difference(KINDS, {"usual"}):
        raise ValueError(f"there is no result {', '.join(sorted(unknown))}; there are usual, {', '.join(KINDS)}")
    usual: frozenset[DicomKind] = USUAL_KINDS if "usual" in named else frozenset()
    return usual.union(kind for kind in KINDS if kind in named)


def ae_titles(text: str) -> list[str]:
    """The AE titles of a list."""
    return [title.strip() for title in text.split(",") if title.strip()]
