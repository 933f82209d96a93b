"""A Prometheus scrapes the containers: each answers, and every metric of alerts and dashboard arrives."""

import json
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import httpx
import pytest
import yaml

MONITORING = Path(__file__).parents[2] / "k8s" / "monitoring"
FROM_FIRST_EVENT = {"lobule_step_failures_total", "lobule_backup_timestamp_seconds"}
OF_WHAT_IS_NOT_HERE = (
    "lobule_gpu_",
    "lobule_dicom_",
    "lobule_memory_",
    "lobule_token_end_",
    "lobule_pdf_certificate_end_",
)
"""Metrics of a graphics card, of the profile `dicom`, of limits that an engine can leave unset, of API tokens that end,
and of a certificate for PDF reports."""


def asked() -> set[str]:
    """Names in the expressions of alerts and dashboard."""
    rules = yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"][0]["rules"]
    panels = json.loads((MONITORING / "grafana" / "dashboards" / "lobule.json").read_text())["panels"]
    queries = [rule["expr"] for rule in rules] + [target["expr"] for panel in panels for target in panel["targets"]]
    return set(re.findall(r"\b(lobule_[a-z_]+|process_[a-z_]+)\b", " ".join(queries)))


def address(deployment, service: str, port: int) -> str:
    (inspected,) = json.loads(deployment.run_engine("inspect", deployment.container(service)))
    networks = inspected["NetworkSettings"]["Networks"]
    (work,) = [network for name, network in networks.items() if name.endswith("work")]
    return f"{work['IPAddress']}:{port}"


@pytest.fixture
def prometheus(deployment, tmp_path):
    """Our configuration with other addresses, because only the containers' own name server knows the original ones."""
    if shutil.which("prometheus") is None:
        pytest.skip("no Prometheus: install Debian's package prometheus")
    configuration = yaml.safe_load((MONITORING / "prometheus.yml").read_text())
    configuration["global"] = {"scrape_interval": "2s", "evaluation_interval": "2s"}
    for job in configuration["scrape_configs"]:
        (found,) = job.pop("dns_sd_configs")
        here = [name for name in found["names"] if deployment.containers(name)]  # not those of other profiles
        job["static_configs"] = [{"targets": [address(deployment, name, found["port"]) for name in here]}]
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(configuration))
    shutil.copy(MONITORING / "alerts.yml", tmp_path)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        "prometheus",
        f"--config.file={tmp_path / 'prometheus.yml'}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        yield httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=10)
        process.terminate()
        process.wait(20)


def test_every_service_is_scraped_and_nothing_asked_for_is_missing(deployment, prometheus, shared_data):
    with deployment.client() as client:
        job = client.upload(sorted((shared_data / "mias").rglob("mdb*.jpg"))[5], "mammography")
        *_, last = client.follow(job, time.sleep)  # so that both kinds of step have run once
        assert last.state == "done"
    missing: set[str] = set()
    targets: dict[str, str] = {}
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        time.sleep(2)
        try:
            active = prometheus.get("/targets").json()["data"]["activeTargets"]
            names = set(prometheus.get("/label/__name__/values").json()["data"])
        except httpx.TransportError:  # it is still starting
            continue
        targets = {target["scrapeUrl"]: target["health"] + target["lastError"] for target in active}
        missing = {name for name in asked() - names - FROM_FIRST_EVENT if not name.startswith(OF_WHAT_IS_NOT_HERE)}
        if len(targets) == 4 and set(targets.values()) == {"up"} and not missing:
            break
    assert len(targets) == 4
    assert set(targets.values()) == {"up"}, targets
    assert missing == set()
    rules = [rule for group in prometheus.get("/rules").json()["data"]["groups"] for rule in group["rules"]]
    assert len(rules) >= 9
    assert {rule["health"] for rule in rules} == {"ok"}
