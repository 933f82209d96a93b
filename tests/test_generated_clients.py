"""Clients that are generated from the OpenAPI document are fully typed, and can run a complete program."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import httpx
import pytest

from lobule.contracts.result import Assessment
from lobule.launcher.system import DEMO

REPOSITORY = Path(__file__).parents[1]
WALKS = Path(__file__).parent / "generated_clients"
TYPES = REPOSITORY / "var" / "types"
TSC = REPOSITORY / "node_modules" / ".bin" / "tsc"
STRICT = ("--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess", "--types", "node")
LEFT_OUT = {
    "Unsupported content type multipart/related",  # DICOMweb has its own clients
    *(f"WARNING parsing POST /dicom-web/studies{of} within dicomweb." for of in ("", "/{study_uid}")),
}
"""Warnings about operations that the generator does not support and leaves out."""


def run(*command: str | Path, **options) -> str:
    """The output of a command, which must succeed."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=240, **options)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def document(system, tmp_path_factory):
    path = tmp_path_factory.mktemp("api") / "openapi.json"
    path.write_bytes(httpx.get(f"{system.url}/api/v1/openapi.json", timeout=60).raise_for_status().content)
    return path


@pytest.fixture(scope="module")
def environment():
    """The tools of this environment come first, as in an activated one."""
    return os.environ | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}


def test_a_python_client_is_strict_and_walks(system, password, real_field, document, environment, tmp_path):
    target = tmp_path / "lobule_api"
    said = run(
        *(sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none", "--path", document),
        *("--output-path", target, "--config", WALKS / "config.yml"),
        env=environment,
    )
    problems = [line for line in said.splitlines() if line.startswith(("WARNING", "Unsupported", "Cannot"))]
    assert [line for line in problems if not any(line.startswith(each) for each in LEFT_OUT)] == []
    shutil.copy(WALKS / "walk.py", tmp_path)
    settings = {"include": ["walk.py"], "typeCheckingMode": "strict"}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    run("pyright", "--project", tmp_path, "--pythonpath", sys.executable, env=environment)
    printed = run(sys.executable, tmp_path / "walk.py", system.url, DEMO, password, real_field)
    assert printed.strip() in get_args(Assessment)


def test_a_typescript_client_is_strict_and_walks(system, password, real_field, document, environment):
    if not TSC.exists():
        pytest.skip("no packages of npm: run `make node-modules`")
    generated = TYPES / "api.d.ts"  # the import map of package.json names it
    run(REPOSITORY / "node_modules" / ".bin" / "openapi-typescript", document, "--output", generated, env=environment)
    options = ("--noEmit", "--module", "nodenext", "--target", "es2022")
    run(TSC, *options, *STRICT, WALKS / "walk.ts", cwd=REPOSITORY, env=environment)
    arguments = (WALKS / "walk.ts", system.url, DEMO, password, real_field)
    printed = run("node", "--experimental-strip-types", *arguments, cwd=REPOSITORY, env=environment)
    assert printed.strip() in get_args(Assessment)
