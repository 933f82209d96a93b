"""Health checks: whether the gateway is alive and can accept uploads."""

from typing import Literal

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.datastructures import State

from gateway.database import read
from gateway.migrate import lacks_migration

log = structlog.get_logger()
router = APIRouter(tags=["system"])


class Health(BaseModel):
    """The state of the gateway's parts."""

    status: Literal["ok", "degraded", "down"] = Field(
        description="`degraded`: jobs wait; `down`: no uploads are accepted"
    )
    database: bool = Field(description="whether the database answers")
    migrated: bool = Field(description="whether its schema is this version's")
    object_store: bool = Field(description="whether the object store answers")
    redis: bool = Field(description="whether Redis answers")


@router.get("/healthz")
def live() -> dict[str, str]:
    """The process is alive."""
    return {"status": "ok"}


@router.get("/readyz", response_model=Health, responses={503: {"model": Health}})
def ready(request: Request) -> JSONResponse:
    """Uploads can be accepted: database and object store work. Without Redis, jobs wait but are not lost."""
    state = request.app.state
    works = {"database": False, "migrated": False, "object_store": False, "redis": False}
    checks = {
        "database": lambda: works.update(migrated=_is_migrated(state)),
        "object_store": lambda: state.store.check(),
        "redis": lambda: state.redis.ping(),
    }
    for name, check in checks.items():
        try:
            check()
            works[name] = True
        except Exception as error:  # noqa: BLE001 - whatever it is, this part does not work
            log.warning("not_ready", part=name, error=repr(error))
    accepts = works["database"] and works["migrated"] and works["object_store"]
    status: Literal["ok", "degraded", "down"] = "ok" if all(works.values()) else "degraded" if accepts else "down"
    health = Health(status=status, **works)
    return JSONResponse(health.model_dump(), status_code=200 if accepts else 503)


def _is_migrated(state: State) -> bool:
    return read(state.sessions, lambda session: not lacks_migration(session.connection()))
