"""What `/fhir` answers, for the OpenAPI document. The resources themselves follow http://hl7.org/fhir/R4."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.fhir.codes import ResourceType


class FhirResource(BaseModel):
    """A resource of FHIR R4."""

    model_config = ConfigDict(extra="allow", title="FhirResource")

    resourceType: ResourceType = Field(description="type of the resource")  # noqa: N815 - FHIR's own name
    id: str = Field(description="id of the resource")


class FhirRequest(BaseModel):
    """The request of an entry in a transaction."""

    method: Literal["PUT"] = Field(description="`PUT`: creates or updates the resource under its id")
    url: str = Field(description="type and id")


class FhirEntry(BaseModel):
    """An entry of a bundle."""

    resource: FhirResource = Field(description="the resource")
    fullUrl: str | None = Field(default=None, description="name of the resource in a transaction")  # noqa: N815
    request: FhirRequest | None = Field(default=None, description="request of a transaction")


class FhirBundle(BaseModel):
    """A bundle of resources."""

    resourceType: Literal["Bundle"] = Field(description="type of the resource")  # noqa: N815
    type: Literal["searchset", "transaction"] = Field(
        description="`searchset` for matches, `transaction` for resources to write to another server"
    )
    total: int | None = Field(default=None, description="how many were found")
    entry: list[FhirEntry] | None = Field(default=None, description="the resources; missing if there are none")


class FhirCapabilities(BaseModel):
    """The capabilities of this server."""

    model_config = ConfigDict(extra="allow")

    resourceType: Literal["CapabilityStatement"] = Field(description="type of the resource")  # noqa: N815
    fhirVersion: str = Field(description="version of FHIR")  # noqa: N815
    rest: list[dict[str, Any]] = Field(description="resource types and their interactions")


class FhirIssue(BaseModel):
    """An issue of an OperationOutcome."""

    severity: Literal["error", "fatal"] = Field(description="`fatal` if the server failed")
    code: str = Field(description="kind of the issue, of FHIR's value set IssueType")
    details: dict[str, Any] = Field(description="`coding` with this API's code of the error, and `text` for people")
    diagnostics: str | None = Field(
        default=None, description="`X-Request-ID`, which identifies the request in the server's log"
    )


class FhirOutcome(BaseModel):
    """An error."""

    resourceType: Literal["OperationOutcome"] = Field(description="type of the resource")  # noqa: N815
    issue: list[FhirIssue] = Field(description="the issues")
