"""The base classes of a report document's parts."""

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A part of a report with finished sentences, ready to be laid out in any format."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class HeatLegend(Part):
    """The legend of a heat map: a title, and the words at both ends."""

    title: str
    low: str
    high: str


class ScaleBar(Part):
    """A scale bar: its length in pixels of the image, and in words."""

    pixels: float
    words: str


class Fact(Part):
    """A row of a table: a label and a value."""

    label: str
    value: str
