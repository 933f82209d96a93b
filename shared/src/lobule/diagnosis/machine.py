"""Checks of this machine: Redis, the object store, disks, files and the port."""

import errno
import os
import shutil
import socket
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
from redis.exceptions import AuthenticationError, NoPermissionError

from lobule.decoding.confinement import filters_calls
from lobule.diagnosis.check import Check, Checker, Installation
from lobule.launcher.errors import StartError
from lobule.launcher.redis_server import redis_command
from lobule.launcher.system import address_of
from lobule.redis_address import connect
from lobule.settings import variable
from lobule.storage.base import StoreFullError
from lobule.storage.opening import open_store

_MIN_FREE_BYTES = 2 * 1024**3
_RESERVE_BYTES = 512 * 1024**2  # of the gateway's settings, where they name no other
_TEMPORARY_BYTES = 32 * 1024**2
_GIGABYTE = 1024**3


def redis(installation: Installation) -> Iterator[Check]:
    """Check that the Redis of the environment answers and never evicts messages, or that Redis can be started."""
    url = variable("REDIS_URL")
    if url is None:
        if not installation.embedded:
            yield Check("redis", "problem", "redis_unnamed")
            return
        try:
            command = redis_command(Path(tempfile.gettempdir()) / "redis.sock")
        except StartError:
            yield Check("redis", "problem", "redis_missing")
        else:
            yield Check("redis", "ok", "redis_program", {"program": command[0]})
        return
    client = connect(url)
    try:
        version = client.info("server")["redis_version"]
        policy = client.info("memory").get("maxmemory_policy", "noeviction")
    except (AuthenticationError, NoPermissionError):
        yield Check("redis", "problem", "redis_refuses")
        return
    except Exception as error:  # noqa: BLE001 - any error means that this Redis cannot be used
        yield Check("redis", "problem", "redis_away", {"reason": str(error)})
        return
    if policy.startswith("allkeys"):
        yield Check("redis", "warning", "redis_evicts", {"policy": policy})
    else:
        yield Check("redis", "ok", "redis", {"version": version})


def store(installation: Installation) -> Iterator[Check]:
    """Check that the object store can be reached, written and read, and that its disk has space."""
    url = variable("OBJECT_STORE_URL")
    if url is None:
        if not installation.embedded:
            yield Check("store", "problem", "store_unnamed")
            return
        if not (installation.home / "objects").is_dir():
            return  # `lobule up` creates it; the disk below it is checked in any case
        url = (installation.home / "objects").as_uri()
    key = f"doctor/{os.getpid()}"
    try:
        opened = open_store(url, variable("S3_ENDPOINT_URL"))
        opened.check()
        opened.put(key, b"lobule")
        whole = opened.get(key) == b"lobule"
        opened.delete("doctor")
    except StoreFullError:
        yield Check("store", "problem", "store_full", {"url": url})
        return
    except Exception as error:  # noqa: BLE001 - any error means that this store cannot be used
        yield Check("store", "problem", "store_fails", {"url": url, "reason": str(error)})
        return
    if not whole:
        yield Check("store", "problem", "store_fails", {"url": url, "reason": "an object came back changed"})
        return
    space = opened.space()
    yield (space and _shortage("store", url, space.free_bytes)) or Check("store", "ok", "store", {"url": url})


def disk(installation: Installation) -> Iterator[Check]:
    """Check that the disks of the folder and of temporary files have space.

    Uploads are no temporary files: reports need little space there, and a container has little.
    """
    temporary, home = Path(tempfile.gettempdir()), _existing(installation.home) if installation.embedded else None
    if home is None or temporary.stat().st_dev != home.stat().st_dev:
        free = shutil.disk_usage(temporary).free
        short = free < _TEMPORARY_BYTES
        values = {"path": temporary, "free": _size(free)}
        yield Check("disk", "problem" if short else "ok", "no_temporary_space" if short else "space", values)
    if home is not None:
        free = shutil.disk_usage(home).free
        yield _shortage("disk", home, free) or Check("disk", "ok", "space", {"path": home, "free": _size(free)})


def files(installation: Installation) -> Iterator[Check]:
    """Check that secrets and database of the folder belong to this user, and that nobody else can read them.

    Root looks after the folder of another user: there, all must belong to the folder's owner.
    """
    if not installation.embedded or not installation.home.is_dir():
        return
    owner = os.getuid() or installation.home.stat().st_uid
    for file in sorted((*installation.home.glob("secrets.json"), *installation.home.glob("lobule.sqlite"))):
        status = file.stat()
        if status.st_uid != owner:
            yield Check("files", "problem", "foreign_file", {"path": file, "user": status.st_uid})
        elif stat.S_IMODE(status.st_mode) & 0o077:
            yield Check("files", "warning", "open_file", {"path": file, "mode": oct(stat.S_IMODE(status.st_mode))})
        else:
            yield Check("files", "ok", "private_file", {"path": file})


def port(installation: Installation) -> Iterator[Check]:
    """Check that the port is free for `lobule up`, or that Lobule answers there."""
    if not installation.embedded:
        return
    host, number = installation.host, installation.port
    address = address_of(host, number)
    try:
        with socket.create_server((host, number), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            yield Check("port", "ok", "port_free", {"address": address})
            return
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            # Python appends the address, which the sentence already names.
            reason = (error.strerror or str(error)).split(" (while")[0]
            yield Check("port", "problem", "port_refused", {"address": address, "reason": reason})
            return
    try:
        ours = httpx.get(f"{address}/healthz", timeout=3, trust_env=False).json() == {"status": "ok"}
    except (httpx.HTTPError, ValueError):
        ours = False
    values = {"address": address}
    yield Check("port", "ok", "port_ours", values) if ours else Check("port", "problem", "port_taken", values)


def decoder(_installation: Installation) -> Iterator[Check]:
    """Check that the decoder process can filter its system calls."""
    if sys.platform == "linux" and filters_calls():
        yield Check("decoder", "ok", "decoder_filtered")
    else:
        yield Check("decoder", "warning", "decoder_unfiltered")


def _shortage(part: str, path: object, free: int) -> Check | None:
    """What to say of a disk with little space; None if it has enough."""
    values = {"path": path, "free": _size(free)}
    if free < int(variable("RESERVE_BYTES") or _RESERVE_BYTES):
        return Check(part, "problem", "no_space", values)
    return Check(part, "warning", "little_space", values) if free < _MIN_FREE_BYTES else None


def _existing(folder: Path) -> Path:
    """The folder, or its nearest existing parent."""
    return next(each for each in (folder, *folder.parents) if each.exists())


def _size(count: int) -> str:
    return f"{count / _GIGABYTE:.1f} GB" if count >= _GIGABYTE / 10 else f"{count / 1024**2:.0f} MB"


CHECKERS: tuple[Checker, ...] = (redis, store, disk, files, port, decoder)
