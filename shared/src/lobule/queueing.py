"""The Celery application of gateway and workers. Messages carry identifiers, never content."""

from celery import Celery

from lobule.broker import release_prefetch_slots
from lobule.contracts.pictures import PictureKind
from lobule.contracts.queues import PICTURE_QUEUE, REPORT_QUEUE
from lobule.contracts.steps import StepName
from lobule.dead_peers import TCP_OPTIONS
from lobule.modalities import PACKAGED
from lobule.redis_address import broker

TASK = "lobule.step"
PICTURE_TASK = "lobule.picture"

QUEUES = (*(spec.queue for spec in PACKAGED.values()), REPORT_QUEUE)
"""The queues of Lobule's own services; a worker of another modality announces its own."""


def make_celery(redis_url: str, soft_time_limit: float = 300, time_limit: float = 330) -> Celery:
    """Create the Celery application with settings for safe delivery.

    Args:
        redis_url: See `lobule.redis_address`.
        soft_time_limit: Seconds after which a step is asked to stop.
        time_limit: Seconds after which the process of a step is killed.
    """
    release_prefetch_slots()
    url, of_transport = broker(redis_url)
    app = Celery("lobule", broker=url, set_as_current=False)
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        # A message is acknowledged after the work. The database decides which worker runs a step, so a second delivery
        # is harmless.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        task_soft_time_limit=soft_time_limit,
        task_time_limit=time_limit,
        worker_proc_alive_timeout=180,  # a child loads and warms up its model before it reports that it is ready
        worker_hijack_root_logger=False,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "visibility_timeout": 3600,
            "socket_connect_timeout": 5,
            "socket_keepalive": True,
            "socket_keepalive_options": TCP_OPTIONS,
            **of_transport,
        },
        task_publish_retry=False,  # the relay retries messages that are still in the outbox
    )
    return app


def announce(app: Celery, queue: str, job_id: str, step: StepName) -> None:
    """Announce a waiting step to the workers of a queue.

    There is one message for each step, but a worker that receives it claims whichever step of the queue is next. The
    names are for workers of an earlier version, which claim the step that the message names.

    Raises:
        kombu.exceptions.OperationalError: Redis cannot be reached.
    """
    app.send_task(TASK, args=[job_id, step], queue=queue)


def ask_for_picture(app: Celery, source_key: str, target_prefix: str, kind: PictureKind) -> None:
    """Ask the report service to draw a picture that a browser cannot decode (see `lobule.contracts.pictures`).

    The request expires after a minute, because the client has given up by then.

    Raises:
        kombu.exceptions.OperationalError: Redis cannot be reached.
    """
    app.send_task(PICTURE_TASK, args=[source_key, target_prefix, kind], queue=PICTURE_QUEUE, expires=60)
