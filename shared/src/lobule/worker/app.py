"""A worker process: a Celery worker whose child process builds the step handler after the fork."""

import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from celery import Celery
from celery.signals import worker_process_init, worker_process_shutdown
from redis.exceptions import RedisError

from lobule.contracts.modality import ModalitySpec
from lobule.contracts.models import ModelManifest, ModelPackage, WorkerAnnouncement
from lobule.contracts.pictures import PictureKind
from lobule.contracts.steps import StepName
from lobule.errors import AnalysisError
from lobule.progress_cache import ANNOUNCE_EVERY_S, ProgressCache
from lobule.queueing import PICTURE_QUEUE, PICTURE_TASK, REPORT_QUEUE, TASK, make_celery
from lobule.redis_address import connect
from lobule.settings import Settings, read_settings
from lobule.starting import without_collection
from lobule.storage import ObjectStore, open_configured_store
from lobule.telemetry import configure_logging
from lobule.tracing import configure_tracing
from lobule.words.modalities import check_limits
from lobule.worker.examination import Examiner
from lobule.worker.gateway_client import GatewayClient
from lobule.worker.inference import InferenceHandler
from lobule.worker.metrics import MeasuredHandler, note_model
from lobule.worker.monitor import Health, LoopBeat, serve
from lobule.worker.pictures import PictureHandler, PictureRunner
from lobule.worker.pipeline import Adaptable, Pipeline
from lobule.worker.region import RegionExpert
from lobule.worker.runner import StepHandler, StepRunner, unavailable
from lobule.worker.stall import watch_for_stall
from lobule.worker.without_model import leave_to_others

log = structlog.get_logger()

PICTURE_SOFT_TIME_LIMIT_S = 60


@dataclass(frozen=True)
class WorkerRuntime:
    """The parts of a worker process: the handler of its steps, the announced pipeline, the drawer of pictures."""

    handler: StepHandler
    pipeline: Pipeline | None = None
    complete: bool = True  # whether it has all that it needs for its work
    pictures: PictureHandler | None = None
    packages: Sequence[Path] = ()  # folders of the model packages that it uses in addition to the pipeline's


def run_inference_worker(
    spec: ModalitySpec,
    build_pipeline: Callable[[], Pipeline],
    build_examiner: Callable[[], Examiner] | None = None,
    build_expert: Callable[[], RegionExpert] | None = None,
    list_packages: Callable[[], Sequence[Path]] = tuple,
) -> None:
    """Run the worker of a modality until it is stopped.

    Args:
        spec: The modality that it announces: its queue, accepted files, and the parts of its results.
        build_pipeline: Called once in the worker's child process; an `AnalysisError` that it raises fails every job,
            unless another worker of the queue has a model.
        build_examiner: The same for the reader of examinations.
        build_expert: The same for opinions of regions.
        list_packages: Returns the folders of the model packages that the worker uses. It announces those with another
            architecture than the pipeline's.

    Raises:
        ValueError: A limit of the modality has no sentence, or the modality states that its images are read together or
            its regions are judged, and the worker has no part that does this, or vice versa.
    """
    # The child reads this when it imports NumPy. OpenBLAS' threads, beside TensorFlow's, spin more than they work.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    check_limits(spec)
    if spec.read_together != (build_examiner is not None):
        raise ValueError(f"read_together of {spec.name} is {spec.read_together}, which its worker contradicts")
    if spec.reads_regions != (build_expert is not None):
        raise ValueError(f"reads_regions of {spec.name} is {spec.reads_regions}, which its worker contradicts")

    def make_runtime(store: ObjectStore) -> WorkerRuntime:
        try:
            pipeline = build_pipeline()
            note_model(pipeline.manifest)
            examiner = build_examiner() if build_examiner else None
            expert = build_expert() if build_expert else None
        except AnalysisError as error:
            log.warning("no_model", code=error.code, detail=error.detail)
            return WorkerRuntime(unavailable(error), complete=False)
        handler = InferenceHandler(pipeline, store, spec, examiner, expert)
        return WorkerRuntime(handler, pipeline, packages=list_packages())

    run_worker(spec.queue, make_runtime, spec)


