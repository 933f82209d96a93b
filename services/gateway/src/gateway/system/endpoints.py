"""Health, metrics, and the models that are at work."""

from typing import Literal

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from pydantic import BaseModel
from redis.exceptions import RedisError
from sqlalchemy import func, select, text

from gateway.auth.dependencies import CurrentUser
from gateway.clock import now
from gateway.database import reading
from gateway.errors import ProblemError, responses
from gateway.jobs.models import Job, Step
from lobule.blackboard import Blackboard
from lobule.contracts.models import ModelManifest, WorkerAnnouncement
from lobule.contracts.result import Modality
from lobule.queueing import INFERENCE_QUEUES, QUEUES

log = structlog.get_logger()
router = APIRouter()


class Health(BaseModel):
    """What works and what does not."""

    status: Literal["ok", "degraded", "down"]
    database: bool
    object_store: bool
    redis: bool


@router.get("/healthz", tags=["system"])
def live() -> dict[str, str]:
    """The process is alive."""
    return {"status": "ok"}


@router.get("/readyz", tags=["system"], responses={503: {"model": Health}})
def ready(request: Request) -> JSONResponse:
    """Uploads can be accepted: database and object store work. Without Redis jobs wait, and nothing is lost."""
    state = request.app.state
    checks = {
        "database": _database_works,
        "object_store": lambda s: s.store.check(),
        "redis": lambda s: s.redis.ping(),
    }
    works: dict[str, bool] = {}
    for name, check in checks.items():
        try:
            check(state)
            works[name] = True
        except Exception as error:  # noqa: BLE001 - whatever it is, this part does not work
            log.warning("not_ready", part=name, error=repr(error))
            works[name] = False
    accepts = works["database"] and works["object_store"]
    status: Literal["ok", "degraded", "down"] = "ok" if all(works.values()) else "degraded" if accepts else "down"
    health = Health(status=status, **works)
    return JSONResponse(health.model_dump(), status_code=200 if accepts else 503)


def _database_works(state) -> None:
    with reading(state.sessions) as session:
        session.execute(text("SELECT 1"))


class ModelStatus(BaseModel):
    """A modality's queue: who works on it, with which model."""

    modality: Modality
    queue: str
    workers: int
    model: ModelManifest | None
    model_card: str | None


@router.get("/api/v1/models", tags=["models"], responses=responses(401, 503))
def list_models(_user: CurrentUser, request: Request) -> list[ModelStatus]:
    """The models that are at work now, with their measured figures and their cards."""
    blackboard: Blackboard = request.app.state.blackboard
    try:
        return [_status(modality, queue, blackboard.workers(queue)) for modality, queue in INFERENCE_QUEUES.items()]
    except RedisError:
        raise ProblemError(
            503,
            "redis_unavailable",
            "The workers cannot be asked at the moment. Please try again.",
            headers={"Retry-After": "5"},
        ) from None


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
    """Prometheus metrics of jobs and queues, read from the database: right with any number of gateways."""
    registry = CollectorRegistry()
    jobs = Gauge("lobule_jobs", "Jobs by state", ["state"], registry=registry)
    depth = Gauge("lobule_queue_depth", "Steps that wait for a worker", ["queue"], registry=registry)
    age = Gauge("lobule_queue_age_seconds", "Age of the oldest waiting step", ["queue"], registry=registry)
    ready_workers = Gauge("lobule_workers", "Workers that are ready", ["queue"], registry=registry)
    with reading(request.app.state.sessions) as session:
        for state, count in session.execute(select(Job.state, func.count()).group_by(Job.state)):
            jobs.labels(state).set(count)
        waiting = {
            queue: (count, (now() - oldest).total_seconds() if oldest else 0.0)
            for queue, count, oldest in session.execute(
                select(Step.queue, func.count(), func.min(Step.queued_at))
                .where(Step.state == "queued")
                .group_by(Step.queue)
            )
        }
    for queue in QUEUES:
        count, seconds = waiting.get(queue, (0, 0.0))
        depth.labels(queue).set(count)
        age.labels(queue).set(seconds)
        try:
            ready_workers.labels(queue).set(len(request.app.state.blackboard.workers(queue)))
        except RedisError:
            log.warning("metrics_without_redis")
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
