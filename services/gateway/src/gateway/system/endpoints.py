"""Health, metrics, and the models in use."""

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
from lobule.contracts.models import ModelManifest, WorkerAnnouncement
from lobule.contracts.result import Modality
from lobule.progress_cache import ProgressCache

router = APIRouter()
router.include_router(health.router)


class ModelStatus(BaseModel):
    """A modality's queue: its workers and their model."""

    modality: Modality
    queue: str = Field(description="name of the queue")
    workers: int = Field(description="how many workers are connected")
    model: ModelManifest | None = Field(description="model of its workers; null where none is connected")
    model_card: str | None = Field(description="the model's card, Markdown")


@router.get("/api/v1/models", tags=["models"], responses=responses(401, 503))
def list_models(_user: CurrentUser, request: Request, session: DbSession) -> list[ModelStatus]:
    """The models in use, with their metrics and model cards."""
    return models_at_work(session, request.app.state.progress_cache)


def models_at_work(session: Session, cache: ProgressCache) -> list[ModelStatus]:
    """Every modality's workers and model.

    Raises:
        RedisError: The workers cannot be queried.
    """
    specs = modalities.known(session).values()
    return [_status(spec.name, spec.queue, cache.workers(spec.queue)) for spec in specs]


def _status(modality: Modality, queue: str, workers: list[WorkerAnnouncement]) -> ModelStatus:
    with_model = next((worker for worker in workers if worker.manifest), None)
    return ModelStatus(
        modality=modality,
        queue=queue,
        workers=len(workers),
        model=with_model.manifest if with_model else None,
        model_card=with_model.model_card if with_model else None,
    )


@router.get("/metrics", include_in_schema=False)
def metrics(request: Request) -> Response:
    """Prometheus metrics of this process, and of all jobs and queues as the database knows them."""
    return Response(exposition(request.app.state), media_type=CONTENT_TYPE_LATEST)
