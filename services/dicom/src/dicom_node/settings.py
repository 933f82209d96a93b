"""The settings of the DICOM node; each is the environment variable `LOBULE_<NAME>`."""

import re
from pathlib import Path
from typing import NamedTuple, get_args

from pydantic import Field, SecretStr, field_validator, model_validator

from dicom_node.journal.made import Kind
from dicom_node.routing import read_routing
from lobule.settings import ServiceSettings

KINDS: tuple[Kind, ...] = get_args(Kind)
USUAL_KINDS = frozenset[Kind]({"findings", "outlines", "conclusion", "document", "marks", "verdicts"})
"""What a destination gets that names no kinds: all that viewers and archives read today."""
_DESTINATION = re.compile(r"([^@,]{1,16})@([^@,/]+):(\d{1,5})(?:/([a-z+]+))?")
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
    dicom_max_associations: int = Field(10, gt=0, description="at the same time")
    dicom_max_object_bytes: int = Field(200 * 1024 * 1024, gt=0, description="a larger object is aborted")
    dicom_reserve_bytes: int = Field(2 * 1024**3, ge=0, description="with less free disk, objects are refused (A700)")
    dicom_timeout_s: float = Field(60, gt=0, description="a silent association is aborted after this")
    dicom_quiet_s: float = Field(60, ge=0, description="a study without four views waits this long for more")
    dicom_destinations: str = Field("", description="who gets results: AE@host:port or AE@host:port/kind+kind (comma)")
    dicom_commitment_peers: str = Field("", description="who may ask for storage commitment: AE@host:port (comma)")
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
    def _whole_tls(self) -> "NodeSettings":
        given = (self.dicom_tls_certificate, self.dicom_tls_key, self.dicom_tls_ca)
        if any(given) and not all(given):
            raise ValueError("TLS needs LOBULE_DICOM_TLS_CERTIFICATE, LOBULE_DICOM_TLS_KEY and LOBULE_DICOM_TLS_CA")
        return self


class Destination(NamedTuple):
    """A system that takes results, and the kinds of results that it takes."""

    ae_title: str
    host: str
    port: int
    kinds: frozenset[Kind] = USUAL_KINDS


def parse_destinations(text: str) -> list[Destination]:
    """The destinations of a list.

    Raises:
        ValueError: Where one is not written as AE@host:port, or as AE@host:port/kind+kind.
    """
    found = [_DESTINATION.fullmatch(part) for part in ae_titles(text)]
    if not all(found):
        raise ValueError("write each destination as AE@host:port or AE@host:port/kind+kind, divided by commas")
    return [Destination(each[1], each[2], int(each[3]), _kinds(each[4])) for each in found if each]


def commitment_peers(settings: NodeSettings) -> dict[str, Destination]:
    """Where answers to storage commitment go, by AE title: to the peers that are named, and to destinations."""
    named = [*parse_destinations(settings.dicom_destinations), *parse_destinations(settings.dicom_commitment_peers)]
    return {each.ae_title: each for each in named}


def _kinds(text: str | None) -> frozenset[Kind]:
    """The kinds of a destination; `usual` stands for those that every destination gets by itself."""
    named = {"usual"} if text is None else set(text.split("+"))
    if unknown := named.difference(KINDS, {"usual"}):
        raise ValueError(f"there is no result {', '.join(sorted(unknown))}; there are usual, {', '.join(KINDS)}")
    usual: frozenset[Kind] = USUAL_KINDS if "usual" in named else frozenset()
    return usual.union(kind for kind in KINDS if kind in named)


def ae_titles(text: str) -> list[str]:
    """The AE titles of a list."""
    return [title.strip() for title in text.split(",") if title.strip()]
