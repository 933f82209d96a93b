"""The unit of analysis: the images that are analysed together, each with its role."""

from typing import Literal

from pydantic import Field, model_validator

from lobule.contracts.result import Document, ImageInfo

ImageRole = Literal["current", "prior"]
"""`current` images are analysed; `prior` ones, of an earlier examination, are only compared with."""


class UnitImage(Document):
    """One image of a unit, with its object key."""

    image_id: str
    role: ImageRole = "current"
    image: ImageInfo
    key: str = Field(description="object-store key of the uploaded bytes")


class AnalysisUnit(Document):
    """The images of one analysis: one image for a single upload, several for an examination."""

    images: list[UnitImage] = Field(min_length=1)

    @model_validator(mode="after")
    def _check(self) -> "AnalysisUnit":
        if not self.current:
            raise ValueError("a unit has at least one current image")
        if len({each.image.modality for each in self.current}) > 1:
            raise ValueError("the current images of a unit are of one modality")
        if len({each.image_id for each in self.images}) < len(self.images):
            raise ValueError("a unit holds each image once")
        return self

    @property
    def current(self) -> list[UnitImage]:
        """The images that are analysed."""
        return [each for each in self.images if each.role == "current"]
