"""Runs Pods of the overlay `dev`: users, read-only roots, mounts, secret files and arguments must match the image.

Redis, PostgreSQL and a gateway, which migrates first, start in the order of Kubernetes; then a worker and the DICOM
node.
"""

import base64
import json
import os
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
K8S = REPOSITORY / "k8s"
VOLUMES = {"objects": 10001, "models": 10001, "data-postgres": 999, "data-dicom": 10001}
"""Claims, and the group that can write to them."""


@dataclass
class Podman:
    """An engine that plays documents of Kubernetes, and the documents it played."""

    command: list[str]
    folder: Path
    documents: list[dict]
    addresses: dict[str, str] = field(default_factory=dict)
    played: list[Path] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)

    def run(self, *arguments: str | Path, check: bool = True) -> str:
        """Run podman."""
        done = subprocess.run([*self.command, *map(str, arguments)], capture_output=True, text=True, timeout=180)
        assert not check or done.returncode == 0, f"{arguments}\n{done.stdout[-1000:]}\n{done.stderr[-2000:]}"
        return done.stdout

    def works(self, *arguments: str) -> bool:
        """Whether podman succeeds."""
        return subprocess.run([*self.command, *arguments], capture_output=True, timeout=60).returncode == 0

    def document(self, kind: str, name: str) -> dict:
        """A document of the overlay."""
        (found,) = [each for each in self.documents if (each["kind"], each["metadata"]["name"]) == (kind, name)]
        return found

    def play(self, kind: str, name: str) -> str:
        """Play the Pod of a document; returns the name of its container.

        Its init containers are played as separate Pods before it, because podman 4.3 removes them before they have
        ended.
        """
        document = self.document(kind, name)
        template = document["spec"]["template"]
        first = template["spec"].pop("initContainers", [])
        for container in first:
            alone = template | {"spec": template["spec"] | {"containers": [container], "restartPolicy": "Never"}}
            ended = self._play_pod(f"{name}-{container['name']}", document, alone)
            until(lambda ended=ended: self._state(ended) == "exited", f"{container['name']} does not end")
            assert self.run("inspect", "--format", "{{.State.ExitCode}}", ended).strip() == "0", self.run("logs", ended)
        return self._play_pod(name, document, template)

    def _state(self, container: str) -> str:
        return self.run("inspect", "--format", "{{.State.Status}}", container).strip()

    def _play_pod(self, name: str, document: dict, template: dict) -> str:
        claims = document["spec"].get("volumeClaimTemplates", [])
        volumes = [
            {"name": claim, "persistentVolumeClaim": {"claimName": f"{claim}-{name}"}}
            for claim in (each["metadata"]["name"] for each in claims)
        ]
        volumes += [self._with_owner(name, volume, template["spec"]) for volume in template["spec"]["volumes"]]
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"lobule-test-{name}", "labels": template["metadata"]["labels"]},
            "spec": template["spec"]
            | {
                "volumes": volumes,
                # names that the cluster's name server would resolve
                "hostAliases": [{"ip": ip, "hostnames": [host]} for host, ip in self.addresses.items()],
            },
        }
        [settings] = [each for each in self.documents if each["kind"] == "ConfigMap"]
        settings["metadata"].pop("namespace", None)  # podman does not support namespaces
        path = self.folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump_all([settings, pod]))
        self.played.append(path)
        self.run("kube", "play", path)
        (container,) = template["spec"]["containers"]
        return f"lobule-test-{name}-{container['name']}"

    def _with_owner(self, name: str, volume: dict, spec: dict) -> dict:
        """An empty folder that belongs to the Pod's group, as with `fsGroup`; podman would give it the image's owner.

        The folder of an optional missing secret is also such a folder, because podman 4.3 refuses one.
        """
        if "emptyDir" not in volume and not volume.get("secret", {}).get("optional"):
            return volume
        claim = f"lobule-test-{name}-{volume['name']}"
        self.create_volume(claim, spec["securityContext"]["fsGroup"])
        return {"name": volume["name"], "persistentVolumeClaim": {"claimName": claim}}

    def create_volume(self, name: str, owner: int) -> None:
        """Create a volume that this user can write to."""
        self.run("volume", "create", "--opt", f"o=uid={owner},gid={owner}", name)
        self.volumes.append(name)

    def add_secret(self, name: str, values: Mapping[str, str]) -> None:
        """Create a Secret of these files."""
        version = tuple(int(part) for part in self.run("--version").split()[-1].split(".")[:2])
        document = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}}
        path = self.folder / f"{name}-secret.yaml"
        self.secrets.append(name)
        if version > (4, 3):
            encoded = {file: base64.b64encode(value.encode()).decode() for file, value in values.items()}
            path.write_text(yaml.safe_dump(document | {"data": encoded}))
            self.run("kube", "play", path)
        else:  # it mounts encoded values without decoding them, so it gets the files unchanged
            path.write_text(yaml.safe_dump(document | {"data": dict(values)}))
            self.run("secret", "create", name, path)

    def address(self, name: str) -> str:
        """The address of a Pod in the engine's network."""
        infra = json.loads(self.run("pod", "inspect", f"lobule-test-{name}"))["InfraContainerID"]
        (inspected,) = json.loads(self.run("inspect", infra))
        networks = inspected["NetworkSettings"]["Networks"]
        return next(iter(networks.values()))["IPAddress"]


