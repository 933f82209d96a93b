"""The model package: a folder with weights, `model.json` (this document) and `MODEL_CARD.md`."""

from collections.abc import Sequence
from datetime import date, timedelta
from math import exp
from typing import Any

from pydantic import Field

from lobule.contracts.manifest import CalibrationSection, Metric, NetworkInput, Runtime
from lobule.contracts.result import Document, Modality, ModelInfo, Sha256, Thresholds


class ModelManifest(Document):
    """`model.json` of a model package."""

    schema_version: str = Field(default="1", description="version of the document's format")
    name: str = Field(description="name of the model")
    version: str = Field(description="version of the model")
    modality: Modality
    architecture: dict[str, Any] = Field(description="architecture of the network: a registered name and its arguments")
    input: NetworkInput = Field(description="size, scale and preprocessing of the network's input")
    classes: list[str] = Field(description="classes, in the order of the network's outputs")
    thresholds: Thresholds = Field(description="probabilities between the states of the assessment")
    calibration: CalibrationSection = Field(description="method, parameters and fitting data of the calibration")
    runtime: Runtime = Field(default=Runtime(), description="runtime that runs the network")
    weights_file: str = Field(description="file of the weights in the package")
    weights_sha256: Sha256 = Field(description="SHA-256 of that file, hexadecimal")
    trained_on: str = Field(description="data sets from which it learned")
    licence: str = Field(description="licence of the weights")
    metrics: list[Metric] = Field(description="each with its data, split, protocol, value and interval")

    def with_metrics(self, rows: Sequence[dict[str, Any]]) -> "ModelManifest":
        """A copy of the manifest with other metrics."""
        return self.model_copy(update={"metrics": [Metric.model_validate(row) for row in rows]})

    def info(self) -> ModelInfo:
        """The model as a result names it."""
        return ModelInfo(
            name=self.name,
            version=self.version,
            weights_sha256=self.weights_sha256,
            calibration=self.calibration.description or self.calibration.method,
            trained_on=self.trained_on,
        )


class ModelPackage(Document):
    """A model package without its weights."""

    manifest: ModelManifest = Field(description="manifest of the package")
    card: str = Field(description="the model's card, Markdown")


OLD_AFTER = timedelta(days=365)
"""Dyes drift, so that a laboratory should be measured again after a year."""


class Adaptation(Document):
    """A laboratory that a model's numbers are adapted to, without the details of the measurement."""

    name: str = Field(description="name of the laboratory")
    version: str = Field(description="short hash of the file of the laboratory, as in the notices of results")
    measured_on: date = Field(description="day of the measurement")
    log_odds_shift: float = Field(description="added to the log odds of malignancy; 0 changes nothing")
    fields: int = Field(description="number of fields that it was measured on")
    patients: int | None = Field(description="number of their patients; null if it is not known")

    @property
    def half(self) -> str:
        """What a probability of 50 % becomes."""
        return f"{1 / (1 + exp(-self.log_odds_shift)):.0%}"

    def is_old(self, today: date) -> bool:
        """Whether the laboratory should be measured again."""
        return today - self.measured_on > OLD_AFTER


class WorkerAnnouncement(Document):
    """A ready worker's entry in the progress cache; it expires unless renewed."""

    worker: str
    queue: str
    modality: Modality | None = None
    manifest: ModelManifest | None = None
    model_card: str | None = None
    beside: list[ModelPackage] = Field(default_factory=list[ModelPackage], description="what it uses beside that model")
    adaptation: Adaptation | None = None  # of that model
