"""House rules that no linter checks."""

import re
import statistics
import subprocess
from pathlib import Path

import pytest

from lobule import __version__

REPOSITORY = Path(__file__).parent.parent
MAX_LINES = 300
MAX_MEDIAN_LINES = 90
MAX_TEST_LINES = 300
MAX_WEIGHT_BYTES = 60_000_000
WEIGHTS = (".npz", ".h5", ".keras", ".tflite", ".onnx")


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    """The files that git tracks, and those that it would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [REPOSITORY / name for name in listed.stdout.splitlines() if (REPOSITORY / name).is_file()]


def lines_of(tracked: list[Path], suffix: str, tests: bool) -> dict[str, int]:
    """The lengths of modules; empty ones, such as most `__init__.py`, are left out."""
    modules = [path for path in tracked if path.suffix == suffix and ("tests" in path.parts) == tests]
    lines = {str(path.relative_to(REPOSITORY)): len(path.read_text("utf-8").splitlines()) for path in modules}
    return {name: count for name, count in lines.items() if count}


@pytest.mark.parametrize("suffix", [".py", ".js", ".css"])
def test_modules_are_short(tracked, suffix):
    lines = lines_of(tracked, suffix, tests=False)
    median = statistics.median(lines.values())
    print(f"{suffix}: {len(lines)} modules, the median has {median} lines, the longest {max(lines.values())}")
    assert {name: count for name, count in lines.items() if count > MAX_LINES} == {}
    assert median <= MAX_MEDIAN_LINES


def test_tests_are_split_by_subject(tracked):
    lines = lines_of(tracked, ".py", tests=True)
    assert {name: count for name, count in lines.items() if count > MAX_TEST_LINES} == {}


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


def test_every_benchmark_is_listed(tracked):
    listed = (REPOSITORY / "bench" / "README.md").read_text("utf-8")
    files = [path.name for path in tracked if path.parent == REPOSITORY / "bench" and path.suffix in (".py", ".js")]
    assert [name for name in files if f"`{name}`" not in listed] == []


def test_deployment_names_the_one_version(tracked):
    """Images, compose and manifests cannot read `lobule.__version__`, so they repeat it."""
    deployment = [
        p for p in tracked if p.name in ("Dockerfile", "docker-compose.yml") or REPOSITORY / "k8s" in p.parents
    ]
    named = re.compile(r"(?:(?<!UV_)VERSION(?:=|:-)|newTag: |lobule/[a-z-]+:)(\d+\.\d+\.\d+)")
    found = {(str(path), version) for path in deployment for version in named.findall(path.read_text("utf-8"))}
    assert len(found) > 6
    assert {(path, version) for path, version in found if version != __version__} == set()
