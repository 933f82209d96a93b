"""What a store behind S3 refuses is an outage or a full store, not a fault of Lobule."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from lobule.storage import StoreFullError, StoreUnavailableError, open_store, s3

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


@pytest.fixture
def answering(monkeypatch):
    """Makes a store whose server gives the same answer to every request."""
    monkeypatch.setattr(s3, "TRIES", 1)
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)  # it keeps the credentials of other tests
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    for name in KEYS:
        monkeypatch.setenv(name, "test")
    servers = []

    def make(status: int, body: str):
        class Answer(BaseHTTPRequestHandler):
            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                content = b"" if self.command == "HEAD" else body.encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer  # noqa: N815 - names of http.server

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Answer))
        threading.Thread(target=servers[-1].serve_forever, args=(0.01,), daemon=True).start()
        return open_store("s3://bucket/lobule", f"http://127.0.0.1:{servers[-1].server_address[1]}")

    yield make
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (403, "AccessDenied", StoreUnavailableError),
        (403, "InvalidAccessKeyId", StoreUnavailableError),
        (403, "RequestTimeTooSkewed", StoreUnavailableError),
        (400, "ExpiredToken", StoreUnavailableError),
        (404, "NoSuchBucket", StoreUnavailableError),
        (429, "TooManyRequests", StoreUnavailableError),
        (403, "QuotaExceeded", StoreFullError),
        (400, "XMinioAdminBucketQuotaExceeded", StoreFullError),
        (507, "XMinioStorageFull", StoreFullError),
    ],
)
def test_what_is_refused(answering, status, code, kind):
    store = answering(status, f"<Error><Code>{code}</Code><Message>No.</Message></Error>")
    with pytest.raises(kind, match=code):
        store.put("images/a", b"film")
    with pytest.raises(kind, match=code):
        store.get("images/a")
    with pytest.raises(kind, match=code):
        list(store.entries("images"))


def test_a_bucket_that_is_missing_is_named(answering):
    with pytest.raises(StoreUnavailableError, match="there is no bucket bucket"):
        answering(404, "").check()


def test_credentials_that_are_missing(answering, monkeypatch, tmp_path):
    for name in KEYS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(StoreUnavailableError, match="credentials"):
        answering(200, "").put("images/a", b"film")


def test_objects_that_are_not_deleted_are_told(answering):
    """S3 answers with status 200, and names what it did not delete."""
    listed = "<Contents><Key>lobule/images/a/original</Key><Size>4</Size></Contents>"
    left = "<Error><Key>lobule/images/a/original</Key><Code>AccessDenied</Code><Message>It is locked.</Message></Error>"
    store = answering(200, f"<Result><IsTruncated>false</IsTruncated>{listed}{left}</Result>")
    with pytest.raises(StoreUnavailableError, match="1 objects were not deleted: It is locked"):
        store.delete("images/a")
