"""The profile `pacs`: an Orthanc that a modality can reach, with only our settings."""

import os
import shutil
import socket
import subprocess
import time

import pytest

DEFAULT = "docker.io/orthancteam/orthanc:24.12.0"


@pytest.fixture
def orthanc(deployment):
    """Start it on a separate port if its image exists (`LOBULE_ORTHANC_IMAGE` names another)."""
    image = os.environ.get("LOBULE_ORTHANC_IMAGE", DEFAULT)
    if subprocess.run([*deployment.engine, "image", "inspect", image], capture_output=True).returncode:
        pytest.skip(f"there is no image {image}; set LOBULE_ORTHANC_IMAGE to one that is there")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    deployment.environment["LOBULE_ORTHANC_PORT"] = str(port)
    deployment.run_compose("--profile", "pacs", "up", "-d", "--no-deps", "orthanc")
    yield port
    deployment.run_engine("rm", "-f", deployment.container("orthanc"))


def test_it_answers_a_modality(orthanc):
    echo = shutil.which("echoscu")
    if echo is None:
        pytest.skip("there is no echoscu (apt-get install dcmtk)")
    deadline = time.monotonic() + 60
    while subprocess.run([echo, "-aec", "LOBULE", "127.0.0.1", str(orthanc)], capture_output=True).returncode:
        assert time.monotonic() < deadline, "Orthanc does not answer"
        time.sleep(1)
