"""The object store behind the S3 API (Amazon's, or any service that speaks it)."""

import http
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, BinaryIO, cast

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError, NoCredentialsError, PartialCredentialsError
from botocore.exceptions import ConnectionError as NoConnectionError
from botocore.exceptions import CredentialRetrievalError as CredentialsError

from lobule.storage.base import (
    ObjectNotFoundError,
    ObjectWriter,
    StoredObject,
    StoreFullError,
    StoreUnavailableError,
    checked_key,
)
from lobule.storage.seekable import SeekableView

PART_BYTES = 8 * 1024 * 1024  # S3 takes parts of at least 5 MiB
READ_BYTES = 1024 * 1024
CONNECT_S, SILENCE_S, TRIES = 5, 20, 2
"""A store that does not answer fails its request within a minute: boto3 waits up to ten, while a request of the gateway
holds a connection to the database."""
_CONNECTIONS = 40  # as many as the gateway has threads
_AWAY = (HTTPClientError, NoConnectionError, NoCredentialsError, PartialCredentialsError, CredentialsError)
_REFUSED = (401, 403, 408, 429)
"""Statuses of a store that cannot be used now: other credentials, a wrong clock, too many requests."""
_REFUSALS = ("NoSuchBucket", "ExpiredToken", "InvalidToken", "TokenRefreshRequired", "RequestTimeout")
"""Codes of the same with another status."""


class S3Store:
    """Objects in one bucket, below a prefix.

    Credentials come from the usual AWS sources (environment, files, roles).
    """

    def __init__(self, bucket: str, prefix: str = "", endpoint_url: str | None = None) -> None:
        self.bucket = bucket
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=endpoint_url,
            config=Config(
                connect_timeout=CONNECT_S,
                read_timeout=SILENCE_S,
                retries={"total_max_attempts": TRIES, "mode": "standard"},
                max_pool_connections=_CONNECTIONS,
            ),
        )

    def _where(self, key: str) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": self.prefix + checked_key(key)}

    @contextmanager
    def writer(self, key: str, *, durable: bool = True) -> Iterator[ObjectWriter]:  # noqa: ARG002 - they always are
        """See `ObjectStore.writer`: a multipart upload, aborted by an exception."""
        upload = _MultipartUpload(self._client, self._where(key))
        with _our_errors(key):
            try:
                yield upload
                upload.complete()
            except BaseException:
                with suppress(ClientError, *_AWAY):  # the bucket's lifecycle rule deletes the rest
                    upload.abort()
                raise

    def put(self, key: str, data: bytes) -> None:
        """See `ObjectStore.put`."""
        with _our_errors(key):
            self._client.put_object(**self._where(key), Body=data)

    def put_all(self, objects: Mapping[str, bytes]) -> None:
        """See `ObjectStore.put_all`."""
        for key, data in objects.items():
            self.put(key, data)

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        """See `ObjectStore.open`."""
        with _our_errors(key):
            size = int(self._client.head_object(**self._where(key))["ContentLength"])
        with io.BufferedReader(_RangeReader(self._client, self._where(key), size), READ_BYTES) as stream:
            yield cast(BinaryIO, stream)

    def get(self, key: str) -> bytes:
        """See `ObjectStore.get`."""
        with _our_errors(key), self._client.get_object(**self._where(key))["Body"] as body:
            return body.read()

    def delete(self, prefix: str) -> None:
        """See `ObjectStore.delete`."""
        below = self._where(prefix)["Key"] + "/"
        with _our_errors(prefix):
            self._client.delete_object(**self._where(prefix))
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=below):
                names = [{"Key": entry["Key"]} for entry in page.get("Contents", [])]
                if not names:
                    continue
                answer = self._client.delete_objects(Bucket=self.bucket, Delete={"Objects": names, "Quiet": True})
                if left := answer.get("Errors"):  # in an answer with status 200
                    raise StoreUnavailableError(f"{len(left)} objects were not deleted: {left[0].get('Message')}")

    def entries(self, prefix: str) -> Iterator[StoredObject]:
        """See `ObjectStore.entries`."""
        below = self._where(prefix)["Key"] + "/"
        with _our_errors(prefix):
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=below):
                for entry in page.get("Contents", []):
                    key = str(entry["Key"]).removeprefix(self.prefix)
                    yield StoredObject(key, int(entry["Size"]), entry["LastModified"])

    def forget_partial(self, before: datetime) -> int:  # noqa: ARG002
        """See `ObjectStore.forget_partial`; the bucket's lifecycle rule does this."""
        return 0

    def check(self) -> None:
        """See `ObjectStore.check`."""
        try:
            with _our_errors(self.bucket):
                self._client.head_bucket(Bucket=self.bucket)
        except ObjectNotFoundError:
            raise StoreUnavailableError(f"there is no bucket {self.bucket}") from None

    def space(self) -> None:
        """See `ObjectStore.space`; a bucket reports no size."""


@contextmanager
def _our_errors(key: str) -> Iterator[None]:
    try:
        yield
    except _AWAY as error:  # refused, timed out or interrupted, after several attempts of the client
        raise StoreUnavailableError(str(error)) from error
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code"))
        if code in ("NoSuchKey", "404"):
            raise ObjectNotFoundError(key) from None
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if status == http.HTTPStatus.INSUFFICIENT_STORAGE or "QuotaExceeded" in code:  # of a bucket or a user
            raise StoreFullError(str(error)) from error
        if status >= 500 or status in _REFUSED or code in _REFUSALS:
            raise StoreUnavailableError(str(error)) from error
        raise


class _RangeReader(SeekableView):
    """A seekable view of an object, read range by range, so that a header at a file's end costs one small request."""

    def __init__(self, client: Any, where: dict[str, str], size: int) -> None:
        super().__init__(size)
        self._client, self._where = client, where

    def readinto(self, buffer: Any) -> int:
        end = min(self.at + len(buffer), self.size)
        if end <= self.at:
            return 0
        with _our_errors(self._where["Key"]):
            answer = self._client.get_object(**self._where, Range=f"bytes={self.at}-{end - 1}")
            data = answer["Body"].read()
        buffer[: len(data)] = data
        self.at += len(data)
        return len(data)


class _MultipartUpload:
    """Collects bytes into parts; a small object is uploaded in one request."""

    def __init__(self, client: Any, where: dict[str, str]) -> None:
        self._client, self._where = client, where
        self._buffer = bytearray()
        self._upload_id: str | None = None
        self._parts: list[dict[str, Any]] = []

    def write(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= PART_BYTES:
            self._send(bytes(self._buffer[:PART_BYTES]))
            del self._buffer[:PART_BYTES]

    def _send(self, part: bytes) -> None:
        if self._upload_id is None:
            self._upload_id = self._client.create_multipart_upload(**self._where)["UploadId"]
        number = len(self._parts) + 1
        answer = self._client.upload_part(**self._where, UploadId=self._upload_id, PartNumber=number, Body=part)
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"]})

    def complete(self) -> None:
        if self._upload_id is None:
            self._client.put_object(**self._where, Body=bytes(self._buffer))
            return
        if self._buffer:
            self._send(bytes(self._buffer))
        self._client.complete_multipart_upload(
            **self._where, UploadId=self._upload_id, MultipartUpload={"Parts": self._parts}
        )

    def abort(self) -> None:
        if self._upload_id is not None:
            self._client.abort_multipart_upload(**self._where, UploadId=self._upload_id)
