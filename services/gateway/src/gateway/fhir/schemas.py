"""What `/fhir` answers, for the OpenAPI document. The resources themselves follow http://hl7.org/fhir/R4."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.fhir.codes import ResourceType


class FhirResource(BaseModel):
    """A resource of FHIR R4."""

    model_config = ConfigDict(extra="allow", title="FhirResource")

    resourceType: ResourceType = Field(description="type of the resource")  # noqa: N815 - FHIR's own name
    id: str = Field(description="its id")


class FhirRequest(BaseModel):
    """What a server does with an entry of a transaction."""

    method: Literal["PUT"] = Field(description="writes the resource under its id")
    url: str = Field(description="type and id")


class FhirEntry(BaseModel):
    """An entry of a bundle."""

    resource: FhirResource = Field(description="the resource")
    fullUrl: str | None = Field(default=None, description="its name in a transaction")  # noqa: N815
    request: FhirRequest | None = Field(default=None, description="in a transaction")


class FhirBundle(BaseModel):
    """Resources together."""

    resourceType: Literal["Bundle"] = Field(description="type of the resource")  # noqa: N815
    type: Literal["searchset", "transaction"] = Field(description="what was found, or what another server is to write")
    total: int | None = Field(default=None, description="how many were found")
    entry: list[FhirEntry] | None = Field(default=None, description="the resources; missing where there is none")


class FhirCapabilities(BaseModel):
    """What this server can do."""

    model_config = ConfigDict(extra="allow")

    resourceType: Literal["CapabilityStatement"] = Field(description="type of the resource")  # noqa: N815
    fhirVersion: str = Field(description="version of FHIR")  # noqa: N815
    rest: list[dict[str, Any]] = Field(description="types, and how they can be asked for")


class FhirIssue(BaseModel):
    """What went wrong."""

    severity: Literal["error", "fatal"] = Field(description="`fatal` where the server failed")
    code: str = Field(description="kind of the issue, of FHIR's value set IssueType")
    details: dict[str, Any] = Field(description="`coding` with this API's code of the error, and `text` for people")
    diagnostics: str | None = Field(default=None, description="`X-Request-ID`, under which the server's log has more")


class FhirOutcome(BaseModel):
    """An error."""

    resourceType: Literal["OperationOutcome"] = Field(description="type of the resource")  # noqa: N815
    issue: list[FhirIssue] = Field(description="what went wrong")
