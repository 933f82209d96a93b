"""The density of a breast, by the categories of the ACR BI-RADS Atlas, 5th edition (2013)."""

from typing import Literal

from pydantic import Field

from lobule.contracts.document import Document

DensityCategory = Literal["a", "b", "c", "d"]
"""Breast composition of ACR BI-RADS, from almost entirely fatty to extremely dense."""


class FilmDensity(Document):
    """The density of the breast on a film, as a suggestion: the reader states it."""

    category: DensityCategory = Field(description="BI-RADS category of this film by itself")
    expected: float = Field(
        ge=0.0,
        le=3.0,
        description="mean category, 0 for a to 3 for d; a breast is categorised by the mean of its films",
    )
    model: str = Field(description="name and version of the model that read it")
