"""Jobs as the API shows them."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from gateway.jobs.models import Job
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

    id: str
    image_id: str
    state: JobState
    modality: Modality
    file_name: str
    assessment: Assessment | None
    probability_malignant: float | None
    created_at: datetime
    finished_at: datetime | None
    error: StepError | None

    @classmethod
    def of(cls, job: Job) -> "JobRead":
        """A job as the API shows it."""
        error = StepError(code=job.error_code, detail=job.error_detail or "") if job.error_code else None
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
            error=error,
        )


class JobPage(BaseModel):
    """Some jobs, newest first."""

    items: list[JobRead]
    next_cursor: str | None = Field(description="give it as `cursor` for the next page; null at the end")