def run_worker(
    queue: str, make_runtime: Callable[[ObjectStore], WorkerRuntime], spec: ModalitySpec | None = None
) -> None:
    """Run a worker of a queue until it is stopped; one child process runs one step at a time."""
    settings = read_settings(Settings)
    configure_logging(f"{queue}-worker", settings.log_format, settings.log_level)
    if settings.object_store_url.startswith("file:"):
        open_configured_store(settings)  # checked here, because a failing child would only be restarted
    app = make_celery(settings.redis_url, settings.step_soft_time_limit_s, settings.step_time_limit_s)
    _register(app, settings, queue, make_runtime, spec)
    app.worker_main(
        [
            "worker",
            *("--queues", f"{queue},{PICTURE_QUEUE}" if queue == REPORT_QUEUE else queue),
            *("--hostname", f"{queue}@%h"),
            *("--concurrency", "1", "--pool", "prefork"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
            *("--loglevel", settings.log_level),
        ]
    )


@dataclass
class _Child:
    """The parts of the child process, which are built after the fork."""

    runner: StepRunner | None = None
    leaves_to: ProgressCache | None = None  # of the other workers, where this one cannot do its work
    pictures: PictureRunner | None = None
    stop_announcing: threading.Event | None = None


def _register(
    app: Celery,
    settings: Settings,
    queue: str,
    make_runtime: Callable[[ObjectStore], WorkerRuntime],
    spec: ModalitySpec | None,
) -> None:
    child = _Child()
    loop = LoopBeat()
    loop.watch(app)
    watch_for_stall(app, settings.redis_url)

    @worker_process_init.connect(weak=False)
    def build(**_signal: object) -> None:
        try:
            worker = f"{socket.gethostname()}-{os.getpid()}"
            configure_tracing(f"{queue}-worker", settings.otlp_endpoint)  # its thread must run in the child
            with without_collection():
                runtime = make_runtime(open_configured_store(settings))
            redis = connect(settings.redis_url)
            cache = ProgressCache(redis)
            gateway = GatewayClient(settings.gateway_url, settings.internal_token.get_secret_value())
            child.runner = StepRunner(gateway, cache, MeasuredHandler(runtime.handler), worker)
            if settings.worker_port is not None:
                serve(settings.worker_host, settings.worker_port, Health(redis, loop, has_model=runtime.complete))
            child.leaves_to = None if runtime.complete else cache
            if runtime.pictures:
                child.pictures = PictureRunner(runtime.pictures, cache)
            child.stop_announcing = _announce(cache, _announcement(worker, queue, spec, runtime), spec)
            log.info("worker_ready", worker=worker, queue=queue)
        except BaseException:
            # After a failed signal handler, Celery logs the error and keeps a child that cannot work, and it would
            # restart a child that ends, at once and forever. Therefore end the worker: its supervisor restarts it with
            # growing pauses.
            log.exception("worker_not_ready")
            sys.stderr.flush()
            os.kill(os.getppid(), signal.SIGTERM)
            os._exit(70)

    @worker_process_shutdown.connect(weak=False)
    def leave(**_signal: object) -> None:
        if child.stop_announcing is not None:
            child.stop_announcing.set()

    @app.task(name=TASK)
    # The gateway decides which step is next, regardless of the message.
    def step(job_id: str, name: StepName) -> None:
        assert child.runner is not None, "the child is built before it gets messages"
        if child.leaves_to is None or not leave_to_others(app, child.leaves_to, queue, job_id, name):
            child.runner.run(queue)

    @app.task(name=PICTURE_TASK, soft_time_limit=PICTURE_SOFT_TIME_LIMIT_S)
    def picture(source_key: str, target_prefix: str, kind: PictureKind) -> None:
        assert child.pictures is not None, "only the report service is asked for pictures"
        child.pictures.run(source_key, target_prefix, kind)


def _announcement(worker: str, queue: str, spec: ModalitySpec | None, runtime: WorkerRuntime) -> WorkerAnnouncement:
    pipeline = runtime.pipeline
    return WorkerAnnouncement(
        worker=worker,
        queue=queue,
        modality=spec.name if spec else None,
        manifest=pipeline.manifest if pipeline else None,
        model_card=pipeline.card if pipeline else None,
        beside=_additional_packages(pipeline.manifest, runtime.packages) if pipeline else [],
        adaptation=pipeline.adaptation if isinstance(pipeline, Adaptable) else None,
    )


def _additional_packages(main: ModelManifest, packages: Sequence[Path]) -> list[ModelPackage]:
    """The packages whose architecture differs from that of the pipeline's model."""
    found = [
        ModelPackage(
            manifest=ModelManifest.model_validate_json((folder / "model.json").read_text("utf-8")),
            card=(folder / "MODEL_CARD.md").read_text("utf-8"),
        )
        for folder in packages
    ]
    return [each for each in found if each.manifest.architecture.get("name") != main.architecture.get("name")]


def _announce(cache: ProgressCache, announcement: WorkerAnnouncement, spec: ModalitySpec | None) -> threading.Event:
    """Announce this worker and its modality from a thread, until the returned event is set."""
    stop = threading.Event()

    def repeat() -> None:
        while True:
            try:
                if spec is not None:
                    cache.announce_modality(spec)
                cache.announce(announcement)
            except RedisError as error:
                log.warning("not_announced", error=repr(error))
            if stop.wait(ANNOUNCE_EVERY_S):
                break
        with contextlib.suppress(RedisError):
            cache.withdraw(announcement)

    threading.Thread(target=repeat, name="announce", daemon=True).start()
    return stop
