"""The sections of a model package's `model.json`, and its measured metrics.

A section names the fields that all readers use; a worker may add its own values under other names.
"""

import re
from collections.abc import Iterator, KeysView, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

Interval = tuple[float, float]


class Section(BaseModel):
    """A section with typed values and a worker's own ones; reads as a mapping of the values that are set."""

    model_config = ConfigDict(extra="allow", protected_namespaces=())

    @model_serializer(mode="wrap")
    def _without_what_is_not_there(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in write(self).items() if value is not None}

    def values(self) -> Mapping[str, Any]:
        """All values of the section."""
        fields = {name: getattr(self, name) for name in type(self).model_fields} | (self.model_extra or {})
        return {name: value for name, value in fields.items() if value is not None}

    def keys(self) -> KeysView[str]:
        """The names of all set values of the section."""
        return self.values().keys()

    def items(self) -> Iterator[tuple[str, Any]]:
        """Iterate over names and values."""
        return iter(self.values().items())

    def get(self, name: str, otherwise: Any = None) -> Any:
        """The value of a name, or `otherwise`."""
        return self.values().get(name, otherwise)

    def __getitem__(self, name: str) -> Any:
        return self.values()[name]

    def __iter__(self) -> Iterator[str]:  # pyright: ignore[reportIncompatibleMethodOverride] - as a mapping's
        return iter(self.values())


class NetworkInput(Section):
    """The network's input."""

    size: int | None = Field(default=None, gt=0, description="side of a patch, in pixels")
    channels: list[str] | None = Field(default=None, description="what each channel holds")
    preprocessing: str | None = Field(default=None, description="the module that prepares it")
    preprocessing_version: int | None = Field(default=None, description="version of that module's way")


class CalibrationSection(Section):
    """The calibration of raw scores to probabilities: the method, its parameters, and the data of the fit."""

    method: str = Field(description="name of the method")
    description: str | None = Field(default=None, description="in words")


class Runtime(Section):
    """The software that runs the network."""

    engine: Literal["tensorflow", "openvino"] = Field(default="tensorflow", description="library that runs it")
    precision: Literal["float32", "float16", "int8"] = Field(default="float32", description="of its arithmetic")


class Metric(Section):
    """One measured figure.

    The packages of the two workers name its fields differently; `title` and `confidence` read both.
    """

    # In the order of the tables' columns.
    name: str | None = Field(default=None, description="what was measured, in packages of histopathology")
    magnification: str | None = Field(default=None, description="of the fields that were measured on")
    data: str | None = Field(default=None, description="data set that was measured on")
    metric: str | None = Field(default=None, description="what was measured, in packages of mammography")
    split: str | None = Field(default=None, description="the part of the data that was measured on")
    protocol: str | None = Field(default=None, description="how it was measured")
    rule: str | None = Field(default=None, description="by which a finding counts as found")
    value: float = Field(description="the figure")
    interval: Interval | None = Field(default=None, description="95 % confidence")
    interval_95: Interval | None = Field(default=None, description="95 % confidence, in packages of mammography")

    @model_validator(mode="after")
    def _check(self) -> "Metric":
        if not self.title:
            raise ValueError("a metric has a name")
        return self

    @property
    def title(self) -> str:
        """What was measured, in the words of the package."""
        return self.metric or self.name or ""

    @property
    def confidence(self) -> Interval | None:
        """The 95 % confidence interval, if one was computed."""
        return self.interval_95 or self.interval


_ABBREVIATION = re.compile(r"\b(auc|ece)\b")


@dataclass(frozen=True)
class Figure:
    """A measured figure of a model, formatted for people.

    Attributes:
        name: Name of the measure.
        under: Conditions of the measurement, such as the magnification or the rule for hits.
        data: Data set of the measurement.
        value: The measured value.
        interval: Its 95 % confidence interval, if one was computed.
    """

    name: str
    under: list[str]
    data: str
    value: float
    interval: Interval | None


def figure_of(metric: Metric) -> Figure:
    """A metric of a manifest as a figure."""
    words = metric.title.replace("_", " ")
    return Figure(
        name=_ABBREVIATION.sub(lambda found: found[0].upper(), words[:1].upper() + words[1:]),
        under=[under for under in (metric.magnification, metric.rule) if under],
        data=metric.split or metric.data or "",
        value=metric.value,
        interval=metric.confidence,
    )
