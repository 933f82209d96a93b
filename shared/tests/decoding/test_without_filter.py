"""Where the system refuses filters of system calls, images are decoded all the same: log, metric and doctor say so."""

import json
import platform
import subprocess
import sys

import pytest

PRCTL = {"x86_64": 157, "aarch64": 167}
PROGRAM = """
import ctypes, json, struct, sys
from pathlib import Path

# Of prctl, PR_SET_SECCOMP (22) alone fails, as in a container whose runtime filters it.
steps = [(0x20, 0, 0, 0), (0x15, 0, 3, int(sys.argv[1])), (0x20, 0, 0, 16), (0x15, 0, 1, 22),
         (0x06, 0, 0, 0x50000 | 22), (0x06, 0, 0, 0x7FFF0000)]
code = b"".join(struct.pack("HBBI", *step) for step in steps)
kept = ctypes.create_string_buffer(code, len(code))
whole = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(steps), ctypes.addressof(kept)))
prctl = ctypes.CDLL(None).prctl
if json.loads(sys.argv[2]):
    assert prctl(38, 1, 0, 0, 0) == 0 and prctl(22, 2, whole, 0, 0) == 0

from prometheus_client import REGISTRY
from lobule.decoding.decoder import Decoder
from lobule.diagnosis.check import Installation
from lobule.diagnosis.machine import decoder as check

with_tasks = Decoder("decoder_tasks:attempt")
for _ in range(2):
    with_tasks.run("decoder_tasks:attempt", b"", what="connect")
with_tasks.close()
[found] = check(Installation(Path("/"), True, None, "127.0.0.1", 0))
print(json.dumps([REGISTRY.get_sample_value("lobule_decoder_unfiltered"), found.state, found.code]))
"""


@pytest.mark.skipif(platform.machine() not in PRCTL, reason="the filter is not known for this architecture")
@pytest.mark.parametrize(
    ("refused", "expected"),
    [(True, [1.0, "warning", "decoder_unfiltered"]), (False, [0.0, "ok", "decoder_filtered"])],
)
def test_it_is_said(refused, expected):
    command = [sys.executable, "-c", PROGRAM, str(PRCTL[platform.machine()]), json.dumps(refused)]
    path = {"PYTHONPATH": ":".join(filter(None, sys.path)), "PATH": "/usr/bin"}
    done = subprocess.run(command, env=path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    *logged, last = done.stdout.splitlines()
    assert json.loads(last) == expected
    assert sum("decoder_unfiltered" in line for line in logged) == (1 if refused else 0), logged
