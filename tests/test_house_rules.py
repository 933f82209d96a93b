"""Rules of the house that no linter knows."""

import re
import subprocess
from pathlib import Path

import pytest

from lobule import __version__

REPOSITORY = Path(__file__).parent.parent
MAX_LINES = 400
MAX_WEIGHT_BYTES = 60_000_000
WEIGHTS = (".npz", ".h5", ".keras", ".tflite", ".onnx")


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    """The files that git knows, and those that it would take."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [REPOSITORY / name for name in listed.stdout.splitlines() if (REPOSITORY / name).is_file()]


def test_no_module_is_too_long(tracked):
    sources = [path for path in tracked if path.suffix in (".py", ".js", ".css") and "tests" not in path.parts]
    assert len(sources) > 50
    long = {str(path): n for path in sources if (n := len(path.read_text("utf-8").splitlines())) > MAX_LINES + 20}
    assert long == {}


def test_weights_stay_small(tracked):
    weights = [path for path in tracked if path.suffix in WEIGHTS]
    assert weights, "a trained model is part of the product"
    assert sum(path.stat().st_size for path in weights) < MAX_WEIGHT_BYTES


def test_every_model_package_can_be_opened(tracked):
    from lobule.model_package import open_package

    folders = [path.parent for path in tracked if path.name == "model.json"]
    assert folders
    for folder in folders:
        package = open_package(folder)
        assert package.manifest.metrics, f"{folder.name} does not say how good it is"
        assert package.manifest.licence
        assert package.manifest.trained_on.split()[0] in package.card, "the card names the data"


def test_deployment_names_the_one_version(tracked):
    """Images, compose and manifests cannot read `lobule.__version__`; they repeat it."""
    deployment = [
        p for p in tracked if p.name in ("Dockerfile", "docker-compose.yml") or REPOSITORY / "k8s" in p.parents
    ]
    named = re.compile(r"(?:(?<!UV_)VERSION(?:=|:-)|newTag: |lobule/[a-z-]+:)(\d+\.\d+\.\d+)")
    found = {(str(path), version) for path in deployment for version in named.findall(path.read_text("utf-8"))}
    assert len(found) > 10
    assert {(path, version) for path, version in found if version != __version__} == set()
