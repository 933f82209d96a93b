"""Health, metrics, and the models in use."""

from collections import defaultdict
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from gateway.auth.dependencies import CurrentUser
from gateway.database import DbSession
from gateway.errors import responses
from gateway.modalities import repository as modalities
from gateway.system import health
from gateway.system.metrics import exposition
from lobule.contracts.models import Adaptation, ModelManifest, ModelPackage, WorkerAnnouncement
from lobule.contracts.result import Modality
from lobule.progress_cache import ProgressCache

router = APIRouter()
_ADAPTATION = "laboratory that its numbers are adapted to; null if they are those of the package"
_CHANGES = Path(__file__).with_name("api_changes.md")
router.include_router(health.router)


class ModelAtWork(BaseModel):
    """A version of a model, adapted to a laboratory or not, and how many workers use it."""

    name: str = Field(description="name of the model")
    version: str = Field(description="its version")
    adaptation: Adaptation | None = Field(default=None, description=_ADAPTATION)
    workers: int = Field(description="number of workers that use it")


class ModelStatus(BaseModel):
    """A modality's queue: its workers and their model."""

    modality: Modality
    queue: str = Field(description="name of the queue")
    workers: int = Field(description="number of connected workers")
    model: ModelManifest | None = Field(
        description="model of its workers, or of most of them if they differ; null if none is connected"
    )
    adaptation: Adaptation | None = Field(default=None, description=_ADAPTATION)
    models: list[ModelAtWork] = Field(
        default_factory=list,
        description="all versions and adaptations in use, the most used first; several during an update",
    )
    model_card: str | None = Field(description="the model's card, Markdown")
    beside: list[ModelPackage] = Field(
        default_factory=list[ModelPackage],
        description="further models of these workers, such as for density and regions",
    )


@router.get("/api/v1/models", tags=["models"], responses=responses(401, 503))
def list_models(_user: CurrentUser, request: Request, session: DbSession) -> list[ModelStatus]:
    """List the models in use, with their metrics and model cards."""
    return models_at_work(session, request.app.state.progress_cache)


def models_at_work(session: Session, cache: ProgressCache) -> list[ModelStatus]:
    """Every modality's workers and model.

    Raises:
        RedisError: The workers cannot be queried.
    """
    specs = modalities.known(session).values()
    return [_status(spec.name, spec.queue, cache.workers(spec.queue)) for spec in specs]


def _status(modality: Modality, queue: str, workers: list[WorkerAnnouncement]) -> ModelStatus:
    by_version: dict[tuple[str, str, str], list[WorkerAnnouncement]] = defaultdict(list)
    for worker in workers:
        if worker.manifest:
            site = worker.adaptation.version if worker.adaptation else ""
            by_version[worker.manifest.name, worker.manifest.version, site].append(worker)
    ordered = sorted(by_version.items(), key=lambda item: (-len(item[1]), item[0]))
    of_most = ordered[0][1][0] if ordered else None
    return ModelStatus(
        modality=modality,
        queue=queue,
        workers=len(workers),
        model=of_most.manifest if of_most else None,
        adaptation=of_most.adaptation if of_most else None,
        models=[
            ModelAtWork(name=name, version=version, adaptation=of[0].adaptation, workers=len(of))
            for (name, version, _), of in ordered
        ],
        model_card=of_most.model_card if of_most else None,
        beside=of_most.beside if of_most else [],
    )


@router.get("/api/changelog", include_in_schema=False)
def read_changelog() -> Response:
    """What the REST API gained, and how it became stricter."""
    return Response(_CHANGES.read_bytes(), media_type="text/markdown; charset=utf-8")


@router.get("/metrics", include_in_schema=False)
def metrics(request: Request) -> Response:
    """Prometheus metrics of this process, and of all jobs and queues as the database knows them."""
    return Response(exposition(request.app.state), media_type=CONTENT_TYPE_LATEST)
