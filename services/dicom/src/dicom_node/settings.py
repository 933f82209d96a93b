"""The settings of the DICOM node; each is the environment variable `LOBULE_<NAME>`."""

import re
from pathlib import Path
from typing import NamedTuple

from pydantic import Field, SecretStr, field_validator, model_validator

from lobule.settings import ServiceSettings

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
    dicom_destinations: str = Field("", description="where results are sent: AE@host:port (comma)")
    dicom_results_days: float = Field(90, gt=0, description="a case is looked at for new results for so long")
    dicom_give_up_hours: float = Field(72, gt=0, description="a result that a destination does not take is dead then")

    @field_validator("dicom_calling_ae_titles")
    @classmethod
    def _titles(cls, text: str) -> str:
        if not ae_titles(text) or any(len(title) > 16 for title in ae_titles(text)):
            raise ValueError("name AE titles of at most 16 characters, divided by commas")
        return text

    @field_validator("dicom_destinations")
    @classmethod
    def _destinations(cls, text: str) -> str:
        parse_destinations(text)
        return text

    @model_validator(mode="after")
    def _whole_tls(self) -> "NodeSettings":
        given = (self.dicom_tls_certificate, self.dicom_tls_key, self.dicom_tls_ca)
        if any(given) and not all(given):
            raise ValueError("TLS needs LOBULE_DICOM_TLS_CERTIFICATE, LOBULE_DICOM_TLS_KEY and LOBULE_DICOM_TLS_CA")
        return self


class Destination(NamedTuple):
    """A system that takes results."""

    ae_title: str
    host: str
    port: int


def parse_destinations(text: str) -> list[Destination]:
    """The destinations of a list.

    Raises:
        ValueError: Where one is not written as AE@host:port.
    """
    found = [re.fullmatch(r"([^@,]{1,16})@([^@,]+):(\d{1,5})", part) for part in ae_titles(text)]
    if not all(found):
        raise ValueError("write each destination as AE@host:port, divided by commas")
    return [Destination(match[1], match[2], int(match[3])) for match in found if match]


def ae_titles(text: str) -> list[str]:
    """The AE titles of a list."""
    return [title.strip() for title in text.split(",") if title.strip()]
