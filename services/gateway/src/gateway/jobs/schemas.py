"""Jobs as the API shows them."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from gateway.jobs.models import Job
from lobule.contracts.language import Language
from lobule.contracts.progress import JobState, StepError
from lobule.contracts.result import Assessment, Modality


class JobRead(BaseModel):
    """The analysis of one image."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "6f0b3c5e-3a0e-4a36-9f0e-0c8f7f1f2b11",
                "image_id": "0f8fad5b-d9cb-469f-a165-70867728950e",
                "state": "done",
                "modality": "histopathology",
                "file_name": "SOB_M_DC-14-2523-40-001.png",
                "assessment": "malignancy_suspected",
                "probability_malignant": 0.93,
                "created_at": "2026-03-01T09:30:00Z",
                "finished_at": "2026-03-01T09:30:02Z",
                "error": None,
            }
        }
    )

    id: str = Field(description="identifier of the job")
    image_id: str = Field(description="the image that it analyses")
    state: JobState = Field(description="state; `done`, `failed`, `dead` and `cancelled` are final")
    modality: Modality
    file_name: str = Field(description="name of the image's file")
    assessment: Assessment | None = Field(description="assessment; null until the analysis is done")
    probability_malignant: float | None = Field(
        description="calibrated probability, 0 to 1; null until it is done, and for a coarse field"
    )
    created_at: datetime = Field(description="time at which the analysis was requested")
    finished_at: datetime | None = Field(description="when it ended; null until then")
    error: StepError | None = Field(description="error, if it failed; otherwise null")

    @classmethod
    def of(cls, job: Job, language: Language | None = None) -> "JobRead":
        """A job as the API shows it, its error in a language, by default in that of the request."""
        return cls(
            id=job.id,
            image_id=job.image_id,
            state=job.state,
            modality=job.image.modality,
            file_name=job.image.file_name,
            assessment=job.assessment,
            probability_malignant=job.probability_malignant,
            created_at=job.created_at,
            finished_at=job.finished_at,
            error=job.error(language),
        )


class JobPage(BaseModel):
    """A page of jobs."""

    items: list[JobRead] = Field(description="the jobs of this page")
    next_cursor: str | None = Field(description="value of `cursor` for the next page; null on the last page")
    total: int = Field(description="number of jobs on all pages")
