"""Where Redis is: one server, or one that Sentinel names; the latter with real processes."""

import re
import shutil
import socket
import subprocess
import time
from contextlib import ExitStack

import pytest
from kombu.exceptions import OperationalError
from postgres import free_port
from redis import Redis
from redis.exceptions import ConnectionError as NoConnectionError
from redis.exceptions import TimeoutError as NoAnswerError

from lobule.dead_peers import TCP_OPTIONS
from lobule.queueing import announce, make_celery
from lobule.redis_address import broker, checked, connect

PATIENCE_S = 60


@pytest.mark.parametrize("url", ["redis://r:6379/0", "rediss://u:p@r", "unix:///run/redis.sock"])
def test_one_server(url):
    assert checked(url) == url
    assert broker(url) == (url.replace("unix://", "redis+socket://"), {})


def test_sentinels_with_passwords():
    url = "sentinel://me:s%40cret@a,b:5000/3?master=lobule&sentinel_password=other"
    brokers, options = broker(checked(url))
    assert brokers == "sentinel://me:s%40cret@a:26379/3;sentinel://me:s%40cret@b:5000/3"
    assert (options["master_name"], options["sentinel_kwargs"]["password"]) == ("lobule", "other")
    pool = connect(url).connection_pool
    named = {name: pool.connection_kwargs[name] for name in ("username", "password", "db")}
    assert named == {"username": "me", "password": "s@cret", "db": 3}


def test_sentinels_by_their_ipv6_addresses():
    url = "sentinel://[::1]:26379,[::2]/0?master=lobule"
    assert broker(checked(url))[0] == "sentinel://[::1]:26379/0;sentinel://[::2]:26379/0"


@pytest.mark.parametrize(
    "url",
    [
        "http://r",
        "r:6379",
        "sentinel://a:26379/0",
        "sentinel:///0?master=lobule",
        "sentinel://a:x/0?master=lobule",
        "sentinel://a/x?master=lobule",
        "sentinel://a,,b/0?master=lobule",
        "sentinel://a/0?master=lobule&unknown=1",
    ],
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(ValueError, match=r"\w"):
        checked(url)


@pytest.mark.parametrize(
    "url",
    [
        "sentinel://:pa/ss@host:26379/0?master=x",
        "sentinel://:pa@ss,,host:26379/0?master=x",
        "sentinel://:pa?ss@host:26379/0?master=x",
        "sentinel://:pa#ss@host:26379/0?master=x",
        "sentinel://:pa\u2100ss@host:26379/0?master=x",
        "sentinel://host:pass/0?master=x",
        "redis://:pa/ss@host:6379/0",
        "rediss://host:pass",
    ],
)
def test_the_message_of_a_wrong_address_holds_nothing_of_its_password(url):
    """Settings that cannot be read are printed with it to the log."""
    with pytest.raises(ValueError, match="it must be like") as refused:
        checked(url)
    assert not re.search("pa|ss", str(refused.value).replace("a password", ""))
    assert refused.value.__suppress_context__, "a traceback would show the message of the first error"


@pytest.fixture
def watched(tmp_path):
    """A Redis, its replica and a Sentinel, all with a password.

    Gives the address, and what kills the Redis and waits until Sentinel has promoted the replica. Until then
    Sentinel is patient, so that it takes no server for dead on a busy machine.
    """
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    port, replica, own = free_port(), free_port(), free_port()
    conf = tmp_path / "sentinel.conf"
    conf.write_text(
        f"port {own}\ndir {tmp_path}\nsentinel monitor lobule 127.0.0.1 {port} 1\n"
        "sentinel auth-pass lobule secret\nsentinel down-after-milliseconds lobule 60000\nrequirepass other\n"
    )
    common = ["--save", "", "--requirepass", "secret", "--masterauth", "secret", "--dir", str(tmp_path)]
    redis = [program, "--port", str(port), "--repl-diskless-sync-delay", "0", *common]
    copy = [program, "--port", str(replica), *common, "--replicaof", "127.0.0.1", str(port)]
    with ExitStack() as stack:

        def start(command: list[str]) -> subprocess.Popen:
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        first = start(redis)
        start(copy)
        until(lambda: Redis(port=replica, password="secret").info("replication")["master_link_status"] == "up")
        start([program, str(conf), "--sentinel"])
        sentinel = Redis(port=own, password="other", decode_responses=True)
        until(lambda: [known["master-link-status"] for known in sentinel.sentinel_slaves("lobule")] == ["ok"])
        url = f"sentinel://:secret@127.0.0.1:{own}/0?master=lobule&sentinel_password=other"

        def fail_over() -> None:
            first.kill()
            sentinel.sentinel_set("lobule", "down-after-milliseconds", 300)
            until(lambda: sentinel.sentinel_get_master_addr_by_name("lobule")[1] == replica)

        yield url, fail_over


def until(holds) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            if holds():
                return
        except (NoConnectionError, NoAnswerError, OperationalError):
            pass
        time.sleep(0.05)
    raise AssertionError("it does not come")


def test_cache_and_broker_follow_the_promoted_replica(watched):
    url, fail_over = watched
    cache, celery = connect(url), make_celery(url)
    cache.set("a", "b")
    announce(celery, "histo", "job", "inference")
    assert cache.llen("histo") == 1
    fail_over()
    until(lambda: cache.set("c", "d"))
    before = cache.llen("histo")
    until(lambda: announce(celery, "histo", "job", "inference") or True)
    assert cache.llen("histo") == before + 1


def test_a_connection_whose_server_has_vanished_is_given_up(watched):
    """Such as after a power failure: otherwise an announcement would wait for 15 minutes, and all behind it."""
    url, _ = watched
    host, port = connect(url).connection_pool.get_master_address()
    for each in (url, f"redis://:secret@{host}:{port}/0"):
        with make_celery(each).connection_for_write() as connection:
            pool = connection.default_channel.client.connection_pool
            broker_connection = pool.get_connection()
            said = broker_connection._sock
            assert said.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            options = {name: said.getsockopt(socket.IPPROTO_TCP, name) for name in TCP_OPTIONS}
            assert options == TCP_OPTIONS
            pool.release(broker_connection)
