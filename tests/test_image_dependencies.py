"""The entry points of an image can be imported with only its declared dependencies."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
DOCKERFILE = (REPOSITORY / "Dockerfile").read_text("utf-8")
IMAGES = {  # target of the Dockerfile: modules that its processes import at the start
    "cli": ["lobule.cli.main"],
    "gateway": ["lobule.cli.main", "gateway.serving", "gateway.migrate", "lobule.probe"],
    "report": ["report.worker", "lobule.probe"],
    "dicom": ["dicom_node.__main__", "dicom_node.results.maker", "lobule.probe"],
    "histo-worker": ["histo_worker.worker", "histo_worker.cli", "lobule.probe"],
    "mammo-worker": ["mammo_worker.worker", "mammo_worker.cli", "lobule.probe"],
}
IMPORT = """
import importlib, importlib.metadata as metadata, json, re, sys
installed, modules = json.loads(sys.argv[1]), sys.argv[2:]
name = lambda distribution: re.sub(r"[-_.]+", "-", distribution).lower()
provided = metadata.packages_distributions()

class Missing:
    def find_spec(self, module, path=None, target=None):
        owners = provided.get(module.partition(".")[0])
        if owners and not any(name(owner) in installed for owner in owners):
            raise ModuleNotFoundError(f"{module} is not installed in this image", name=module)

sys.meta_path.insert(0, Missing())
all_of = metadata.entry_points
metadata.entry_points = lambda **wanted: [e for e in all_of(**wanted) if name(e.dist.name) in installed]
for module in modules:
    importlib.import_module(module)
if "lobule.cli.main" in modules:
    from typer.main import get_command
    get_command(sys.modules["lobule.cli.main"].build()).list_commands(None)  # loads each
"""


def stage(name: str) -> str:
    """The instructions of a stage of the Dockerfile."""
    found = re.search(rf"^FROM \S+ AS {name}\n(.*?)(?=^FROM |\Z)", DOCKERFILE, re.DOTALL | re.MULTILINE)
    assert found, f"the Dockerfile has no stage {name}"
    return found[1]


def installed_in(image: str) -> set[str]:
    """The distributions that an image installs, from its `uv sync` line and the lock."""
    packages = {package["name"]: package for package in tomllib.loads((REPOSITORY / "uv.lock").read_text())["package"]}
    line = re.search(r"uv sync .*--no-install-workspace.*", stage(f"{image}-packages"))
    assert line, f"{image} installs nothing"
    wanted = re.sub(r"\$\(.*?\)", "", line[0])  # an extra that only one variant of the image has
    [root] = re.findall(r"--package (\S+)", wanted)
    found: set[str] = set()
    to_do = [(root, frozenset(re.findall(r"--extra (\S+)", wanted)))]
    seen = set()
    while to_do:
        name, extras = to_do.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        found.add(name)
        package = packages[name]
        needed = list(package.get("dependencies", []))
        for extra in extras:
            needed += package.get("optional-dependencies", {}).get(extra, [])
        to_do += [(need["name"], frozenset(need.get("extra", []))) for need in needed]
    return found


@pytest.mark.parametrize("image", IMAGES)
def test_everything_that_an_image_imports_is_installed_in_it(image):
    installed = json.dumps(sorted(installed_in(image)))
    done = subprocess.run(
        [sys.executable, "-c", IMPORT, installed, *IMAGES[image]], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_every_image_is_tested():
    assert set(re.findall(r"^FROM \S+ AS (\S+)-packages$", DOCKERFILE, re.MULTILINE)) == set(IMAGES)
    assert {path.parent.name for path in REPOSITORY.glob("services/*/pyproject.toml")} == set(IMAGES) - {"cli"}


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_is_made_of_its_own_packages_and_code(image):
    """A stage is easily copied and changed without being read."""
    assert {source.rpartition("-")[0] for source in re.findall(r"--from=(\S+)", stage(image))} == {image}
    assert f"FROM {image}-packages AS {image}-code" in DOCKERFILE


def test_the_check_would_find_what_is_missing():
    """As in the command line's image, which once lacked the packages of its extra `cli`."""
    installed = installed_in("cli") - {"typer"}
    command = [sys.executable, "-c", IMPORT, json.dumps(sorted(installed)), *IMAGES["cli"]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert "typer is not installed in this image" in done.stderr
