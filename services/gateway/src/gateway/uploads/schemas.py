"""The fields of an upload, and the answer to it."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from gateway.images.schemas import ImageRead, StudyDate
from gateway.jobs.schemas import JobRead
from lobule.contracts.modality import COARSEST_UM, FINEST_UM, ModalitySpec, UmPerPixel
from lobule.contracts.result import Laterality, Magnification, Modality, View
from lobule.modalities import PACKAGED

UPLOAD_FORM: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["modality", "file"],
                "properties": {
                    "modality": {
                        "type": "string",
                        "examples": sorted(PACKAGED),
                        "description": "modality of the image; `GET /api/v1/modalities` lists those that are known",
                    },
                    "case_id": {"type": "string", "description": "the case that the image belongs to"},
                    "um_per_pixel": {
                        "type": "number",
                        "minimum": FINEST_UM,
                        "maximum": COARSEST_UM,
                        "description": "micrometres per pixel of a field; takes precedence over the scale in its file "
                        "and over `magnification`",
                    },
                    "magnification": {"type": "string", "enum": ["40X", "100X", "200X", "400X"]},
                    "view": {
                        "type": "string",
                        "examples": ["CC", "MLO"],
                        "description": "code of the view, from the vocabulary of the modality",
                    },
                    "laterality": {"type": "string", "enum": ["L", "R"]},
                    "study_date": {
                        "type": "string",
                        "format": "date",
                        "description": "day of the examination, if the file does not state it or states a wrong one",
                    },
                    "replaces": {
                        "type": "string",
                        "description": "image of the case that this one replaces: it is removed, and its description "
                        "applies where this upload states nothing else",
                    },
                    "accept_other_patient": {
                        "type": "boolean",
                        "description": "add the file although it names another patient than other files of the case",
                    },
                    "file": {
                        "type": "string",
                        "format": "binary",
                        "description": "the image; send it after `modality`, preferably as the last field",
                    },
                },
            }
        }
    },
}


class ImageOptions(BaseModel):
    """The description of an image: the text fields of its upload."""

    model_config = ConfigDict(extra="forbid")

    modality: Modality
    spec: ModalitySpec = Field(exclude=True, description="of the modality, as this server knows it")
    case_id: str | None = Field(default=None, max_length=36)
    um_per_pixel: UmPerPixel | None = None
    magnification: Magnification | None = None
    view: View | None = None
    laterality: Laterality | None = None
    study_date: StudyDate | None = None
    replaces: str | None = Field(default=None, max_length=36)
    accept_other_patient: bool = False

    @field_validator("view")
    @classmethod
    def _check_view(cls, view: View | None, given: ValidationInfo) -> View | None:
        """A view of the modality's vocabulary. Without a vocabulary, the view is ignored."""
        spec: ModalitySpec | None = given.data.get("spec")
        if view is not None and spec is not None and spec.views is not None and not spec.accepts_view(view):
            views = ", ".join(spec.views.codes)
            raise PydanticCustomError("view_unknown", "It must be one of {views}", {"views": views})
        return view


class Twin(BaseModel):
    """Another image with the same bytes."""

    image_id: str = Field(description="the other image")
    job_id: str = Field(description="its newest job")
    case_id: str | None = Field(description="case of the other image; null if it belongs to none")
    pseudonym: str | None = Field(description="pseudonym of that case")


class Accepted(BaseModel):
    """An accepted upload: the image is stored, and its analysis is queued."""

    image: ImageRead = Field(description="the stored image")
    job: JobRead = Field(description="its analysis")
    also_in: list[Twin] = Field(description="your other images with the same bytes and modality")
