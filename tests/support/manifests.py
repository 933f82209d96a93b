"""Reads the manifests of k8s/ as kustomize renders them."""

from pathlib import Path

K8S = Path(__file__).parents[2] / "k8s"
OVERLAYS = ("cpu", "gpu", "dev", "hospital", "everything")
"""`everything` is `cpu` with every component."""
COMPONENTS = ("backup", "dicom", "models", "monitoring", "s3", "site", "tracing")
PODS = ("Deployment", "StatefulSet", "Job", "CronJob")


def of_kind(documents: list[dict], *kinds: str) -> list[dict]:
    """The documents of the given kinds."""
    return [document for document in documents if document["kind"] in kinds]


def template(document: dict) -> dict:
    """The pod template of a document."""
    spec = document["spec"]
    return (spec["jobTemplate"]["spec"] if document["kind"] == "CronJob" else spec)["template"]


def every_container(pod: dict) -> list[dict]:
    """All containers of a pod, including init containers."""
    return [*pod.get("initContainers", []), *pod["containers"]]


def containers(documents: list[dict]) -> list[tuple[str, dict]]:
    """Every container, with the name of its document."""
    found = [
        (f"{document['kind']} {document['metadata']['name']}", container)
        for document in of_kind(documents, *PODS)
        for container in every_container(template(document)["spec"])
    ]
    assert len(found) >= 7
    return found
