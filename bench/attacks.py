"""Attacks a running gateway on PostgreSQL, one attack after another, and measures the effect on other clients.

uv run --no-sync python bench/attacks.py [--only NAME] [--seconds 10]

For each attack it prints the largest growth of the gateway's memory in MB, the 99th percentile of another client's
requests to `/healthz`, the longest stall of the event loop, and the answers that the attacker got. The limits are 200
MB, 50 ms and 100 ms. Other work on the machine can exceed the last two, so the first and the last row show the gateway
at rest. Exits with status 1 if an attack needed more memory than the limit.
"""

import http.client
import multiprocessing
import os
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from typing import Annotated

import httpx
import numpy as np
import psutil
import typer
from hostile_files import uploads
from memory import peak, reset_peak, resident
from memory_limits import gateway_alone
from postgres import new_database, running_postgres

MOST_MB, MOST_HEALTH_MS, MOST_STALL_MS = 200.0, 50.0, 100.0
_EVERY_S = 0.02
_PIECE = b"x" * 65_536
_FORK = multiprocessing.get_context("fork")


@dataclass(frozen=True)
class Target:
    """The gateway under attack.

    Attributes:
        host: Host of the gateway.
        port: Port of the gateway.
        token: A user's API token.
        seconds: Duration of attacks that have no natural end.
    """

    host: str
    port: int
    token: str
    seconds: float

    @property
    def url(self) -> str:
        """Base URL of the gateway."""
        return f"http://{self.host}:{self.port}"

    def connect(self) -> socket.socket:
        """Open a connection to the gateway."""
        return socket.create_connection((self.host, self.port), 30)


Attack = Callable[[Target], Counter[str]]


def rest(target: Target) -> Counter[str]:
    """Do nothing."""
    time.sleep(target.seconds)
    return Counter()


def hostile_uploads(target: Target) -> Counter[str]:
    """Upload files that announce huge sizes or inflate to them, one after another."""
    answers = Counter[str]()
    headers = {"Authorization": f"Bearer {target.token}"}
    for _, make in uploads():
        files = {"file": ("a", make())}
        answer = httpx.post(
            f"{target.url}/api/v1/images", headers=headers, data={"modality": "mammography"}, files=files, timeout=120
        )
        answers[str(answer.json().get("code", answer.status_code))] += 1
    return answers


def many_logins(target: Target) -> Counter[str]:
    """Send sixty logins at once, each with another name."""

    def guess(number: int) -> str:
        login = {"username": f"nobody{number}", "password": "a guess that is wrong"}
        return str(httpx.post(f"{target.url}/api/v1/auth/token", json=login, timeout=60).status_code)

    return _in_parallel(60, guess)


def long_json(target: Target) -> Counter[str]:
    """Send 400 MB of JSON as a login."""
    return Counter([_send(target, "/api/v1/auth/token", "application/json", b'{"username": "', 400 << 20)])


def endless_fields(target: Target) -> Counter[str]:
    """Send a form with an endless number of fields."""
    field = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n'
    kind = "multipart/form-data; boundary=b"
    return Counter([_send(target, "/api/v1/images", kind, field * 1000, 200 << 20, field * 1000)])


def slow_bodies(target: Target) -> Counter[str]:
    """Send two hundred request bodies very slowly, byte by byte."""

    def drip(_number: int) -> str:
        with target.connect() as connection:
            connection.sendall(_head(target, "/api/v1/images", "multipart/form-data; boundary=b", 1 << 20))
            deadline = time.monotonic() + target.seconds
            with suppress(OSError):
                while time.monotonic() < deadline:
                    connection.sendall(b"x")
                    time.sleep(1)
            return "held"

    return _in_parallel(200, drip)


def invented_methods(target: Target) -> Counter[str]:
    """Send two thousand requests with unknown methods."""
    answers = Counter[str]()
    with httpx.Client(base_url=target.url, timeout=30) as http:
        for number in range(2000):
            answers[str(http.request(f"M{number}", "/api/v1/jobs").status_code)] += 1
    return answers


def long_headers(target: Target) -> Counter[str]:
    """Send endless request headers."""
    with target.connect() as connection:
        with suppress(OSError):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n")
            for number in range(200_000):
                connection.sendall(b"X-%d: %s\r\n" % (number, b"x" * 1000))
        return Counter([_status(connection)])


ATTACKS: dict[str, Attack] = {
    "at rest": rest,
    "hostile uploads": hostile_uploads,
    "60 logins at once": many_logins,
    "400 MB of JSON": long_json,
    "endless fields": endless_fields,
    "200 slow bodies": slow_bodies,
    "2,000 invented methods": invented_methods,
    "endless headers": long_headers,
    "at rest again": rest,
}