def dicom_node(documents: list[dict]) -> dict:
    """The StatefulSet of the DICOM node in an overlay that contains it, with the image that was built here."""
    (found,) = [each for each in documents if (each["kind"], each["metadata"]["name"]) == ("StatefulSet", "dicom")]
    (container,) = found["spec"]["template"]["spec"]["containers"]
    container["image"] = "localhost/lobule/dicom:0.1.0"
    del container["ports"]  # podman 4.3 opens them on the host, where the report worker has the same
    return found


@pytest.fixture
def podman(tmp_path: Path, render: Callable[[str], list[dict]]) -> Iterator[Podman]:
    command = shlex.split(os.environ.get("LOBULE_ENGINE", ""))
    if not command or "podman" not in command[-1]:
        pytest.skip("no podman: set LOBULE_ENGINE")
    engine = Podman(command, tmp_path, [*render("dev"), dicom_node(render("hospital"))])
    for volume, user in VOLUMES.items():
        engine.create_volume(volume, user)
    yield engine
    for path in reversed(engine.played):
        engine.run("kube", "down", path, check=False)
    for secret in engine.secrets:
        engine.run("secret", "rm", secret, check=False)
    for volume in (*engine.secrets, *engine.volumes):
        engine.run("volume", "rm", volume, check=False)


_ECHO = """
from pynetdicom import AE

node = AE("PACS")
node.add_requested_context("1.2.840.10008.1.1")
print(node.associate("127.0.0.1", 11112, ae_title="LOBULE").send_c_echo().Status)
"""


@pytest.fixture
def secrets(podman: Podman, tmp_path: Path) -> dict[str, str]:
    """The files of `k8s/draw-secrets` as the Secret of the Pods."""
    folder = tmp_path / "secrets"
    address = os.environ | {"LOBULE_PUBLIC_URL": "https://localhost"}
    drawn = subprocess.run([K8S / "draw-secrets", folder], env=address, cwd=REPOSITORY, capture_output=True, text=True)
    assert drawn.returncode == 0, drawn.stderr
    values = {path.name: path.read_text() for path in folder.iterdir()}
    podman.add_secret("lobule", values)
    # The node's token comes from an account at the gateway. Without it, the node receives objects and keeps them.
    podman.add_secret("lobule-dicom", {"api_token": "lobule_" + "0" * 43})
    return values


def until(works: Callable[[], bool], what: str, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not works():
        assert time.monotonic() < deadline, what
        time.sleep(1)


def test_pods_work_together(podman, secrets):
    redis = podman.play("Deployment", "redis")
    ping = ("exec", redis, "redis-cli", "-a", secrets["redis_password"].strip(), "--no-auth-warning", "ping")
    until(lambda: podman.run(*ping, check=False).strip() == "PONG", "Redis does not answer")
    podman.addresses["redis"] = podman.address("redis")

    postgres = podman.play("StatefulSet", "postgres")
    answers = ("exec", postgres, "pg_isready", "-U", "lobule", "-h", "127.0.0.1")
    until(lambda: podman.works(*answers), "PostgreSQL does not answer")
    podman.addresses["postgres"] = podman.address("postgres")

    gateway = podman.play("Deployment", "gateway")
    probe = ("exec", gateway, "python", "-m", "lobule.probe", "http://127.0.0.1:8001/readyz")
    until(lambda: podman.works(*probe), "the gateway is not ready")
    user = ("exec", gateway, "python", "-c", "import os; print(os.getuid())")
    assert podman.run(*user).strip() == "10001"
    podman.addresses["gateway-internal"] = podman.address("gateway")

    report = podman.play("Deployment", "report")
    probe = ("exec", report, "python", "-m", "lobule.probe", "http://127.0.0.1:9100/readyz")
    until(lambda: podman.works(*probe), "the report worker is not ready")
    podman.addresses["gateway"] = podman.addresses["gateway-internal"]

    dicom = podman.play("StatefulSet", "dicom")
    probe = ("exec", dicom, "python", "-m", "lobule.probe", "http://127.0.0.1:9100/readyz")
    until(lambda: podman.works(*probe), "the DICOM node is not ready")
    assert podman.run("exec", dicom, "python", "-c", _ECHO).strip() == "0"
