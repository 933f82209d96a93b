"""What a deletion takes with it, as the API shows it."""

from pydantic import BaseModel, ConfigDict, Field


class Losses(BaseModel):
    """What would be deleted with a case or an image. Copies in a PACS and in backups are kept."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "images": 4,
                "analyses": 4,
                "reviews": 2,
                "drawn_findings": 1,
                "reports": 0,
                "dicom_objects": 0,
                "refused": None,
            }
        }
    )

    images: int = Field(description="images, with their files")
    analyses: int = Field(description="analyses of them, with results, pictures and reports")
    reviews: int = Field(description="reviews of findings and images that you may see")
    drawn_findings: int = Field(description="findings of readers that you may see")
    reports: int = Field(description="signed versions of the report")
    dicom_objects: int = Field(description="DICOM objects that were made of the case")
    refused: str | None = Field(description="code of the error that a deletion would get now; null if it would succeed")
