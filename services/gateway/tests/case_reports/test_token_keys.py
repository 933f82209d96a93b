"""Runs the cases of `token_key_cases.py` in a process of their own.

SoftHSM crashes where libraries of other tests, such as TensorFlow's, were loaded before it. The gateway loads none of
them.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")


@pytest.mark.skipif(shutil.which("softhsm2-util") is None or not MODULE.exists(), reason="softhsm2 is not installed")
def test_keys_in_a_token():
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        Path(__file__).with_name("token_key_cases.py"),
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=Path(__file__).parents[4])
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert " passed" in done.stdout
