"""Pictures for display: versions of files that a browser cannot decode itself.

The report service draws them on demand and stores them in the object store below a target prefix. They can be lost at
any time, because they can be drawn again.
"""

from typing import Literal

from pydantic import Field

from lobule.contracts.progress import StepError
from lobule.contracts.result import Document, Laterality, Modality, Notice, View


class NamedWindow(Document):
    """A window of the file: the samples that are shown black and white."""

    low: int = Field(description="sample that is shown black")
    high: int = Field(description="sample that is shown white")
    name: str | None = Field(default=None, description="name in the file")


class Samples(Document):
    """A grey film in 16 bits: the file `samples.u16` contains only unsigned little-endian integers, row by row.

    They are measured values, tissue bright, no window applied. A sample's value in the file's own units is
    `offset + sample * step`.
    """

    width: int = Field(gt=0, description="columns")
    height: int = Field(gt=0, description="rows")
    offset: float = Field(description="stored value of sample 0")
    step: float = Field(description="never 0; negative if the file stores tissue dark")
    low: int = Field(description="sample that the first view shows black")
    high: int = Field(description="sample that the first view shows white; may lie beyond the samples' range")
    windows: list[NamedWindow] = Field(default=[], description="windows of the file, the default one first")


class PictureFacts(Document):
    """The facts of a file."""

    error: StepError | None = Field(default=None, description="error, if it cannot be shown")
    width: int | None = Field(default=None, description="size in pixels, upright")
    height: int | None = Field(default=None, description="size in pixels, upright")
    bits: int | None = Field(default=None, description="bits of a sample, as stored")
    modality: Modality | None = Field(
        default=None, description="modality, as far as tags or colours of the file show it"
    )
    view: View | None = Field(default=None, description="view of the film, as in the file")
    laterality: Laterality | None = Field(default=None, description="side of the breast, as in the file")
    samples: Samples | None = Field(
        default=None, description="samples of a grey film with more bits or pixels than its display image"
    )
    notices: list[Notice] = Field(default=[], description="notices about the file")


class FilmOverview(Document):
    """The head of `overview.film`: a film in its full depth, at the size of a viewer's pane.

    The file starts with the length of this document in bytes as an unsigned little-endian 32-bit integer, followed by
    the document as JSON in UTF-8, padded with spaces to an even length, and by the samples in the format of `Samples`,
    which `facts` describes.
    """

    facts: PictureFacts = Field(description="of the file; the sizes in it are those of all its samples")
    width: int = Field(gt=0, description="columns of the overview")
    height: int = Field(gt=0, description="rows of the overview")


PictureKind = Literal["preview", "samples"]
