"""What a program tells of two identifiers of patients, and the answer."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from gateway.paging import UtcTime
from lobule.one_line import ONE_LINE

Text = Annotated[str, Field(min_length=1, max_length=200, pattern=ONE_LINE)]
Identifier = Annotated[str, Field(min_length=1, max_length=64, pattern=ONE_LINE)]


class PatientMergeCreate(BaseModel):
    """Two identifiers of one assigning authority: one has replaced the other."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "message_id": "ADT-20260302-17",
                "told_at": "2026-03-02T08:15:00Z",
                "authority": "HOSPITAL",
                "former": "4711",
                "present": "4712",
            }
        },
    )

    message_id: Text = Field(description="control ID of the message (MSH-10); the same one changes nothing again")
    told_at: UtcTime = Field(description="time of the event in the hospital; of two identifiers, the last counts")
    authority: Text = Field(description="assigning authority of both, as films name it in (0010,0021)")
    former: Identifier = Field(description="identifier that is no longer used; never stored in plain text")
    present: Identifier = Field(description="identifier that is used instead, likewise")
    undone: bool = Field(
        default=False, description="whether the merge of these two is undone: they are of different patients"
    )


class PatientMergeRead(BaseModel):
    """What a merge has changed."""

    is_new: bool = Field(description="false if the message was received before, or the identifiers name nobody")
    cases: int = Field(description="cases of your account with films of the patient")
    added_films: int = Field(description="films that were kept apart from their case and that belong to it now")
    at: datetime = Field(description="time of the answer")
