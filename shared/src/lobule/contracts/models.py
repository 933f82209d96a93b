"""The model package: a folder with weights, `model.json` (this document) and `MODEL_CARD.md`."""

import re
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from lobule.contracts.result import Document, Modality, ModelInfo, Sha256, Thresholds


class ModelManifest(Document):
    """`model.json` of a model package."""

    schema_version: str = "1"
    name: str
    version: str
    modality: Modality
    architecture: dict[str, Any] = Field(description="what rebuilds the network: a registered name and its arguments")
    input: dict[str, Any] = Field(description="size, scale and preprocessing of what the network sees")
    classes: list[str]
    thresholds: Thresholds
    calibration: dict[str, Any] = Field(description="method, parameters and the data they were fitted on")
    weights_file: str
    weights_sha256: Sha256
    trained_on: str
    licence: str
    metrics: list[dict[str, Any]] = Field(description="each with its data, split, protocol, value and interval")

    def info(self) -> ModelInfo:
        """The model as a result names it."""
        return ModelInfo(
            name=self.name,
            version=self.version,
            weights_sha256=self.weights_sha256,
            calibration=str(self.calibration.get("description", self.calibration.get("method", "none"))),
            trained_on=self.trained_on,
        )


class WorkerAnnouncement(Document):
    """What a worker that is ready says of itself in the progress cache; it expires unless renewed."""

    worker: str
    queue: str
    modality: Modality | None = None
    manifest: ModelManifest | None = None
    model_card: str | None = None


_ABBREVIATION = re.compile(r"\b(auc|ece)\b")


@dataclass(frozen=True)
class Figure:
    """A measured figure of a model, however its manifest names the parts.

    Attributes:
        name: What was measured.
        under: At which magnification, by which rule.
        data: On what it was measured.
        value: The figure.
        interval: Its 95 % confidence interval, where one was computed.
    """

    name: str
    under: list[str]
    data: str
    value: float
    interval: tuple[float, float] | None


def figure_of(metric: dict[str, Any]) -> Figure:
    """A metric of a manifest as a figure."""
    words = str(metric.get("metric") or metric.get("name", "")).replace("_", " ")
    name = _ABBREVIATION.sub(lambda found: found[0].upper(), words[:1].upper() + words[1:])
    found = metric.get("interval_95") or metric.get("interval")
    return Figure(
        name=name,
        under=[str(metric[key]) for key in ("magnification", "rule") if metric.get(key)],
        data=str(metric.get("split") or metric.get("data", "")),
        value=float(metric["value"]),
        interval=(float(found[0]), float(found[1])) if found else None,
    )
