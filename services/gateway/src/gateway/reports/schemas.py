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

Concern = Literal["unreviewed", "not_assessed", "pending", "contradiction"]
"""What speaks against signing: findings without a verdict, images that failed or are waited for, and a conclusion that
contradicts the verdicts."""


class CaseReportCreate(BaseModel):
    """The signature of a clinician: conclusion and comment."""

    model_config = ConfigDict(extra="forbid")

    conclusion: Assessment | None = Field(
        default=None,
        description="your own; without it, what `breasts` means, and without both you adopt the system's",
    )
    breasts: BreastConclusions | None = Field(
        default=None, description="BI-RADS category, density and recommendation of each breast"
    )
    comment: Annotated[str, StringConstraints(strip_whitespace=True)] = Field(
        default="", max_length=5000, description="the clinician's comment, printed in the report"
    )
    acknowledged: list[Concern] = Field(
        default=[], max_length=4, description="what you were shown that speaks against it; noted in the audit log"
    )


class DraftTextWrite(BaseModel):
    """What a draft of the conclusion in words is made from."""

    model_config = ConfigDict(extra="forbid")

    breasts: BreastConclusions = Field(description="what you state of each breast")


class DraftText(BaseModel):
    """The conclusion in words, in every language: to be read, changed and signed as the comment of a report."""

    en: str = Field(description="in English")
    zh: str = Field(description="in Chinese")


class RenderingState(BaseModel):
    """A signed version in one language and form: each is rendered, fails and is retried separately."""

    language: Language = Field(description="language of its sentences")
    form: ReportForm = Field(description="file format")
    state: JobState = Field(description="where it stands")
    code: str | None = Field(description="of the error, where it failed")


class RenderingsCreate(BaseModel):
    """Which renderings of a signed version are wanted."""

    model_config = ConfigDict(extra="forbid")

    languages: list[Language] = Field(
        default=list(LANGUAGES), min_length=1, max_length=len(LANGUAGES), description="languages; all where not given"
    )
    forms: list[ReportForm] = Field(
        default=list(REPORT_FILES),
        min_length=1,
        max_length=len(REPORT_FILES),
        description="file formats; all where not given",
    )
    anew: bool = Field(default=False, description="render those again, too, that are there; else only what is not")


class ReportSignature(BaseModel):
    """A signature over the content of a version."""

    algorithm: Literal["Ed25519"] = Field(default="Ed25519", description="of the signature")
    key: str = Field(description="name of its public key; see `GET /api/v1/signing-keys`")
    value: str = Field(description="the signature, base64")
    state: SignatureState = Field(
        description="`valid`; `broken`: the content is not what was signed; `key_unknown`: this server does not know "
        "the key. A version that is not valid is not served"
    )


class CaseReportRead(BaseModel):
    """A signed version."""

    version: int = Field(description="number of the version, from 1")
    signed_by: str = Field(description="user name of whom signed it")
    signed_at: datetime = Field(description="when it was signed")
    conclusion: Assessment | None = Field(
        description="the clinician's conclusion; null in reports of early versions, which have the system's"
    )
    breasts: BreastConclusions | None = Field(
        description="what was concluded of each breast; null where none was stated"
    )
    comment: str = Field(description="the clinician's comment")
    readers: list[ReaderOfReport] = Field(
        description="of a case that two people read: both and the arbiter, in the order of their signatures; else none"
    )
    superseded: bool = Field(description="the case has changed since, or a later version was signed")
    sha256: str = Field(description="fingerprint of what was signed")
    signature: ReportSignature | None = Field(
        description="over the content, byte for byte; null in versions that were signed before reports had signatures"
    )
    renderings: list[RenderingState] = Field(description="asked for so far; any other is rendered when it is asked for")

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
