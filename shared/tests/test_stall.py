"""A worker that takes nothing although something waits is told from one that is idle, busy or cut off."""

import subprocess
import sys
import time

from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from lobule.launcher.redis_server import redis_command
from lobule.progress_cache import ProgressCache
from lobule.queueing import make_celery
from lobule.worker.stall import StallWatch, messages_waiting


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def seconds_until_stalled(watch: StallWatch, clock: Clock, longest: float = 100.0) -> float | None:
    while clock.now < longest:
        if watch.stalled():
            return clock.now
        clock.now += 3.0
    return None


def test_waiting_messages_that_nobody_takes(clean_redis):
    clock, redis = Clock(), Redis.from_url(clean_redis)
    watch = StallWatch(lambda: ProgressCache(redis).waiting("histo"), lambda: 0, 30.0, clock)
    assert seconds_until_stalled(watch, clock) is None
    clock.now = 0.0
    redis.lpush("histo", "message")
    assert seconds_until_stalled(watch, clock) == 30.0


def test_a_worker_at_work_is_not_stalled():
    clock = Clock()
    assert seconds_until_stalled(StallWatch(lambda: 9, lambda: 1, 30.0, clock), clock) is None


def test_a_message_taken_in_between_begins_the_count_anew():
    clock = Clock()
    watch = StallWatch(lambda: 1, lambda: int(clock.now == 27.0), 30.0, clock)
    assert seconds_until_stalled(watch, clock) == 60.0


def test_a_redis_that_is_away_says_nothing():
    clock = Clock()

    def away() -> int:
        raise RedisConnectionError

    assert seconds_until_stalled(StallWatch(away, lambda: 0, 30.0, clock), clock) is None


def test_every_queue_of_a_worker_is_watched(clean_redis):
    """The report service takes pictures, too."""
    app, redis = make_celery(clean_redis), Redis.from_url(clean_redis)
    app.amqp.queues.select(["report", "pictures"])  # as the option --queues
    redis.lpush("pictures", "message")
    redis.lpush("histo", "of other workers")
    assert messages_waiting(app, ProgressCache(redis)) == 1


WORKER = """
import sys, time
from lobule.queueing import make_celery
from lobule.worker.stall import watch_for_stall

url, done = sys.argv[1:]
app = make_celery(url)
watch_for_stall(app, url, patience_s=60)

@app.task(name="slow")
def slow(seconds):
    time.sleep(seconds)
    open(done, "a").write("x")

app.worker_main(["worker", "--queues", "histo", "--concurrency", "1", "--pool", "prefork", "--without-gossip",
                 "--without-mingle", "--without-heartbeat"])
"""


def test_a_worker_goes_on_after_an_acknowledgement_that_redis_did_not_get(tmp_path):
    """Redis dies while a task runs and comes back after it ended."""
    socket, done = tmp_path / "r.sock", tmp_path / "done"
    url = f"unix://{socket}"
    redis = subprocess.Popen(redis_command(socket))
    worker = None
    try:
        until(lambda: Redis.from_url(url).ping())
        worker = subprocess.Popen([sys.executable, "-c", WORKER, url, str(done)])
        make_celery(url).send_task("slow", args=[3], queue="histo")
        until(lambda: Redis.from_url(url).llen("histo") == 0)
        time.sleep(0.5)
        redis.kill()
        redis.wait()
        until(done.exists)
        time.sleep(1)  # the acknowledgement fails
        redis = subprocess.Popen(redis_command(socket))
        until(lambda: Redis.from_url(url).ping())
        make_celery(url).send_task("slow", args=[0], queue="histo")
        until(lambda: done.read_text() == "xx", 50)  # before the watch would end it
        assert worker.poll() is None
    finally:
        for process in (worker, redis):
            if process is not None:
                process.kill()
                process.wait()


def until(holds, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if holds():
                return
        except RedisConnectionError:
            pass
        assert time.monotonic() < deadline
        time.sleep(0.1)
