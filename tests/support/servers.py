"""Servers that a system can use instead of its own Redis, SQLite and folder."""

import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import postgres
from redis import Redis
from redis.exceptions import RedisError

from lobule.launcher.redis_server import redis_command

BUCKET = "lobule"
_START_S = 60.0


@contextmanager
def running_redis() -> Iterator[str]:
    """Run a real Redis on a Unix socket; yields its address."""
    folder = Path(f"/tmp/lobule-test-{secrets.token_hex(4)}")  # a Unix socket's path must be short
    folder.mkdir()
    process = subprocess.Popen(redis_command(folder / "redis.sock"))
    url = f"unix://{folder / 'redis.sock'}"
    try:
        _wait_for_redis(url)
        yield url
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for_redis(url: str) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        try:
            Redis.from_url(url).ping()
            return
        except RedisError as error:
            if time.monotonic() > deadline:
                raise TimeoutError("Redis does not come up") from error
            time.sleep(0.1)


@dataclass(frozen=True)
class Servers:
    """A PostgreSQL database, a Redis and an S3 bucket.

    Attributes:
        database_url: Address of the database, which is initially empty.
        s3: A client of the store with the bucket.
        environment: Settings of a system that uses the servers.
    """

    database_url: str
    s3: Any
    environment: dict[str, str] = field(default_factory=dict)


@contextmanager
def running_servers(postgres_server: str) -> Iterator[Servers]:
    """Run servers for one system.

    Args:
        postgres_server: Address of a PostgreSQL, in which a database is created.
    """
    import boto3  # with Moto, it takes a second to import
    from moto.server import ThreadedMotoServer

    store = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    store.start()
    host, port = store.get_host_and_port()
    endpoint, region = f"http://{host}:{port}", "eu-west-1"
    s3 = boto3.client(
        "s3", endpoint_url=endpoint, region_name=region, aws_access_key_id="test", aws_secret_access_key="test"
    )
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": region})
    database = postgres.new_database(postgres_server)
    try:
        with running_redis() as redis_url:
            environment = {
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "AWS_DEFAULT_REGION": region,
                "LOBULE_DATABASE_URL": database,
                "LOBULE_OBJECT_STORE_URL": f"s3://{BUCKET}/objects",
                "LOBULE_REDIS_URL": redis_url,
                "LOBULE_S3_ENDPOINT_URL": endpoint,
            }
            yield Servers(database, s3, environment)
    finally:
        postgres.drop_database(database)
        store.stop()
