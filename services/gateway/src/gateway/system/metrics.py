"""Prometheus metrics of a gateway.

Jobs and queues are read from the database at each scrape, so they are right with any number of gateways (take one of
them, or the maximum). Requests are this process's own.
"""

from collections.abc import Iterable, Iterator
from typing import get_args

import structlog
from prometheus_client import REGISTRY, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector, CollectorRegistry
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import State

from gateway.database import read
from gateway.modalities.repository import queues_of
from gateway.system import repository
from gateway.webhooks.models import DeliveryState
from lobule import __version__
from lobule.certificate_metric import certificate_end, end_of
from lobule.contracts.models import WorkerAnnouncement
from lobule.storage import Space, StoreUnavailableError

log = structlog.get_logger()

_STATES = ("queued", "running", "done", "failed", "dead", "cancelled")


class JobCollector(Collector):
    """Jobs, queues and workers as the database and the progress cache know them."""

    def __init__(self, state: State) -> None:
        self._state = state

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Query database and Redis; sources that cannot be reached are left out."""
        yield _gauge("lobule_build_info", "This gateway; 1", ["version"], [((__version__,), 1)])
        # On Kubernetes it may be the Ingress controller's alone.
        certificate, what = self._state.settings.certificate, "When the proxy's certificate ends"
        yield from certificate_end(certificate, "lobule_certificate_end_timestamp_seconds", what)
        if pdf := self._state.settings.pdf_certificate:
            ends, what = end_of(pdf.encode()), "When the certificate ends that signs reports as PDF"
            yield _gauge("lobule_pdf_certificate_end_timestamp_seconds", what, [], [((), ends)])
        queues: list[str] = []
        try:
            load, queues = read(
                self._state.sessions, lambda session: (repository.workload(session), queues_of(session))
            )
        except SQLAlchemyError as error:
            log.warning("metrics_without_database", error=repr(error))
        else:
            yield from _of_database(load, queues)
        yield _gauge("lobule_database_up", "Whether the database answers", [], [((), int(bool(queues)))])
        space = self._space()
        if space is not None:
            yield _gauge("lobule_store_size_bytes", "The disk of the object store", [], [((), space.size_bytes)])
            yield _gauge("lobule_store_free_bytes", "What is free of it", [], [((), space.free_bytes)])
            reserve = self._state.settings.reserve_bytes
            yield _gauge("lobule_store_reserve_bytes", "Below this, uploads are refused", [], [((), reserve)])
        try:
            workers = self._state.progress_cache.workers()
        except RedisError as error:
            log.warning("metrics_without_redis", error=repr(error))
            workers = None
        yield _gauge("lobule_redis_up", "Whether Redis answers", [], [((), int(workers is not None))])
        if workers is not None:
            yield from _of_workers(workers, queues)

    def _space(self) -> Space | None:
        try:
            return self._state.store.space()
        except StoreUnavailableError as error:
            log.warning("metrics_without_store", error=repr(error))
            return None


def _of_database(load: repository.Workload, queues: list[str]) -> Iterator[GaugeMetricFamily]:
    yield _gauge("lobule_jobs", "Jobs by state", ["state"], [((s,), load.jobs.get(s, 0)) for s in _STATES])
    yield _gauge(
        "lobule_jobs_ended_badly",
        "Jobs by the code that they ended with",
        ["code"],
        [((code,), count) for code, count in load.failures.items()],
    )
    yield _gauge(
        "lobule_queue_depth",
        "Steps that wait for a worker",
        ["queue"],
        [((q,), load.waiting.get(q, (0, 0))[0]) for q in queues],
    )
    yield _gauge(
        "lobule_queue_age_seconds",
        "How long the oldest step has waited for a worker",
        ["queue"],
        [((q,), load.waiting.get(q, (0, 0.0))[1]) for q in queues],
    )
    yield _gauge(
        "lobule_steps_running",
        "Steps that workers hold",
        ["queue"],
        [((q,), load.running.get(q, 0)) for q in queues],
    )
    yield _gauge(
        "lobule_webhook_messages",
        "Messages to webhooks by state",
        ["state"],
        [((s,), load.messages.get(s, 0)) for s in get_args(DeliveryState)],
    )
    yield _gauge("lobule_outbox_depth", "Calls to workers that wait for Redis", [], [((), load.outbox)])
    yield from _of_operation(load)


def _of_operation(load: repository.Workload) -> Iterator[GaugeMetricFamily]:
    yield _gauge("lobule_database_size_bytes", "The database on its disk", [], [((), load.size_bytes)])
    if load.backed_up_at is not None:
        at = load.backed_up_at.timestamp()
        yield _gauge("lobule_backup_timestamp_seconds", "When the last backup ended", [], [((), at)])
    if load.token_ends_at is not None:
        at, what = load.token_ends_at.timestamp(), "When the first API token ends that was used in the last week"
        yield _gauge("lobule_token_end_timestamp_seconds", what, [], [((), at)])
    if load.retention_at is not None:
        at = load.retention_at.timestamp()
        yield _gauge("lobule_retention_timestamp_seconds", "When the last retention run ended", [], [((), at)])


def _of_workers(workers: list[WorkerAnnouncement], known: list[str]) -> Iterator[GaugeMetricFamily]:
    queues = dict.fromkeys((*known, *(worker.queue for worker in workers)))
    per_queue = {queue: [worker for worker in workers if worker.queue == queue] for queue in queues}
    yield _gauge(
        "lobule_workers", "Workers that are ready", ["queue"], [((q,), len(each)) for q, each in per_queue.items()]
    )
    models: dict[tuple[str, ...], int] = {}
    for worker in workers:
        if worker.manifest is not None:
            key = (worker.queue, worker.manifest.name, worker.manifest.version, worker.manifest.weights_sha256)
            models[key] = models.get(key, 0) + 1
    yield _gauge(
        "lobule_workers_by_model",
        "Workers that are ready, by the model they work with",
        ["queue", "name", "version", "weights_sha256"],
        models.items(),
    )


def _gauge(
    name: str, words: str, labels: list[str], values: Iterable[tuple[tuple[str, ...], float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, words, labels=labels)
    for key, value in values:
        family.add_metric(list(key), value)
    return family


def exposition(state: State) -> bytes:
    """All metrics, as Prometheus reads them."""
    registry = CollectorRegistry()
    registry.register(JobCollector(state))
    return generate_latest(registry) + generate_latest(REGISTRY)
