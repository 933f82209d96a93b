"""The same code on servers of its own: PostgreSQL, a Redis from elsewhere, an S3 store. Only settings differ."""

import time

import boto3
import psycopg
import pytest
from moto.server import ThreadedMotoServer

from lobule.client import Client
from lobule.launcher.system import DEMO, running_system
from lobule.layout import report_file


@pytest.fixture
def s3_bucket(monkeypatch):
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    for name, value in {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "DEFAULT_REGION": "eu-west-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    client = boto3.client("s3", endpoint_url=endpoint)
    client.create_bucket(Bucket="lobule", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    monkeypatch.setenv("LOBULE_OBJECT_STORE_URL", "s3://lobule/objects")
    monkeypatch.setenv("LOBULE_S3_ENDPOINT_URL", endpoint)
    yield client
    server.stop()


@pytest.mark.postgres
def test_from_upload_to_report(tmp_path, monkeypatch, postgres_url, clean_redis, s3_bucket, real_field, shared_data):
    monkeypatch.setenv("LOBULE_DATABASE_URL", postgres_url)
    monkeypatch.setenv("LOBULE_REDIS_URL", clean_redis)
    with (
        running_system(tmp_path, "127.0.0.1", 0, show_logs=False, log_format="json", say=print) as system,
        Client(system.url, DEMO, system.home.secrets["demo_password"]) as client,
    ):
        job = client.upload(real_field, "histopathology")
        *_, last = client.follow(job, time.sleep)
        assert last.state == "done", last
        assert b"<html" in client.report(job, "html")
        film = client.upload(sorted((shared_data / "mias").rglob("mdb*.jpg"))[0], "mammography", view="MLO")
        *_, last = client.follow(film, time.sleep)
        assert last.state == "done", last
        result = client.result(film)
        assert result.model.name.startswith("mammo")
        assert result.assessment == result.thresholds.assess(result.probability_malignant)
        assert all(0 <= finding.box.x < result.image.width for finding in result.findings)
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as database:
        assert database.execute("SELECT state FROM jobs").fetchall() == [("done",)] * 2
    keys = [entry["Key"] for entry in s3_bucket.list_objects_v2(Bucket="lobule")["Contents"]]
    assert any(key.endswith("/original") for key in keys)
    assert any(key.endswith(f"/{report_file('en', 'html')}") for key in keys)
    assert not (tmp_path / "lobule.sqlite").exists()
    assert list((tmp_path / "objects").iterdir()) == []
