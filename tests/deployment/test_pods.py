"""A Pod of k8s/ is played for real: its user, read-only root, mounts and secret files fit the image."""

import base64
import os
import shlex
import subprocess
import time
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def podman() -> list[str]:
    engine = shlex.split(os.environ.get("LOBULE_ENGINE", ""))
    if not engine or "podman" not in engine[-1]:
        pytest.skip("no podman: set LOBULE_ENGINE")
    return engine


def run(*command: str | Path, **options) -> str:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=120, **options)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_redis(podman, tmp_path):
    folder = tmp_path / "secrets"
    address = os.environ | {"LOBULE_PUBLIC_URL": "https://localhost"}
    run(REPOSITORY / "k8s" / "draw-secrets", folder, env=address, cwd=REPOSITORY)
    documents = list(yaml.safe_load_all((REPOSITORY / "k8s" / "base" / "redis.yaml").read_text()))
    (deployment,) = [document for document in documents if document["kind"] == "Deployment"]
    values = {path.name: path.read_text() for path in folder.iterdir()}
    documents = [deployment]
    version = tuple(int(part) for part in run(*podman, "--version").split()[-1].split(".")[:2])
    if version > (4, 3):
        data = {name: base64.b64encode(value.encode()).decode() for name, value in values.items()}
        documents.append({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "lobule"}, "data": data})
    else:  # it mounts what it should decode first, so it is given the files as they are
        (tmp_path / "values.yaml").write_text(yaml.safe_dump(values))
        run(*podman, "secret", "create", "lobule", tmp_path / "values.yaml")
    file = tmp_path / "pod.yaml"
    file.write_text(yaml.safe_dump_all(reversed(documents)))
    run(*podman, "kube", "play", file)
    try:
        password = (folder / "redis_password").read_text().strip()
        ping = ("redis-cli", "-a", password, "--no-auth-warning", "ping")
        time.sleep(2)  # it is started, and says nothing of when it listens
        assert run(*podman, "exec", "redis-pod-0-redis", *ping).strip() == "PONG"
    finally:
        run(*podman, "kube", "down", file)
        for kind in ("secret", "volume"):
            subprocess.run([*podman, kind, "rm", "lobule"], capture_output=True)