class Watcher:
    """Another client, which requests `/healthz` and sends malformed requests, which the event loop itself refuses.

    It runs in a separate process, because in the attacker's it would wait for the attacker's threads.
    """

    def __init__(self, target: Target) -> None:
        self._target, self._over = target, _FORK.Event()
        self.health_ms, self.loop_ms = list[float](), list[float]()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch until the context ends."""
        answer = _FORK.SimpleQueue()
        process = _FORK.Process(target=self._watch, args=(answer,), daemon=True)
        process.start()
        try:
            yield
        finally:
            self._over.set()
            self.health_ms, self.loop_ms = answer.get()
            process.join()

    def _watch(self, answer: "SimpleQueue[tuple[list[float], list[float]]]") -> None:
        watched = ((self._ask, self.health_ms), (self._knock, self.loop_ms))
        threads = [threading.Thread(target=self._repeat, args=each) for each in watched]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        answer.put((self.health_ms, self.loop_ms))

    def _repeat(self, what: Callable[[], None], milliseconds: list[float]) -> None:
        while True:  # at least once, even if the attack is short
            started = time.perf_counter()
            what()
            milliseconds.append((time.perf_counter() - started) * 1000)
            if self._over.wait(_EVERY_S):
                return

    def _ask(self) -> None:
        connection = http.client.HTTPConnection(self._target.host, self._target.port, timeout=60)
        connection.request("GET", "/healthz")
        if connection.getresponse().status != 200:
            raise AssertionError("/healthz does not answer 200")
        connection.close()

    def _knock(self) -> None:
        with self._target.connect() as connection:
            connection.sendall(b"no request of HTTP\r\n\r\n")
            connection.recv(100)


def _head(target: Target, path: str, kind: str, length: int) -> bytes:
    named = {"Host": target.host, "Authorization": f"Bearer {target.token}", "Content-Type": kind}
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items())]
    return "\r\n".join([*lines, f"Content-Length: {length}", "", ""]).encode()


def _send(target: Target, path: str, kind: str, begin: bytes, length: int, piece: bytes = _PIECE) -> str:
    """Send a long body until it is refused or the time is over; returns the status."""
    with target.connect() as connection:
        connection.sendall(_head(target, path, kind, length) + begin)
        sent, deadline = len(begin), time.monotonic() + 3 * target.seconds
        with suppress(OSError):
            while sent + len(piece) < length and time.monotonic() < deadline:
                connection.sendall(piece)
                sent += len(piece)
        return _status(connection)


def _status(connection: socket.socket) -> str:
    try:
        return connection.recv(100).partition(b" ")[2][:3].decode() or "closed"
    except OSError:
        return "cut off"


def _in_parallel(count: int, act: Callable[[int], str]) -> Counter[str]:
    answers = Counter[str]()

    def once(number: int) -> None:
        try:
            answers.update([act(number)])
        except httpx.TimeoutException:  # the attacker's patience ends, not the gateway
            answers.update(["given up"])

    threads = [threading.Thread(target=once, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def main(
    only: Annotated[str, typer.Option(help="attacks with this in their name")] = "",
    seconds: Annotated[float, typer.Option(help="duration of attacks that have no natural end")] = 10.0,
) -> None:
    """Run the attacks."""
    worst = 0.0
    with running_postgres() as server, tempfile.TemporaryDirectory() as folder:
        os.environ["LOBULE_DATABASE_URL"] = new_database(server)
        with gateway_alone(Path(folder)) as (client, process):
            command = psutil.Process(process).cmdline()
            port = int(command[command.index("--port") + 1])
            made = client.call("POST", "/api/v1/tokens", json={"name": "attacks", "scopes": ["read", "write"]})
            target = Target("127.0.0.1", port, made["secret"], seconds)
            hostile = {name: attack for name, attack in ATTACKS.items() if only in name or attack is rest}
            at_rest = resident(process)
            print(f"at rest the gateway holds {at_rest:.0f} MB")
            print("| attack | grown MB | healthz p50, p99, ms | loop p99, longest, ms | answers |")
            print("| --- | ---: | ---: | ---: | --- |", flush=True)
            for name, attack in hostile.items():
                watcher = Watcher(target)
                reset_peak(process)
                with watcher.watching():
                    answers = attack(target)
                grown = peak(process) - at_rest
                worst = max(worst, grown)
                health = np.percentile(watcher.health_ms, [50, 99])
                loop = np.percentile(watcher.loop_ms, 99), max(watcher.loop_ms)
                summary = ", ".join(f"{count} x {answer}" for answer, count in answers.most_common(6))
                figures = f"{health[0]:.0f}, {health[1]:.0f} | {loop[0]:.0f}, {loop[1]:.0f}"
                print(f"| {name} | {grown:.0f} | {figures} | {summary} |", flush=True)
    print(f"limits: {MOST_MB:.0f} MB, healthz p99 {MOST_HEALTH_MS:.0f} ms, loop {MOST_STALL_MS:.0f} ms")
    sys.exit(1 if worst > MOST_MB else 0)


if __name__ == "__main__":
    typer.run(main)
