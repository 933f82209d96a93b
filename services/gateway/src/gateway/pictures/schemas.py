"""Pictures as the API shows them."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from gateway.images.identity import PatientAttribute
from gateway.images.models import FileIdentity
from gateway.language import request_language
from lobule.contracts.pictures import PictureFacts
from lobule.words import Words


class PictureRead(BaseModel):
    """A picture drawn by the report service, with its facts once it is ready."""

    id: str = Field(description="identifier of the picture")
    state: Literal["drawing", "ready", "failed"] = Field(description="state")
    facts: PictureFacts | None = Field(description="null while it is being drawn")
    poll_after_ms: int | None = Field(description="milliseconds after which to poll again; null if the state is final")

    @classmethod
    def of(cls, picture_id: str, facts: PictureFacts | None) -> "PictureRead":
        """A picture as the API shows it."""
        if facts is None:
            return cls(id=picture_id, state="drawing", facts=None, poll_after_ms=300)
        if facts.error is None:
            return cls(id=picture_id, state="ready", facts=facts, poll_after_ms=None)
        code, reason, values, detail = facts.error.code, facts.error.reason, facts.error.values, facts.error.detail
        sentence = Words(request_language.get()).error(code, reason, values, detail)
        facts = facts.model_copy(update={"error": facts.error.model_copy(update={"detail": sentence})})
        return cls(id=picture_id, state="failed", facts=facts, poll_after_ms=None)


class PatientRead(BaseModel):
    """The patient of a file as opaque marks.

    Two files name the same patient if their marks are equal; null means not named.
    """

    patient_id: str | None = Field(description="mark of the patient's identifier; null if the file has none")
    patient_name: str | None = Field(description="mark of the name; null if the file has none")
    birth_date: str | None = Field(description="mark of the date of birth; null if the file has none")

    @classmethod
    def of(cls, marks: FileIdentity) -> "PatientRead":
        """The marks of a file's patient."""
        return cls(
            patient_id=marks.patient_id_mark, patient_name=marks.patient_name_mark, birth_date=marks.birth_date_mark
        )


class PreviewRead(PictureRead):
    """A requested preview, with the facts from the file's header."""

    study_date: date | None = Field(description="day of the examination, as in the file")
    patient: PatientRead = Field(description="patient of the file, as opaque marks")
    differs: list[PatientAttribute] = Field(
        description="attributes in which the file names another patient than the case's files"
    )
