"""The model package: a folder with weights, `model.json` (this document) and `MODEL_CARD.md`."""

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
        """What a result says of the model that spoke."""
        return ModelInfo(
            name=self.name,
            version=self.version,
            weights_sha256=self.weights_sha256,
            calibration=str(self.calibration.get("description", self.calibration.get("method", "none"))),
            trained_on=self.trained_on,
        )


class WorkerAnnouncement(Document):
    """What a worker that is ready says of itself on the blackboard; it expires unless renewed."""

    worker: str
    queue: str
    modality: Modality | None = None
    manifest: ModelManifest | None = None
    model_card: str | None = None
