"""Health, metrics, models, OpenAPI, headers, the database's migrations, and the start."""

import subprocess
import sys

import pytest

from gateway.database import make_engine
from gateway.migrate import migrate
from lobule.contracts.models import WorkerAnnouncement


def test_ready(client):
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {
        "status": "ok",
        "database": True,
        "migrated": True,
        "object_store": True,
        "redis": True,
        "space": True,
    }


def test_without_redis_uploads_are_still_accepted(make_app, picture):
    from fastapi.testclient import TestClient

    with TestClient(make_app(redis_url="unix:///nowhere/redis.sock")) as client:
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()["status"], ready.json()["redis"]) == (200, "degraded", False)
        grant = {"username": "alice", "password": "correct horse battery staple"}
        headers = {"Authorization": f"Bearer {client.post('/api/v1/auth/token', json=grant).json()['access_token']}"}
        form = {"data": {"modality": "histopathology"}, "files": {"file": ("a.png", picture())}}
        accepted = client.post("/api/v1/images", headers=headers, **form)
        assert accepted.status_code == 202
        progress = client.get(f"/api/v1/jobs/{accepted.json()['job']['id']}/progress", headers=headers)
        assert progress.json()["steps"][1]["state"] == "running", "it waits in the queue, and is not lost"


def test_metrics(client, job):
    text = client.get("/metrics").text
    assert 'lobule_jobs{state="queued"} 1.0' in text
    assert 'lobule_queue_depth{queue="histo"} 1.0' in text
    assert 'lobule_queue_depth{queue="mammo"} 0.0' in text


def test_models_name_what_is_missing(client, alice, app):
    app.state.progress_cache.announce(WorkerAnnouncement(worker="w", queue="mammo", modality="mammography"))
    histo, mammo = client.get("/api/v1/models", headers=alice).json()
    assert (histo["modality"], histo["workers"], histo["model"]) == ("histopathology", 0, None)
    assert (mammo["modality"], mammo["workers"], mammo["model"]) == ("mammography", 1, None)


def test_every_page_has_a_strict_policy(client):
    answer = client.get("/login")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert len(answer.headers["x-request-id"]) >= 16
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert "camera=()" in answer.headers["permissions-policy"]


def test_no_cache_keeps_what_the_api_says_without_asking_again(client, alice, upload):
    image = upload().json()["image"]["id"]
    assert client.get(f"/api/v1/images/{image}", headers=alice).headers["cache-control"] == "no-store"
    job = upload().json()["existing_job_id"]
    assert client.get(f"/api/v1/jobs/{job}/progress", headers=alice).headers["cache-control"] == "private, no-cache"
    assert client.get("/api/v1/users/me").headers["cache-control"] == "no-store"


def test_openapi_documents_every_endpoint_and_its_problems(client):
    document = client.get("/api/v1/openapi.json").json()
    assert not [path for path in document["paths"] if path.startswith("/internal")]
    upload = document["paths"]["/api/v1/images"]["post"]
    assert upload["requestBody"]["content"]["multipart/form-data"]["schema"]["required"] == ["modality", "file"]
    assert {"202", "401", "409", "413", "415", "422"} <= set(upload["responses"])
    for path, operations in document["paths"].items():
        for verb, operation in operations.items():
            assert operation.get("description") or operation.get("summary"), f"{verb} {path}"


def test_unknown_paths_and_methods_are_problems(client):
    unknown = client.get("/api/v1/nothing")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    assert client.delete("/api/v1/jobs").json()["code"] == "method_not_allowed"


def test_a_crash_is_a_problem_document_without_a_trace(client, alice, app, monkeypatch, caplog):
    from fastapi.testclient import TestClient
    from prometheus_client import REGISTRY

    monkeypatch.setattr(app.state.progress, "of", lambda *_: 1 / 0)
    quiet = TestClient(app, raise_server_exceptions=False)
    made = client.post(
        "/api/v1/images", headers=alice, data={"modality": "mammography"}, files={"file": ("x.png", _png())}
    ).json()
    labels = {"method": "GET", "route": "/api/v1/jobs/{job_id}/progress", "status": "500"}
    before = REGISTRY.get_sample_value("lobule_request_seconds_count", labels) or 0
    answer = quiet.get(f"/api/v1/jobs/{made['job']['id']}/progress", headers=alice)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "ZeroDivision" not in answer.text
    assert (answer.headers["cache-control"], answer.headers["x-content-type-options"]) == ("no-store", "nosniff")
    request_id = answer.json()["request_id"]
    assert answer.headers["x-request-id"] == request_id
    lines = [record.msg for record in caplog.records if "/progress" in str(record.msg)]
    assert [(line["event"], line["request_id"]) for line in lines] == [
        ("request_crashed", request_id),
        ("request", request_id),
    ]
    assert REGISTRY.get_sample_value("lobule_request_seconds_count", labels) == before + 1


def _png() -> bytes:
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.new("L", (80, 80)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_migrations_lead_down_to_nothing_and_up_again(request, tmp_path, database):
    url = request.getfixturevalue("postgres_url") if database == "postgres" else f"sqlite:///{tmp_path / 'x.sqlite'}"
    migrate(url)
    migrate(url)
    engine = make_engine(url)
    migrate(url, "base")
    with engine.connect() as connection:
        tables = set(engine.dialect.get_table_names(connection))
    assert tables <= {"alembic_version"}
    migrate(url)


def test_the_gateway_imports_quickly_and_without_numerics():
    code = (
        "import sys, time; import gateway.main; "
        "print(time.process_time(), *sorted({'numpy', 'cv2', 'tensorflow'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert out[1:] == [], f"the gateway drags in {out[1:]}"
    assert float(out[0]) < 30, "seconds of computing, not of waiting for a machine that does much else besides"
