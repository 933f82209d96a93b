"""The deployment of hospital IT: it works, is closed where it should be, and loses nothing if parts of it fail."""

import json
import ssl
import time
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest

from lobule.imaging.decode import decode_rgb, encode_png

OWN = ("proxy", "gateway", "histo-worker", "mammo-worker", "report")
SERVICES = (*OWN, "redis", "postgres")


def finish(client, job: str, seconds: float = 240):
    deadline = time.monotonic() + seconds
    for progress in client.follow(job, time.sleep):
        assert time.monotonic() < deadline, progress
    return progress


@pytest.fixture
def large_field(real_field: Path, tmp_path: Path):
    """Makes fields that take a worker seconds: a real one, enlarged, each with different bytes."""
    field = decode_rgb(real_field.read_bytes())

    def make(number: int, factor: int = 5) -> Path:
        large = np.ascontiguousarray(cv2.resize(field, None, fx=factor, fy=factor))
        large[:4, : 8 * (1 + number)] = 0
        path = tmp_path / f"field-{number}.png"
        path.write_bytes(encode_png(large))
        return path

    return make


def test_a_real_field_and_a_real_film_become_reports(deployment, real_field, shared_data):
    film = sorted((shared_data / "mias").rglob("mdb*.jpg"))[0]
    with deployment.client() as client:
        field_job = client.upload(real_field, "histopathology", magnification="100X")
        film_job = client.upload(film, "mammography", view="MLO")
        for job in (field_job, film_job):
            assert finish(client, job).state == "done"
            assert b"<html" in client.report(job, "html")
            assert client.report(job, "png").startswith(b"\x89PNG")


@pytest.mark.parametrize("service", SERVICES)
def test_healthy_by_its_own_check(deployment, service):
    container = deployment.container(service)
    if "podman" in " ".join(deployment.engine):
        deployment.run_engine("healthcheck", "run", container)  # without systemd there is no timer, so it is run here
    else:
        state = deployment.run_engine("inspect", "--format", "{{.State.Health.Status}}", container)
        assert state.strip() in ("healthy", "starting")


def test_only_the_proxy_has_a_port(deployment):
    published = {}
    for service in SERVICES:
        (inspected,) = json.loads(deployment.run_engine("inspect", deployment.container(service)))
        bindings = inspected["HostConfig"]["PortBindings"] or {}
        published[service] = sorted(port for port, hosts in bindings.items() if hosts)
    assert published.pop("proxy") == ["8443/tcp"]
    assert set(map(tuple, published.values())) == {()}


def test_what_is_internal_cannot_be_asked_from_outside(deployment):
    context = ssl.create_default_context(cafile=deployment.secrets / "tls_certificate")
    token = (deployment.secrets / "internal_token").read_text().strip()
    with httpx.Client(base_url=deployment.url, verify=context) as anyone:
        assert anyone.get("/metrics").status_code == 404
        claim = anyone.post(
            "/internal/v1/jobs/x/steps/inference/claim",
            json={"worker": "x"},
            headers={"Authorization": f"Bearer {token}"},
        )
        assert claim.status_code == 404
        assert "strict-transport-security" in anyone.get("/login").headers


REACH = """
import socket
socket.setdefaulttimeout(4)
for host, port in {targets}:
    try:
        socket.create_connection((host, port)).close()
        print(host, "reached")
    except OSError:
        print(host, "closed")
"""


@pytest.mark.parametrize("service", ["histo-worker", "mammo-worker", "report"])
def test_workers_reach_neither_internet_nor_database(deployment, service):
    program = REACH.format(targets=[("1.1.1.1", 443), ("postgres", 5432), ("redis", 6379), ("gateway", 8001)])
    seen = dict(line.split() for line in deployment.python(service, program).splitlines())
    assert seen == {"1.1.1.1": "closed", "postgres": "closed", "redis": "reached", "gateway": "reached"}


@pytest.mark.parametrize("service", OWN)
def test_no_root_and_nothing_to_write_on(deployment, service):
    program = (
        "import os, pathlib\n"
        "print(os.getuid())\n"
        "try: pathlib.Path('/opt/x').touch(); print('written')\n"
        "except OSError as error: print(error.errno)"
    )
    user, write = deployment.python(service, program).split()
    assert user == "10001"
    assert int(write) in (13, 30)  # not permitted, or a read-only file system


def test_every_service_tells_prometheus(deployment):
    read = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:{port}/metrics').read().decode())"
    gateway = deployment.python("gateway", read.format(port=8001))
    for name in ("lobule_queue_age_seconds", "lobule_jobs", "lobule_workers_by_model", "lobule_request_seconds"):
        assert name in gateway
    for service in ("histo-worker", "mammo-worker", "report"):
        text = deployment.python(service, read.format(port=9100))
        assert "process_resident_memory_bytes" in text
        assert "lobule_step_seconds_bucket" in text
        assert ("lobule_model_info{" in text) == (service != "report")


def test_figures(deployment, capsys):
    """The figures of docs/deployment.md; the limits are those that the images promise."""
    sizes = {}
    for service in OWN:
        (inspected,) = json.loads(deployment.run_engine("inspect", deployment.container(service)))
        (image,) = json.loads(deployment.run_engine("image", "inspect", inspected["Image"]))
        sizes[service] = image["Size"] / 1e6
    with capsys.disabled():
        print("\nimages, MB:", {service: round(size) for service, size in sizes.items()})
        print("seconds until ready:", {what: round(s, 1) for what, s in deployment.seconds_to_ready.items()})
        print(deployment.memory())
    assert sizes["gateway"] < 250
    assert sizes["report"] < 280  # the library for decryption takes 13 MB


def test_a_worker_is_killed_in_the_middle(deployment, large_field):
    with deployment.client() as client:
        job = client.upload(large_field(1), "histopathology")
        deadline = time.monotonic() + 60
        while client.progress(job).steps[2].state != "running":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        worker = deployment.container("histo-worker")
        deployment.run_engine("kill", worker)
        assert client.progress(job).state == "running"
        deployment.run_engine("start", worker)
        assert finish(client, job).state == "done"
        assert client.result(job).image.height == 2300


def test_redis_is_restarted_and_forgets_everything(deployment, large_field):
    with deployment.client() as client:
        jobs = [client.upload(large_field(10 + n, 2), "histopathology") for n in range(6)]
        deployment.run_engine("restart", "-t", "2", deployment.container("redis"))
        jobs += [client.upload(large_field(20 + n, 2), "histopathology") for n in range(2)]
        assert [finish(client, job).state for job in jobs] == ["done"] * 8
