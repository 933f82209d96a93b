"""The wheelhouse and the archive of images for machines without internet access."""

import runpy
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "deploy" / "wheelhouse.py"
LOCKED = """async-timeout==5.0.1 ; python_full_version < '3.11.3' \\
    --hash=sha256:0123
numpy==2.4.6 ; python_full_version < '3.12' \\
    --hash=sha256:4567
colorama==0.4.6 ; sys_platform == 'win32' \\
    --hash=sha256:89ab
"""


def test_it_holds_what_another_patch_release_of_python_needs():
    lines = runpy.run_path(str(SCRIPT))["for_every_patch"](LOCKED).splitlines()
    assert lines[0] == "async-timeout==5.0.1 \\"
    assert lines[1:] == LOCKED.splitlines()[1:]


def test_an_incomplete_one_has_no_list_and_says_what_to_do(tmp_path):
    """Such as on a full disk: its list named some packages, and an installation of these looked like one of Lobule."""
    uv, folder = tmp_path / "uv", tmp_path / "wheelhouse"
    uv.write_text('#!/bin/sh\n[ "$1" = export ] || exit 2\nwhile [ $# -gt 1 ]; do shift; done\necho "a==1" >"$1"\n')
    uv.chmod(0o755)
    folder.mkdir()
    (folder / "requirements.txt").write_text("of the one before")
    done = subprocess.run([sys.executable, SCRIPT, uv, folder], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert f"{folder} is incomplete" in done.stderr
    assert (folder / "requirements.txt.incomplete").exists()
    assert not (folder / "requirements.txt").exists()


def test_the_archive_of_images_has_those_of_the_dicom_node(tmp_path):
    """Which is a profile of docker-compose.yml, and left out where none or others are named."""
    compose = tmp_path / "compose"
    compose.write_text('#!/bin/sh\necho "$@" >>compose.log\necho "    image: of:$2"\n')
    engine = tmp_path / "engine"
    engine.write_text('#!/bin/sh\necho "$@" >>engine.log\n')
    for program in (compose, engine):
        program.chmod(0o755)
    shutil.copy(ROOT / "Makefile", tmp_path)
    command = ["make", "image-archive", f"COMPOSE={compose}", f"ENGINE={engine}"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "compose.log").read_text().splitlines() == [
        "--profile dicom build",
        "config",
        "--profile dicom config",
    ]
    assert (tmp_path / "engine.log").read_text().splitlines()[-1].endswith("lobule-images.tar of: of:dicom")
