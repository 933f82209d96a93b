"""Signed reports as the API takes and shows them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gateway.cases.models import Case
from gateway.reports.models import CaseReport
from gateway.reports.signatures import state_of
from gateway.signing_keys import SignatureState, SigningKeys
from lobule.contracts.breasts import BreastConclusions
from lobule.contracts.case import REPORT_FILES, ReaderOfReport, ReportForm
from lobule.contracts.language import LANGUAGES, Language
from lobule.contracts.progress import JobState
from lobule.contracts.result import Assessment

Concern = Literal["unreviewed", "not_assessed", "pending", "not_read_together", "contradiction"]
"""What speaks against signing: findings without a verdict, images that failed or are waited for, films that are still
being read together, and a conclusion that contradicts the verdicts."""


class CaseReportCreate(BaseModel):
    """The signature of a clinician: conclusion and comment."""

    model_config = ConfigDict(extra="forbid")

    conclusion: Assessment | None = Field(
        default=None,
        description="your conclusion; default: the one that follows from `breasts`, or else the system's",
    )
    breasts: BreastConclusions | None = Field(
        default=None, description="BI-RADS category, density and recommendation of each breast"
    )
    comment: Annotated[str, StringConstraints(strip_whitespace=True)] = Field(
        default="", max_length=5000, description="the clinician's comment, printed in the report"
    )
    acknowledged: list[Concern] = Field(
        default=[], max_length=5, description="warnings that you saw and accepted; the audit log records them"
    )


class DraftTextWrite(BaseModel):
    """The statements from which a comment is drafted."""

    model_config = ConfigDict(extra="forbid")

    breasts: BreastConclusions = Field(description="your statements about each breast")


class DraftText(BaseModel):
    """A draft of a report's comment, in every language. Read it, change it, and sign it."""

    en: str = Field(description="in English")
    zh: str = Field(description="in Chinese")


class RenderingState(BaseModel):
    """A signed version in one language and form: each is rendered, fails and is retried separately."""

    language: Language = Field(description="language of its sentences")
    form: ReportForm = Field(description="file format")
    state: JobState = Field(description="state")
    code: str | None = Field(description="code of the error, if it failed")


class RenderingsCreate(BaseModel):
    """The renderings of a signed version to make."""

    model_config = ConfigDict(extra="forbid")

    languages: list[Language] = Field(
        default=list(LANGUAGES), min_length=1, max_length=len(LANGUAGES), description="languages; default: all"
    )
    forms: list[ReportForm] = Field(
        default=list(REPORT_FILES),
        min_length=1,
        max_length=len(REPORT_FILES),
        description="file formats; default: all",
    )
    anew: bool = Field(
        default=False, description="whether to replace existing renderings, too; default: only make missing ones"
    )


class ReportSignature(BaseModel):
    """A signature over the content of a version."""

    algorithm: Literal["Ed25519"] = Field(default="Ed25519", description="algorithm of the signature")
    key: str = Field(description="name of its public key; see `GET /api/v1/signing-keys`")
    value: str = Field(description="the signature, base64")
    state: SignatureState = Field(
        description="`valid`; `broken`: the content is not what was signed; `key_unknown`: this server does not know "
        "the key. A version that is not valid is not served"
    )


class CaseReportRead(BaseModel):
    """A signed version."""

    version: int = Field(description="number of the version, from 1")
    signed_by: str = Field(description="name of the signer, as the report shows it")
    signed_at: datetime = Field(description="when it was signed")
    conclusion: Assessment | None = Field(
        description="the clinician's conclusion; null in reports of early versions, which have the system's conclusion"
    )
    breasts: BreastConclusions | None = Field(description="conclusion about each breast; null if none was stated")
    comment: str = Field(description="the clinician's comment")
    readers: list[ReaderOfReport] = Field(
        description="if two people read the case: both readers and the arbiter, in the order of their signatures;"
        " otherwise empty"
    )
    superseded: bool = Field(description="whether the case has changed since, or a later version was signed")
    sha256: str = Field(description="SHA-256 of the signed content")
    signature: ReportSignature | None = Field(
        description="signature over the bytes of the content; null in versions from before reports had signatures"
    )
    renderings: list[RenderingState] = Field(
        description="renderings requested so far; others are rendered at their first request"
    )

    @classmethod
    def of(
        cls, report: CaseReport, case: Case, keys: SigningKeys, renderings: list[RenderingState]
    ) -> "CaseReportRead":
        """The version as the API returns it: what it states is read from the content, which is what was signed."""
        said = report.content["signature"]
        state, key, value = state_of(keys, report), report.signing_key or "", report.signature or ""
        signature = ReportSignature(key=key, value=value, state=state) if state else None
        return cls(
            version=report.version,
            signed_by=said["signed_by"],
            signed_at=said["signed_at"],
            conclusion=said.get("conclusion"),  # what `get` reads is not known to versions signed before
            breasts=said.get("breasts"),
            comment=said.get("comment", ""),
            readers=said.get("readers", []),
            superseded=report.version != case.signed_version or report.case_revision != case.revision,
            sha256=report.sha256,
            signature=signature,
            renderings=renderings,
        )
