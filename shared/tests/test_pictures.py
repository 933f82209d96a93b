"""A file that ends whoever draws it is given up after three tries, however often its message comes."""

import contextlib

import pytest
from redis import Redis

from lobule.progress_cache import ProgressCache
from lobule.redis_address import connect
from lobule.worker.pictures import MOST_TRIES, PictureRunner


class Killed(BaseException):
    """In the place of the end of the process."""


class Drawing:
    """Draws, or is killed while it does."""

    def __init__(self, *, poison: bool) -> None:
        self.poison, self.drawn, self.given_up = poison, 0, []

    def draw(self, source_key, target_prefix, kind):
        self.drawn += 1
        if self.poison:
            raise Killed

    def give_up(self, target_prefix, error):
        self.given_up.append((target_prefix, error.code, error.values))


def deliver(runner, times):
    for _ in range(times):
        with contextlib.suppress(Killed):
            runner.run("previews/u/a/original", "previews/u/a", "preview")


def test_a_poisonous_file_is_given_up(clean_redis):
    drawing = Drawing(poison=True)
    deliver(PictureRunner(drawing, ProgressCache(connect(clean_redis))), 21)
    assert drawing.drawn == MOST_TRIES
    assert drawing.given_up == [("previews/u/a", "worker_lost", {"count": tries}) for tries in range(MOST_TRIES, 21)]
    assert Redis.from_url(clean_redis).ttl("lobule:picture-tries:previews/u/a") > 0, "it may be tried again later"


def test_a_file_that_is_drawn_again_and_again_is_not(clean_redis):
    drawing = Drawing(poison=False)
    deliver(PictureRunner(drawing, ProgressCache(connect(clean_redis))), 10)
    assert (drawing.drawn, drawing.given_up) == (10, [])


@pytest.mark.parametrize("poison", [True, False])
def test_without_redis_it_is_drawn(poison):
    drawing = Drawing(poison=poison)
    deliver(PictureRunner(drawing, ProgressCache(connect("redis://127.0.0.1:9"))), 1)
    assert drawing.drawn == 1
